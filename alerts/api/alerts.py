"""REST: alerts."""

from typing import Any, ClassVar

from django.db.models import Func, QuerySet, TextField, Value
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Capability
from accounts.rest import ReadViewSet
from accounts.rest_filters import Moment, RestFilterSet
from alerts import responding
from alerts.api.fields import LabelsField, LinksField
from alerts.api.silences import SilenceSerializer, SilencingSerializer, silenced
from alerts.models import Alert, Episode
from deliveries.api.once import IDEMPOTENCY_KEY

LABELS_MAX = 10


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
    capabilities: ClassVar[dict[str, Capability]] = {"silence": Capability.RESPOND}
    serializer_class = AlertSerializer
    filterset_class = AlertFilter
    search_fields = ("name", "summary", "fingerprint")
    ordering_fields = ("starts_at", "last_received_at", "name")
    repeatable_parameters = ("label",)

    def with_related(self, rows: QuerySet[Alert]) -> QuerySet[Alert]:
        """Episodes only where they are shown."""
        if self.action == "silence":
            return rows.select_related("integration", "organization")
        return rows.prefetch_related("episodes") if self.action == "retrieve" else rows

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Alert]]:
        """Episodes in the detail."""
        return AlertDetailSerializer if self.action == "retrieve" else AlertSerializer

    @extend_schema(
        summary="Silence an alert",
        description="Adds a silence, by default for alerts with all of its labels, and a line in "
        "the timeline of its groups.",
        request=SilencingSerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: SilenceSerializer},
        examples=[OpenApiExample("For two hours", {"duration": "2h"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def silence(self, request: Request, pk: str) -> Response:
        """Somebody knows of it."""
        alert = self.get_object()
        return silenced(
            self,
            str(alert.pk),
            SilencingSerializer,
            lambda: responding.matchers_of_alert(alert),
            lambda wanted: responding.silence_alert(self.actor, alert, wanted),
        )
