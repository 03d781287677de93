"""REST: verifying bots, verifying and testing channels, and sending messages through them."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.parsers import FormParser, JsonParser, MultiPartParser
from accounts.permissions import Capability
from channels_app.api import bots as bots_api
from channels_app.api import channels as channels_api
from channels_app.models import Bot, NotificationChannel
from deliveries import health, probe
from deliveries.api.bodies import Body, OwnSerializer, identity_of_files
from deliveries.api.calls import DeliverySerializer
from deliveries.api.once import IDEMPOTENCY_KEY, accepted_once
from deliveries.api.probes import ProbeSerializer, probed
from deliveries.api.schemas import EXAMPLES, FormSerializer, MessageSerializer
from deliveries.drafts import Draft, DraftRefused, draft
from deliveries.kinds import KINDS
from deliveries.messages import Address, circumstances, send_message
from deliveries.models import Delivery, Probe, SentMessage


class BotViewSet(bots_api.BotViewSet):
    """Telegram bots. Tokens are stored encrypted and never shown."""

    capabilities: ClassVar[dict[str, Capability]] = {"verify": Capability.RESPOND}

    def saved(self, bot: Bot) -> None:
        """Check it."""
        probe.request_probe(Probe.Kind.BOT, bot, None, self.actor)

    @extend_schema(
        summary="Check a bot",
        description="Asks Telegram (getMe). 202 with the check; read its `url` for the verdict.",
        request=None,
        parameters=[IDEMPOTENCY_KEY],
        responses={202: ProbeSerializer},
    )
    @action(detail=True, methods=["post"])
    def verify(self, request: Request, pk: str) -> Response:
        """Start a check."""
        self.no_body()
        return probed(self, Probe.Kind.BOT, self.get_object(), None)


class ChannelViewSet(channels_api.ChannelViewSet):
    """A bot plus a chat (and topic), with format and sound policy."""

    capabilities: ClassVar[dict[str, Capability]] = {
        "verify": Capability.RESPOND,
        "test": Capability.RESPOND,
        "messages": Capability.RESPOND,
    }

    def saved(self, channel: NotificationChannel) -> None:
        """Check it."""
        probe.request_probe(Probe.Kind.CHANNEL, channel.chat.bot, channel, self.actor)

    def switch(self, channel: NotificationChannel, enabled: bool) -> None:
        """Park or free what waits for it."""
        if enabled:
            health.enable(self.actor, channel)
        else:
            health.switch_off(self.actor, channel)

    @extend_schema(
        summary="Check a channel",
        description="Asks Telegram whether the bot may write there, send photos and documents. "
        "202 with the check; read its `url` for the verdict.",
        request=None,
        parameters=[IDEMPOTENCY_KEY],
        responses={202: ProbeSerializer},
    )
    @action(detail=True, methods=["post"])
    def verify(self, request: Request, pk: str) -> Response:
        """Start a check."""
        return self._probe(Probe.Kind.CHANNEL)

    @extend_schema(
        summary="Send a test message",
        description="A real message on the real way. 202 with the test; read its `url` for "
        "Telegram's verdict, which is there within 10 s.",
        request=None,
        parameters=[IDEMPOTENCY_KEY],
        responses={202: ProbeSerializer},
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Start a test."""
        return self._probe(Probe.Kind.TEST)

    def _probe(self, kind: Probe.Kind) -> Response:
        self.no_body()
        channel = self.get_object()
        return probed(self, kind, channel.chat.bot, channel)

    @extend_schema(
        summary="Send a message",
        description="Everything that a bot can send: `kind` says what, and the other fields are "
        "the Bot API's parameters, by their names. A file is a part of multipart, a URL, or the "
        "file_id that a former message of this bot had. 202 with the delivery: its `url` tells "
        "what Telegram said, and takes changes.",
        request={
            "application/json": MessageSerializer,
            "multipart/form-data": FormSerializer,
            "application/x-www-form-urlencoded": FormSerializer,
        },
        parameters=[IDEMPOTENCY_KEY],
        responses={202: DeliverySerializer},
        examples=[
            OpenApiExample(name, value, request_only=True) for name, value in EXAMPLES.items()
        ],
    )
    @action(detail=True, methods=["post"], parser_classes=[JsonParser, MultiPartParser, FormParser])
    def messages(self, request: Request, pk: str) -> Response:
        """Put a message in the outbox."""
        channel = self.get_object()
        body = Body(request.data, KINDS, default="text")
        address = self._address(channel, body)
        try:
            message = draft(body.kind, body.params, body.uploads, circumstances(channel))
        except DraftRefused as refusal:
            body.refuse(refusal)

        def work() -> dict[str, Any]:
            delivery = send_message(channel, message, address)
            return dict(DeliverySerializer(delivery, context=self.get_serializer_context()).data)

        return accepted_once(self, "messages", _identity(channel, message, body.own), work)

    def _address(self, channel: NotificationChannel, body: Body) -> Address:
        own = OwnSerializer(data=body.own)
        own.is_valid(raise_exception=True)
        values = {name: value for name, value in own.validated_data.items() if name != "kind"}
        return Address(**{**values, "reply_to": self._replied(channel, values["reply_to"])})

    def _replied(self, channel: NotificationChannel, delivery_id: Any) -> SentMessage | None:
        """The message that this delivery sent. A foreign one doesn't exist."""
        if delivery_id is None:
            return None
        found = Delivery.objects.for_organization(self.organization).select_related("target")
        delivery = found.filter(pk=delivery_id, purpose=Delivery.Purpose.MESSAGE).first()
        words = ""
        if delivery is None or delivery.target is None:
            words = f"There is no message sent by delivery {delivery_id} in your organization."
        elif delivery.target.chat_id != channel.chat_id:
            words = "That message is in another chat."
        elif delivery.target.state != SentMessage.State.SHOWN:
            words = "That message is not in the chat: it waits, or was deleted."
        if words:
            raise serializers.ValidationError({"reply_to": words}, code="does_not_exist")
        return delivery.target if delivery else None


def _identity(channel: NotificationChannel, message: Draft, own: dict[str, Any]) -> dict[str, Any]:
    """What makes two requests the same."""
    return {
        "channel": str(channel.pk),
        "kind": message.kind.name,
        "params": dict(message.params),
        "own": {name: str(value) for name, value in own.items() if name != "kind"},
        "files": identity_of_files(message),
    }
