"""REST: checks of bots and channels, and tests, with their verdicts."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.rest import OrganizationViewSet, ReadViewSet
from channels_app.api.verdicts import VerdictSerializer
from channels_app.models import Bot, NotificationChannel
from deliveries import probe
from deliveries.api.calls import StepSerializer
from deliveries.api.once import accepted_once
from deliveries.models import Probe


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


class ProbeVerdictSerializer(VerdictSerializer):
    """Empty until the probe has run. `problem` is empty when all is well."""

    chat = ChatFactsSerializer(required=False)
    rights = RightsSerializer(required=False)
    warnings = VerdictSerializer(many=True, required=False)
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


def probed(
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
