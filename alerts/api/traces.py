"""REST: traces, what became of each POST of alerts."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from accounts.rest import ReadViewSet
from accounts.rest_filters import Moment, RestFilterSet, TrueOrFalse
from alerts.models import Trace
from alerts.trace_story import trace_story


@extend_schema_field({"type": "array", "items": {"type": "array", "items": {"type": "string"}}})
class ProblemsField(serializers.JSONField):
    """`[[JSON pointer, reason, excerpt], …]`, as stored."""


class AttemptStorySerializer(serializers.Serializer[Any]):
    """One try, with Telegram's own words."""

    number = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField()
    status = serializers.IntegerField(allow_null=True)
    description = serializers.CharField()


class CallStorySerializer(serializers.Serializer[Any]):
    """One Bot API call since the POST."""

    delivery_id = serializers.UUIDField()
    method = serializers.CharField()
    purpose = serializers.CharField()
    state = serializers.CharField()
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    description = serializers.CharField()
    message_id = serializers.IntegerField(allow_null=True)
    attempts = AttemptStorySerializer(many=True)


class ChannelStorySerializer(serializers.Serializer[Any]):
    """A channel that the group is shown in; `note` says why nothing is on its way."""

    channel_id = serializers.UUIDField()
    name = serializers.CharField()
    chat = serializers.CharField()
    note = serializers.CharField()
    calls = CallStorySerializer(many=True)


class GroupStorySerializer(serializers.Serializer[Any]):
    """A group that an alert of the POST is in."""

    group_id = serializers.UUIDField()
    title = serializers.CharField()
    route = serializers.CharField()
    status = serializers.CharField()
    channels = ChannelStorySerializer(many=True)


class AlertStorySerializer(serializers.Serializer[Any]):
    """An alert of the POST and what the POST did to it."""

    alert_id = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.CharField()
    effect = serializers.CharField()
    groups = GroupStorySerializer(many=True)


class StorySerializer(serializers.Serializer[Any]):
    """Alert → group → channel → calls → attempts; `more` counts the alerts left out."""

    alerts = AlertStorySerializer(many=True)
    more = serializers.IntegerField()


class TraceSerializer(serializers.ModelSerializer[Trace]):
    """One POST and what became of it."""

    problems = ProblemsField(read_only=True, help_text="[[JSON pointer, reason, excerpt], …]")
    alert_count = serializers.SerializerMethodField()

    class Meta:
        model = Trace
        fields = (
            "id",
            "integration",
            "received_at",
            "remote_addr",
            "user_agent",
            "content_type",
            "size",
            "source",
            "status",
            "summary",
            "problems",
            "alert_count",
            "unrouted",
            "duration_ms",
        )
        read_only_fields = fields

    def get_alert_count(self, trace: Trace) -> int:
        """How many alerts it held."""
        return len(trace.alerts)


class TraceDetailSerializer(TraceSerializer):
    """With the start of the body and the way of each alert to Telegram's answer."""

    story = serializers.SerializerMethodField()

    class Meta(TraceSerializer.Meta):
        fields = (*TraceSerializer.Meta.fields, "body", "story")  # type: ignore[assignment]  # more
        read_only_fields = fields  # type: ignore[assignment]  # more

    @extend_schema_field(StorySerializer)
    def get_story(self, trace: Trace) -> Any:
        """Told from what is stored now."""
        return StorySerializer(trace_story(trace)).data


class TraceFilter(RestFilterSet):
    """By sender, answer and time."""

    received_after = Moment(field_name="received_at", lookup_expr="gte")
    received_before = Moment(field_name="received_at", lookup_expr="lt")
    unrouted = TrueOrFalse(
        method="by_unrouted", label="Whether it held alerts that matched no channel."
    )

    class Meta:
        model = Trace
        fields = ("integration", "status", "source")

    def by_unrouted(self, rows: QuerySet[Trace], name: str, value: Any) -> QuerySet[Trace]:
        """POSTs with such alerts, or without."""
        if value not in (True, False):
            return rows
        return rows.filter(unrouted__gt=0) if value else rows.filter(unrouted=0)


@extend_schema_view(
    list=extend_schema(summary="List POSTs of alerts, also refused ones"),
    retrieve=extend_schema(
        summary="Follow a POST to Telegram's answer", responses=TraceDetailSerializer
    ),
)
class TraceViewSet(ReadViewSet[Trace]):
    """What became of each POST."""

    model = Trace
    serializer_class = TraceSerializer
    filterset_class = TraceFilter
    search_fields = ("summary", "body")
    ordering_fields = ("received_at", "duration_ms")

    def with_related(self, rows: QuerySet[Trace]) -> QuerySet[Trace]:
        """Bodies only where they are shown."""
        return rows if self.action == "retrieve" else rows.defer("body")

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Trace]]:
        """The story in the detail."""
        return TraceDetailSerializer if self.action == "retrieve" else TraceSerializer
