"""REST: deliveries and their attempts, checks and tests of bots and channels, messages."""

import hashlib
import json
from typing import Any, ClassVar, cast

from django.db import transaction
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts import idempotency
from accounts.permissions import Capability
from accounts.rest import ReadViewSet
from channels_app import api as channels_api
from channels_app.models import Bot, NotificationChannel
from deliveries import health, outbox, probe
from deliveries.messages import Message, MessageRefused, Upload, send_message
from deliveries.models import Delivery, DeliveryAttempt, Probe

MESSAGE_SCOPE = "messages"


class Conflict(APIException):
    """409: the state of the row doesn't allow it."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class AttemptSerializer(serializers.ModelSerializer[DeliveryAttempt]):
    """One try, with Telegram's own words."""

    class Meta:
        model = DeliveryAttempt
        fields = (
            "number",
            "method",
            "started_at",
            "finished_at",
            "outcome",
            "status",
            "description",
            "retry_after",
            "maybe_sent",
        )


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One Bot API call and what became of it."""

    message_id = serializers.IntegerField(
        source="target.message_id", read_only=True, default=None, help_text="Telegram's."
    )
    url = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = (
            "id",
            "url",
            "channel",
            "bot",
            "purpose",
            "method",
            "state",
            "priority",
            "attempts",
            "maybe_sent",
            "message_id",
            "outcome",
            "description",
            "ladder",
            "created_at",
            "due_at",
            "not_before",
            "settled_at",
        )
        read_only_fields = fields

    def get_url(self, delivery: Delivery) -> str:
        """Where to read it again."""
        return str(reverse("delivery-detail", [delivery.pk], request=self.context.get("request")))


class DeliveryDetailSerializer(DeliverySerializer):
    """With its attempts."""

    tries = AttemptSerializer(many=True, read_only=True)

    class Meta(DeliverySerializer.Meta):
        fields = (*DeliverySerializer.Meta.fields, "tries")  # type: ignore[assignment]  # one more
        read_only_fields = fields  # type: ignore[assignment]  # one more


class DeliveryFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """By state, channel and time."""

    created_after = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Delivery
        fields = ("state", "channel", "bot", "purpose", "method", "maybe_sent")


@extend_schema_view(
    list=extend_schema(summary="List deliveries"),
    retrieve=extend_schema(
        summary="Show a delivery with its attempts", responses=DeliveryDetailSerializer
    ),
)
class DeliveryViewSet(ReadViewSet[Delivery]):
    """Every call to Telegram, what it answered, and how to try again."""

    model = Delivery
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter
    search_fields = ("description",)
    capabilities: ClassVar[dict[str, Capability]] = {"retry": Capability.RESPOND}

    def with_related(self, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """The message it makes or edits; attempts only where they are shown."""
        rows = rows.select_related("target")
        return rows.prefetch_related("tries") if self.action == "retrieve" else rows

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Delivery]]:
        """Attempts in the detail."""
        return DeliveryDetailSerializer if self.action == "retrieve" else DeliverySerializer

    @extend_schema(
        summary="Try an undeliverable call again", request=None, responses={202: DeliverySerializer}
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """202, or 409 when it isn't dead."""
        delivery = self.get_object()
        try:
            with transaction.atomic():
                outbox.retry(delivery, self.actor)
        except outbox.NotRetryable as refusal:
            raise Conflict(f"This delivery can't be tried again: {refusal}.") from None
        delivery.refresh_from_db()
        return Response(self.get_serializer(delivery).data, status=status.HTTP_202_ACCEPTED)


