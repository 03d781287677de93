"""REST: alerts and groups."""

from typing import Any

from django.db.models import Count, Func, QuerySet, TextField, Value
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from accounts.rest import ReadViewSet
from accounts.rest_filters import Moment, RestFilterSet
from alerts.models import Alert, AlertGroup, Episode, GroupMember, GroupMessage, TimelineEvent

LABELS_MAX = 10
ALERTS_SHOWN = 200
TIMELINE_SHOWN = 200
LABELS_SCHEMA = {"type": "object", "additionalProperties": {"type": "string"}}


@extend_schema_field(LABELS_SCHEMA)
class LabelsField(serializers.JSONField):
    """Label → value, as stored."""


@extend_schema_field(
    {"type": "array", "items": {"type": "array", "items": {"type": ["string", "null"]}}}
)
class LinksField(serializers.JSONField):
    """`[[kind, URL, label], …]`, as stored."""


class EpisodeSerializer(serializers.ModelSerializer[Episode]):
    """One time that the alert fired."""

    class Meta:
        model = Episode
        fields = ("number", "severity", "starts_at", "ends_at")
        read_only_fields = fields


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """One labelled condition and its last episode."""

    labels = LabelsField(read_only=True)
    annotations = LabelsField(read_only=True)
    links = LinksField(read_only=True, help_text="[[kind, URL, label], …]")

    class Meta:
        model = Alert
        fields = (
            "id",
            "integration",
            "fingerprint",
            "status",
            "severity",
            "name",
            "labels",
            "annotations",
            "summary",
            "description",
            "value_text",
            "links",
            "image_url",
            "episode",
            "starts_at",
            "ends_at",
            "expires_at",
            "first_received_at",
            "last_received_at",
        )
        read_only_fields = fields


class AlertDetailSerializer(AlertSerializer):
    """With its episodes."""

    episodes = EpisodeSerializer(many=True, read_only=True)

    class Meta(AlertSerializer.Meta):
        fields = (*AlertSerializer.Meta.fields, "episodes")  # type: ignore[assignment]  # one more
        read_only_fields = fields  # type: ignore[assignment]  # one more


class LabelValue(Func):
    """The value of one label, whatever its name holds: as JSON paths, quotes and digits would be
    read as something else."""

    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """`labels ->> 'name'`."""
        return self.as_sql(
            compiler, connection, template="(%(expressions)s)", arg_joiner=" ->> ", **context
        )

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """`(SELECT value FROM json_each(labels) WHERE (key = 'name'))`."""
        return self.as_sql(
            compiler,
            connection,
            template="(SELECT value FROM json_each(%(expressions)s))",
            arg_joiner=") WHERE (key = ",
            **context,
        )


class AlertFilter(RestFilterSet):
    """By state, severity, label, group and time."""

    label = filters.CharFilter(
        method="by_label", label='A label, as name=value; several with "&label=".'
    )
    group = filters.UUIDFilter(field_name="memberships__group", label="In this group.")
    started_after = Moment(field_name="starts_at", lookup_expr="gte")
    started_before = Moment(field_name="starts_at", lookup_expr="lt")

    class Meta:
        model = Alert
        fields = ("status", "severity", "integration", "fingerprint", "name")

    def by_label(self, rows: QuerySet[Alert], name: str, value: str) -> QuerySet[Alert]:
        """Every label named must have that value."""
        pairs = self.data.getlist("label")
        if len(pairs) > LABELS_MAX:
            raise serializers.ValidationError({"label": f"Give at most {LABELS_MAX} labels."})
        for number, pair in enumerate(pairs):
            label, separator, wanted = pair.partition("=")
            if not (separator and label) or "\0" in pair:
                raise serializers.ValidationError(
                    {"label": f"Give a label as name=value, not {pair[:80]!r}."}
                )
            alias = f"label_{number}"
            rows = rows.alias(**{alias: LabelValue("labels", Value(label))})
            rows = rows.filter(**{alias: wanted})
        return rows


