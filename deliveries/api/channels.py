"""REST: verifying bots, verifying and testing channels, and sending messages through them."""

import hashlib
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.parsers import FormParser, JsonParser, MultiPartParser
from accounts.permissions import Capability
from accounts.problems import ApiRefusal, wrong
from accounts.rest_serializers import Strict
from channels_app.api import bots as bots_api
from channels_app.api import channels as channels_api
from channels_app.models import Bot, NotificationChannel
from deliveries import health, probe
from deliveries.api.calls import DeliverySerializer
from deliveries.api.once import IDEMPOTENCY_KEY, accepted_once
from deliveries.api.probes import ProbeSerializer, probed
from deliveries.messages import Message, MessageRefused, MessageTooLarge, Upload, send_message
from deliveries.models import Probe


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


class MessageSerializer(Strict):
    """A text, or a photo or document with the text as its caption."""

    text = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=32768,
        trim_whitespace=False,
        help_text="At most 4096 characters after formatting, as a caption 1024.",
    )
    parse_mode = serializers.ChoiceField(
        choices=["MarkdownV2", "HTML", ""], required=False, default="", help_text="Empty: plain."
    )
    photo = serializers.FileField(
        required=False, help_text="PNG, JPEG, GIF or WebP of at most 10 MB; multipart only."
    )
    document = serializers.FileField(
        required=False, allow_empty_file=True, help_text="At most 50 MB; multipart only."
    )
    silent = serializers.BooleanField(
        required=False, default=None, allow_null=True, help_text="null: as the channel."
    )
    protect_content = serializers.BooleanField(
        required=False, default=None, allow_null=True, help_text="null: as the channel."
    )
    message_thread_id = serializers.IntegerField(
        required=False,
        default=None,
        allow_null=True,
        min_value=1,
        max_value=2**31 - 1,
        help_text="A topic of the chat; null: the channel's.",
    )


def _upload(file: Any) -> Upload | None:
    if file is None:
        return None
    return Upload(file.name or "file", file.content_type or "", file.read())


def _message(values: dict[str, Any]) -> Message:
    files = {name: _upload(values.get(name)) for name in ("photo", "document")}
    return Message(**{**values, **files})


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
        description="Text, or a photo or document as multipart. 202 with the delivery: its `url` "
        "tells what Telegram said.",
        request={
            "application/json": MessageSerializer,
            "multipart/form-data": MessageSerializer,
            "application/x-www-form-urlencoded": MessageSerializer,
        },
        parameters=[IDEMPOTENCY_KEY],
        responses={202: DeliverySerializer},
        examples=[
            OpenApiExample(
                "Text", {"text": "Deploy <b>done</b>", "parse_mode": "HTML"}, request_only=True
            ),
            OpenApiExample(
                "Without a sound, in a topic",
                {"text": "Nightly backup done", "silent": True, "message_thread_id": 12},
                request_only=True,
            ),
        ],
    )
    @action(detail=True, methods=["post"], parser_classes=[JsonParser, MultiPartParser, FormParser])
    def messages(self, request: Request, pk: str) -> Response:
        """Put a message in the outbox."""
        channel = self.get_object()
        message = _message(self.body(serializer=MessageSerializer))

        def work() -> dict[str, Any]:
            delivery = send_message(channel, message)
            return dict(DeliverySerializer(delivery, context=self.get_serializer_context()).data)

        try:
            return accepted_once(self, "messages", _identity(channel, message), work)
        except MessageTooLarge as refusal:
            errors = [wrong("pointer", f"/{refusal.field}", str(refusal), "too_large")]
            raise ApiRefusal(413, str(refusal), errors=errors) from None
        except MessageRefused as refusal:
            raise serializers.ValidationError({refusal.field: str(refusal)}) from None


def _identity(channel: NotificationChannel, message: Message) -> dict[str, Any]:
    """What makes two requests the same."""
    files = [
        [upload.filename, hashlib.sha256(upload.content).hexdigest()] if upload else None
        for upload in (message.photo, message.document)
    ]
    return {
        "channel": str(channel.pk),
        "text": message.text,
        "parse_mode": message.parse_mode,
        "silent": message.silent,
        "protect_content": message.protect_content,
        "message_thread_id": message.message_thread_id,
        "files": files,
    }