class ProbeSerializer(serializers.ModelSerializer[Probe]):
    """A check and its verdict."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = Probe
        fields = (
            "id",
            "url",
            "kind",
            "state",
            "bot",
            "channel",
            "delivery",
            "created_at",
            "finished_at",
            "verdict",
        )
        read_only_fields = fields

    def get_url(self, row: Probe) -> str:
        """Where to read the verdict."""
        return str(reverse("probe-detail", [row.pk], request=self.context.get("request")))


@extend_schema_view(
    list=extend_schema(summary="List checks and tests"),
    retrieve=extend_schema(
        summary="Read a verdict",
        description="`state` is pending, running, ok or failed; a verdict is there within 10 s.",
    ),
)
class ProbeViewSet(ReadViewSet[Probe]):
    """Checks of bots and channels, and test messages, with their verdicts."""

    model = Probe
    serializer_class = ProbeSerializer
    filterset_fields = ("kind", "state", "bot", "channel")


def _started(row: Probe, view: ReadViewSet[Any]) -> Response:
    body = ProbeSerializer(row, context=view.get_serializer_context()).data
    return Response(
        body,
        status=status.HTTP_202_ACCEPTED,
        headers={"Location": body["url"], "Retry-After": "1"},
    )


class BotViewSet(channels_api.BotViewSet):
    """Telegram bots. Tokens are stored encrypted and never shown."""

    capabilities: ClassVar[dict[str, Capability]] = {"verify": Capability.RESPOND}

    def saved(self, bot: Bot) -> None:
        """Check it."""
        probe.request_probe(Probe.Kind.BOT, bot, None, self.actor)

    @extend_schema(
        summary="Check a bot",
        description="Asks Telegram (getMe). 202 with the check; read its `url` for the verdict.",
        request=None,
        responses={202: ProbeSerializer},
    )
    @action(detail=True, methods=["post"])
    def verify(self, request: Request, pk: str) -> Response:
        """Start a check."""
        return _started(
            probe.request_probe(Probe.Kind.BOT, self.get_object(), None, self.actor), self
        )


class MessageSerializer(serializers.Serializer[Any]):
    """A text, or a photo or document with the text as its caption."""

    text = serializers.CharField(required=False, allow_blank=True, default="", max_length=32768)
    parse_mode = serializers.ChoiceField(
        choices=["MarkdownV2", "HTML", ""], required=False, default="", help_text="Empty: plain."
    )
    photo = serializers.FileField(required=False)
    document = serializers.FileField(required=False)
    silent = serializers.BooleanField(required=False, default=None, allow_null=True)


def _upload(file: Any) -> Upload | None:
    if file is None:
        return None
    return Upload(file.name or "file", file.content_type or "", file.read())


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
        description="Asks Telegram whether the bot may write there, send photos and documents.",
        request=None,
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
        responses={202: ProbeSerializer},
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Start a test."""
        return self._probe(Probe.Kind.TEST)

    def _probe(self, kind: Probe.Kind) -> Response:
        channel = self.get_object()
        return _started(probe.request_probe(kind, channel.chat.bot, channel, self.actor), self)

    @extend_schema(
        summary="Send a message",
        description="Text, or a photo or document as multipart. 202 with the delivery: its `url` "
        "tells what Telegram said. With an `Idempotency-Key` a repeated request sends nothing new.",
        request={"application/json": MessageSerializer, "multipart/form-data": MessageSerializer},
        parameters=[OpenApiParameter("Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER)],
        responses={202: DeliverySerializer},
        examples=[
            OpenApiExample(
                "Text", {"text": "Deploy <b>done</b>", "parse_mode": "HTML"}, request_only=True
            )
        ],
    )
    @action(detail=True, methods=["post"])
    def messages(self, request: Request, pk: str) -> Response:
        """Put a message in the outbox."""
        channel = self.get_object()
        data = MessageSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        values = data.validated_data
        message = Message(
            text=values["text"],
            parse_mode=values["parse_mode"],
            photo=_upload(values.get("photo")),
            document=_upload(values.get("document")),
            silent=values["silent"],
        )
        try:
            body = self._send(channel, message, request.headers.get("Idempotency-Key"))
        except MessageRefused as refusal:
            raise serializers.ValidationError({refusal.field: str(refusal)}) from None
        except idempotency.KeyRefused as refusal:
            raise Conflict(str(refusal)) from None
        return Response(
            body, status=status.HTTP_202_ACCEPTED, headers={"Location": str(body["url"])}
        )

    def _send(
        self, channel: NotificationChannel, message: Message, key: str | None
    ) -> dict[str, Any]:
        with transaction.atomic():
            record = None
            if key is not None:
                record, new = idempotency.claim(
                    self.organization, MESSAGE_SCOPE, key, _digest(channel, message)
                )
                if not new:
                    return dict(record.body or {})
            delivery = send_message(channel, message)
            context = self.get_serializer_context()
            body = dict(DeliverySerializer(delivery, context=context).data)
            body = cast("dict[str, Any]", json.loads(json.dumps(body, default=str)))
            if record is not None:
                idempotency.answer(record, status.HTTP_202_ACCEPTED, body)
        return body


def _digest(channel: NotificationChannel, message: Message) -> bytes:
    """What makes two requests the same."""
    files = [
        [upload.filename, hashlib.sha256(upload.content).hexdigest()] if upload else None
        for upload in (message.photo, message.document)
    ]
    parts = [str(channel.pk), message.text, message.parse_mode, message.silent, files]
    return json.dumps(parts).encode()