@extend_schema_view(
    list=extend_schema(summary="List alerts"),
    retrieve=extend_schema(
        summary="Show an alert with its episodes", responses=AlertDetailSerializer
    ),
)
class AlertViewSet(ReadViewSet[Alert]):
    """Alerts as they are now."""

    model = Alert
    serializer_class = AlertSerializer
    filterset_class = AlertFilter
    search_fields = ("name", "summary", "fingerprint")
    ordering_fields = ("starts_at", "last_received_at", "name")
    repeatable_parameters = ("label",)

    def with_related(self, rows: QuerySet[Alert]) -> QuerySet[Alert]:
        """Episodes only where they are shown."""
        return rows.prefetch_related("episodes") if self.action == "retrieve" else rows

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Alert]]:
        """Episodes in the detail."""
        return AlertDetailSerializer if self.action == "retrieve" else AlertSerializer


class TimelineSerializer(serializers.ModelSerializer[TimelineEvent]):
    """One line of a group's history."""

    class Meta:
        model = TimelineEvent
        fields = ("at", "kind", "alert", "actor_name", "way", "data")
        read_only_fields = fields


class GroupMessageSerializer(serializers.ModelSerializer[GroupMessage]):
    """The group in one channel."""

    message_id = serializers.IntegerField(
        source="message.message_id", default=None, allow_null=True, read_only=True
    )

    class Meta:
        model = GroupMessage
        fields = ("channel", "message_id", "due_at", "sounded_at", "repeat_at", "routed")
        read_only_fields = fields


class GroupSerializer(serializers.ModelSerializer[AlertGroup]):
    """Alerts of one route and group key shown together."""

    labels = LabelsField(read_only=True)
    alert_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = AlertGroup
        fields = (
            "id",
            "route",
            "title",
            "labels",
            "status",
            "severity",
            "is_open",
            "alert_count",
            "opened_at",
            "changed_at",
            "closed_at",
            "acknowledged_at",
            "acknowledged_by",
        )
        read_only_fields = fields


class GroupDetailSerializer(GroupSerializer):
    """With its alerts, channels and timeline."""

    alerts = serializers.SerializerMethodField(
        help_text=f"The first {ALERTS_SHOWN}; all of them at /alerts/?group=…"
    )
    messages = GroupMessageSerializer(many=True, read_only=True)
    timeline = serializers.SerializerMethodField(help_text=f"The last {TIMELINE_SHOWN} lines.")

    class Meta(GroupSerializer.Meta):
        fields = (*GroupSerializer.Meta.fields, "alerts", "messages", "timeline")  # type: ignore[assignment]  # more
        read_only_fields = fields  # type: ignore[assignment]  # more

    @extend_schema_field(AlertSerializer(many=True))
    def get_alerts(self, group: AlertGroup) -> Any:
        """The alerts in it."""
        members = GroupMember.objects.for_organization(group.organization_id).filter(group=group)
        shown = members.select_related("alert").order_by("alert_id")[:ALERTS_SHOWN]
        return AlertSerializer([member.alert for member in shown], many=True).data

    @extend_schema_field(TimelineSerializer(many=True))
    def get_timeline(self, group: AlertGroup) -> Any:
        """Its history, oldest first."""
        events = TimelineEvent.objects.for_organization(group.organization_id).filter(group=group)
        last = events.order_by("-id")[:TIMELINE_SHOWN]
        return TimelineSerializer(list(last)[::-1], many=True).data


@extend_schema_view(
    list=extend_schema(summary="List groups"),
    retrieve=extend_schema(
        summary="Show a group with alerts, channels and timeline", responses=GroupDetailSerializer
    ),
)
class GroupViewSet(ReadViewSet[AlertGroup]):
    """What is the case, as the channels see it."""

    model = AlertGroup
    serializer_class = GroupSerializer
    filterset_fields = ("status", "severity", "is_open", "route")
    search_fields = ("title",)
    ordering_fields = ("opened_at", "changed_at")

    def with_related(self, rows: QuerySet[AlertGroup]) -> QuerySet[AlertGroup]:
        """How many alerts; channels only where they are shown."""
        rows = rows.annotate(alert_count=Count("members"))
        return rows.prefetch_related("messages__message") if self.action == "retrieve" else rows

    def get_serializer_class(self) -> type[serializers.BaseSerializer[AlertGroup]]:
        """All in the detail."""
        return GroupDetailSerializer if self.action == "retrieve" else GroupSerializer
