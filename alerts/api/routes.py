"""REST: routes."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.pagination import WholeList
from accounts.permissions import Capability
from accounts.rest import OrganizationRow, OrganizationRows, ReadViewSet, conflicts, refusals
from accounts.rest_serializers import Strict, StrictModelSerializer, Text
from alerts import matchers, route_order, route_trial, routes
from alerts.api.duration_fields import SecondsField
from alerts.api.route_trials import TrialSerializer, TriedSerializer
from alerts.models import (
    Alert,
    EscalationPolicy,
    Integration,
    MessageTemplate,
    MuteTiming,
    Route,
)
from alerts.models.routes import VALUE_MAX
from alerts.route_choices import CHOICES_MAX
from channels_app.models import NotificationChannel

DAY = 86_400
RINGING = ("ring", "silent")
LABELS_MAX = 50
ROUTES_MAX = 10_000


@extend_schema_field({"type": "string"})
class MatchersField(serializers.Field[Any, Any, Any, Any]):
    """Alertmanager's syntax in and out."""

    def to_representation(self, value: Any) -> str:
        """`severity="critical",team=~"a|b"`."""
        return matchers.format_matchers(matchers.read_matchers(value))

    def to_internal_value(self, data: Any) -> Any:
        """A text or a list of objects; parsed by the write function."""
        return data


class ChoicesField(serializers.DictField):
    """Value of a label ⇄ ID of a channel of the same organization; one query for all of them."""

    child = serializers.UUIDField()

    def to_internal_value(self, data: Any) -> dict[str, NotificationChannel]:
        """Value → channel. A foreign one doesn't exist."""
        if isinstance(data, dict) and len(data) > CHOICES_MAX:
            raise serializers.ValidationError(f"Name at most {CHOICES_MAX}.", code="max_length")
        ids = super().to_internal_value(data)
        rows = NotificationChannel.objects.for_organization(self.context["view"].organization)
        found = rows.in_bulk(ids.values())
        missing: dict[str, Any] = {
            value: [f"There is no channel {pk} in your organization."]
            for value, pk in ids.items()
            if pk not in found
        }
        if missing:
            raise serializers.ValidationError(missing, code="does_not_exist")
        return {value: found[pk] for value, pk in ids.items()}

    def to_representation(self, value: Any) -> dict[str, str]:
        """The IDs."""
        return {choice.value: str(choice.channel_id) for choice in value.all()}


