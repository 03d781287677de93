"""REST: deliveries and their attempts, checks and tests of bots and channels, messages."""

import hashlib
from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts import idempotency
from accounts.parsers import FormParser, JsonParser, MultiPartParser
from accounts.permissions import Capability
from accounts.problems import ApiRefusal, wrong
from accounts.rest import OrganizationViewSet, ReadViewSet, conflicts
from accounts.rest_filters import Moment, RestFilterSet
from accounts.rest_serializers import Strict
from channels_app import api as channels_api
from channels_app.models import Bot, NotificationChannel
from deliveries import health, outbox, probe
from deliveries.messages import Message, MessageRefused, MessageTooLarge, Upload, send_message
from deliveries.models import Delivery, DeliveryAttempt, Probe

IDEMPOTENCY_KEY = OpenApiParameter(
    idempotency.HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="A request with the same key and body does nothing new for 48 hours and gets the "
    f"same answer, with `{idempotency.REPLAYED}: true`. Another body is 409.",
)


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


class StepSerializer(serializers.Serializer[Any]):
    """One step of the ladder: what was left out, and what Telegram had refused."""

    step = serializers.CharField()


@extend_schema_field(StepSerializer(many=True))
class LadderField(serializers.JSONField):
    """The stored ladder, as it is."""


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One Bot API call and what became of it."""

    message_id = serializers.IntegerField(
        source="target.message_id",
        read_only=True,
        default=None,
        allow_null=True,
        help_text="Telegram's.",
    )
    url = serializers.SerializerMethodField()
    ladder = LadderField(read_only=True, help_text="What was left out after refusals, and why.")

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

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, delivery: Delivery) -> str:
        """Where to read it again."""
        return str(reverse("delivery-detail", [delivery.pk], request=self.context.get("request")))


class DeliveryDetailSerializer(DeliverySerializer):
    """With its attempts."""

    tries = AttemptSerializer(many=True, read_only=True)

    class Meta(DeliverySerializer.Meta):
        fields = (*DeliverySerializer.Meta.fields, "tries")  # type: ignore[assignment]  # one more
        read_only_fields = fields  # type: ignore[assignment]  # one more


class DeliveryFilter(RestFilterSet):
    """By state, channel and time."""

    created_after = Moment(field_name="created_at", lookup_expr="gte")
    created_before = Moment(field_name="created_at", lookup_expr="lt")

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
    ordering_fields = ("created_at", "due_at")
    capabilities: ClassVar[dict[str, Capability]] = {"retry": Capability.RESPOND}

    def with_related(self, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """The message it makes or edits; attempts only where they are shown."""
        rows = rows.select_related("target")
        return rows.prefetch_related("tries") if self.action == "retrieve" else rows

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Delivery]]:
        """Attempts in the detail."""
        return DeliveryDetailSerializer if self.action == "retrieve" else DeliverySerializer

    @extend_schema(
        summary="Try an undeliverable call again",
        description="409 when it isn't dead, or when newer state of its message followed it.",
        request=None,
        parameters=[IDEMPOTENCY_KEY],
        responses={202: DeliverySerializer},
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Put it in its queue once more."""
        self.no_body()
        delivery = self.get_object()

        def work() -> dict[str, Any]:
            outbox.retry(delivery, self.actor)
            delivery.refresh_from_db()
            return dict(self.get_serializer(delivery).data)

        with conflicts(outbox.NotRetryable):
            return accepted_once(self, "retry", {"delivery": str(delivery.pk)}, work)


class ChatFactsSerializer(serializers.Serializer[Any]):
    """What Telegram says of the chat."""

    id = serializers.IntegerField()
    type = serializers.CharField()
    title = serializers.CharField(required=False)
    username = serializers.CharField(required=False)
    first_name = serializers.CharField(required=False)
    is_forum = serializers.BooleanField(required=False)


class RightsSerializer(serializers.Serializer[Any]):
    """What the bot may send to the chat."""

    text = serializers.BooleanField()
    photos = serializers.BooleanField()
    documents = serializers.BooleanField()


class ProbeVerdictSerializer(channels_api.VerdictSerializer):
    """Empty until the probe has run. `problem` is empty when all is well."""

    chat = ChatFactsSerializer(required=False)
    rights = RightsSerializer(required=False)
    warnings = channels_api.VerdictSerializer(many=True, required=False)
    bot = serializers.DictField(required=False, help_text="getMe's answer.")
    because = serializers.CharField(required=False, help_text="What a test still waits for.")
    ladder = StepSerializer(many=True, required=False)


@extend_schema_field(ProbeVerdictSerializer)
class ProbeVerdictField(serializers.JSONField):
    """The stored verdict, as it is."""


class ProbeSerializer(serializers.ModelSerializer[Probe]):
    """A check and its verdict."""

    url = serializers.SerializerMethodField()
    verdict = ProbeVerdictField(read_only=True)

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

    @extend_schema_field(OpenApiTypes.URI)
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
    ordering_fields = ("created_at",)


def accepted_once(
    view: OrganizationViewSet[Any],
    scope: str,
    request: dict[str, Any],
    work: Callable[[], dict[str, Any]],
) -> Response:
    """202 with what `work` gives, once for each Idempotency-Key; its `url` is the Location.

    Raises ApiRefusal 400 or 409 for a key that can't be used.
    """

    def answer() -> idempotency.Answer:
        return idempotency.Answer(status.HTTP_202_ACCEPTED, work())

    key = view.request.headers.get(idempotency.HEADER)
    try:
        given = idempotency.once(view.organization, scope, key, request, answer)
    except idempotency.KeyInvalid as error:
        errors = [wrong("header", idempotency.HEADER, str(error), "invalid")]
        raise ApiRefusal(400, str(error), errors=errors) from None
    except idempotency.KeyReused as error:
        errors = [wrong("header", idempotency.HEADER, str(error), "reused")]
        raise ApiRefusal(409, str(error), errors=errors) from None
    headers = {"Location": str(given.body["url"])}
    if given.replayed:
        headers[idempotency.REPLAYED] = "true"
    return Response(given.body, status=given.status, headers=headers)


def _probed(
    view: OrganizationViewSet[Any], kind: Probe.Kind, bot: Bot, channel: NotificationChannel | None
) -> Response:
    """Start a probe; its verdict is polled, so that no request waits for Telegram."""

    def work() -> dict[str, Any]:
        row = probe.request_probe(kind, bot, channel, view.actor)
        return dict(ProbeSerializer(row, context=view.get_serializer_context()).data)

    subject = {"kind": kind.value, "bot": str(bot.pk), "channel": str(channel and channel.pk)}
    response = accepted_once(view, "probe", subject, work)
    response["Retry-After"] = "1"
    return response


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
        parameters=[IDEMPOTENCY_KEY],
        responses={202: ProbeSerializer},
    )
    @action(detail=True, methods=["post"])
    def verify(self, request: Request, pk: str) -> Response:
        """Start a check."""
        self.no_body()
        return _probed(self, Probe.Kind.BOT, self.get_object(), None)


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
        return _probed(self, kind, channel.chat.bot, channel)

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