class SoundSerializer(Strict):
    """How what is told of each severity arrives; what is left out or empty: as the channel says."""

    critical = serializers.ChoiceField(RINGING, required=False, allow_blank=True)
    high = serializers.ChoiceField(RINGING, required=False, allow_blank=True)
    warning = serializers.ChoiceField(RINGING, required=False, allow_blank=True)
    info = serializers.ChoiceField(RINGING, required=False, allow_blank=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Only what is said."""
        return dict(instance)


class RouteSerializer(StrictModelSerializer[Route]):
    """Which alerts go to which channels."""

    matchers = MatchersField(
        required=False, help_text='Such as severity="critical",team=~"a|b"; all must match.'
    )
    integrations = OrganizationRows(
        Integration, required=False, help_text="IDs; empty: alerts of all integrations."
    )
    channels = OrganizationRows(NotificationChannel, required=False, help_text="IDs.")
    choose_by = Text(
        required=False,
        allow_blank=True,
        max_length=VALUE_MAX,
        help_text="A label whose value chooses the channel, see `choices`; empty: none. Alerts "
        "with different values are then never in one group.",
    )
    choices = ChoicesField(
        required=False,
        help_text="Value of the label `choose_by` → ID of the channel that is told in place of "
        "`channels`. Those are told of alerts without the label and of other values.",
    )
    mute_timings = OrganizationRows(
        MuteTiming, required=False, help_text="IDs: in these times it tells nothing."
    )
    active_timings = OrganizationRows(
        MuteTiming,
        required=False,
        help_text="IDs: outside these times it tells nothing; none: it always tells.",
    )
    position = serializers.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        required=False,
        help_text="1: tried first. It goes there and the others make room; beyond the end: the "
        "last above the default one, as is a new one that names none.",
    )
    group_by = serializers.ListField(
        child=Text(max_length=200),
        max_length=LABELS_MAX,
        required=False,
        allow_null=True,
        help_text='Label names, or ["..."] for all; null: as the sender grouped, else all labels '
        "but instance.",
    )
    group_wait = SecondsField(
        min_value=0,
        max_value=DAY,
        required=False,
        help_text="Seconds before a first message.",
    )
    group_interval = SecondsField(
        min_value=0,
        max_value=DAY,
        required=False,
        help_text="Seconds between messages about changes.",
    )
    repeat_interval = SecondsField(
        min_value=0,
        max_value=365 * DAY,
        required=False,
        help_text="Seconds after which a firing group is told again; 0: never.",
    )
    escalation = OrganizationRow(
        EscalationPolicy,
        required=False,
        allow_null=True,
        help_text="ID of an escalation policy: who is told of what nobody acknowledges.",
    )

    sound = SoundSerializer(
        required=False,
        allow_null=True,
        help_text="By severity what overrides the channels' own wishes about sound.",
    )

    template = serializers.UUIDField(
        source="template_id",
        required=False,
        allow_null=True,
        help_text="How its alerts are told, before the channels' own; null: as those say.",
    )

    class Meta:
        model = Route
        fields = (
            "id",
            "name",
            "position",
            "is_default",
            "matchers",
            "integrations",
            "channels",
            "mute_timings",
            "active_timings",
            "escalation",
            "choices",
            *routes.SETTINGS,
        )
        read_only_fields = ("is_default",)


class OrderSerializer(Strict):
    """All routes but the default one, as they are tried."""

    routes = serializers.ListField(
        child=serializers.UUIDField(), max_length=ROUTES_MAX, help_text="IDs, the first one first."
    )


class ReorderSerializer(OrderSerializer):
    """The order that is wanted."""

    read = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=ROUTES_MAX,
        required=False,
        help_text="The order that you read before: when it is another one by now, nothing is "
        "changed and the answer is 409.",
    )


@extend_schema_view(
    list=extend_schema(summary="List routes in their order"),
    retrieve=extend_schema(summary="Show a route"),
    create=extend_schema(
        summary="Add a route above the default one",
        examples=[
            OpenApiExample(
                "Critical alerts of the database team",
                {
                    "name": "Databases",
                    "matchers": 'severity="critical",team=~"db|storage"',
                    "channels": ["0190a000-0000-7000-8000-000000000000"],
                    "group_wait": 10,
                    "repeat_interval": "4h",
                },
                request_only=True,
            ),
            OpenApiExample(
                "Each team's topic, and the one of all for the others",
                {
                    "name": "Teams",
                    "channels": ["0190a000-0000-7000-8000-000000000000"],
                    "choose_by": "team",
                    "choices": {
                        "core": "0190a000-0000-7000-8000-000000000001",
                        "web": "0190a000-0000-7000-8000-000000000002",
                    },
                    "sound": {"critical": "ring", "warning": "silent"},
                },
                request_only=True,
            ),
        ],
    ),
    partial_update=extend_schema(
        summary="Change a route",
        examples=[OpenApiExample("Switch off", {"enabled": False}, request_only=True)],
    ),
    destroy=extend_schema(summary="Remove a route with its closed groups"),
)
class RouteViewSet(ReadViewSet[Route]):
    """Ordered label matchers → channels. The default route takes what no other takes."""

    model = Route
    capabilities: ClassVar[dict[str, Capability]] = {"try_labels": Capability.VIEW}
    serializer_class = RouteSerializer
    pagination_class = WholeList
    filterset_fields = ("is_default", "enabled")
    search_fields = ("name",)

    def with_related(self, rows: QuerySet[Route]) -> QuerySet[Route]:
        """Integrations, channels, choices and timings."""
        return rows.prefetch_related(
            "integrations", "channels", "choices", "mute_timings", "active_timings"
        )

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """With the default route, which is made when it is first needed."""
        routes.default_route(self.organization)
        return super().list(request, *args, **kwargs)

    def create(self, request: Request) -> Response:
        """Add."""
        values = self._with_template(self.body())
        with refusals(routes.RouteRefused):
            route = routes.create_route(self.actor, self.organization, values.pop("name"), **values)
        return self.created(route)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        route = self.get_object()
        values = self._with_template(self.body(route))
        with refusals(routes.RouteRefused):
            routes.change_route(self.actor, route, **values)
        return self.shown(self.get_object())

    def _with_template(self, values: dict[str, Any]) -> dict[str, Any]:
        if "template_id" in values:
            pk = values.pop("template_id")
            values["template"] = pk and self.own_or_400(MessageTemplate, "template", pk)
        return values

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        route = self.get_object()
        with conflicts(routes.RouteRefused):
            routes.delete_route(self.actor, route)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Put the routes in order",
        request=ReorderSerializer,
        responses=OrderSerializer,
        examples=[
            OpenApiExample(
                "Two routes",
                {
                    "routes": [
                        "0190a000-0000-7000-8000-000000000001",
                        "0190a000-0000-7000-8000-000000000000",
                    ]
                },
                request_only=True,
            )
        ],
    )
    @action(detail=False, methods=["post"], filter_backends=[], pagination_class=None)
    def reorder(self, request: Request) -> Response:
        """All of them or none. 409 when somebody else changed the routes meanwhile."""
        values = self.body(serializer=ReorderSerializer)
        wanted, pk = values["routes"], self.organization.pk
        with (
            refusals(route_order.OrderRefused, field="routes"),
            conflicts(route_order.OrderChanged),
        ):
            route_order.reorder(self.actor, pk, wanted, values.get("read"))
        return Response(OrderSerializer({"routes": wanted}).data)

    @extend_schema(
        summary="Try which routes an alert would take, and what would be shown",
        request=TrialSerializer,
        responses=TriedSerializer,
        examples=[
            OpenApiExample(
                "By its labels",
                {"labels": {"alertname": "DiskFull", "severity": "critical", "team": "db"}},
                request_only=True,
            ),
            OpenApiExample(
                "One that came",
                {"alert": "0190a000-0000-7000-8000-000000000000"},
                request_only=True,
            ),
        ],
    )
    @action(
        detail=False, methods=["post"], url_path="test", filter_backends=[], pagination_class=None
    )
    def try_labels(self, request: Request) -> Response:
        """Nothing is stored, and nothing is sent."""
        values = self.body(serializer=TrialSerializer)
        if "alert" in values:
            alert = self.own_or_400(Alert, "alert", values["alert"])
            tried = route_trial.try_alert(alert)
        else:
            pk = values.get("integration")
            source = self.own_or_400(Integration, "integration", pk) if pk else None
            tried = route_trial.try_labels(self.organization, values["labels"], source)
        return Response(TriedSerializer(tried).data)
