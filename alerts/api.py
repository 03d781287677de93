"""REST: integrations, routes, alerts, groups, traces."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar

from django.db.models import Count, Prefetch, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
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

from accounts.permissions import Capability, may
from accounts.rest import OrganizationField, ReadViewSet
from alerts import integrations, matchers, routes
from alerts.models import (
    Alert,
    AlertGroup,
    Episode,
    GroupMember,
    GroupMessage,
    Integration,
    Route,
    TimelineEvent,
    Trace,
)
from alerts.trace_story import trace_story
from channels_app.models import NotificationChannel


class IntegrationSerializer(serializers.ModelSerializer[Integration]):
    """An inbound source."""

    ingest_url = serializers.SerializerMethodField(
        help_text="Where the sender POSTs; holds the key, so only admins see it."
    )
    signature_secret = serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        help_text="With a secret every POST must be signed (Grafana's HMAC); empty: none.",
    )
    signed = serializers.SerializerMethodField()

    class Meta:
        model = Integration
        fields = (
            "id",
            "name",
            "kind",
            "enabled",
            "ingest_url",
            "signature_secret",
            "signed",
            "signature_header",
            "signature_timestamp_header",
            "ignored_labels",
            "ingest_limit",
            "previous_key_expires_at",
            "last_received_at",
            "created_at",
        )
        read_only_fields = ("previous_key_expires_at", "last_received_at", "created_at")
        validators: ClassVar[list[Any]] = []

    def get_ingest_url(self, row: Integration) -> str | None:
        """None for those who may not manage."""
        view = self.context["view"]
        return integrations.ingest_url(row) if may(view.role, Capability.MANAGE) else None

    def get_signed(self, row: Integration) -> bool:
        """Whether POSTs must be signed."""
        return bool(row.signature_secret_encrypted)


class RotateSerializer(serializers.Serializer[Any]):
    """How long the old key works beside the new one."""

    overlap_hours = serializers.IntegerField(min_value=0, max_value=24 * 30, default=24)


def _refused(
    error: integrations.IntegrationRefused | routes.RouteRefused,
) -> serializers.ValidationError:
    return serializers.ValidationError({error.field: str(error)})


@extend_schema_view(
    list=extend_schema(summary="List integrations"),
    retrieve=extend_schema(summary="Show an integration"),
    create=extend_schema(
        summary="Add an integration",
        examples=[OpenApiExample("Any sender", {"name": "Production"}, request_only=True)],
    ),
    partial_update=extend_schema(summary="Change an integration"),
    destroy=extend_schema(summary="Remove an integration with its alerts"),
)
class IntegrationViewSet(ReadViewSet[Integration]):
    """Inbound sources, each with its own key and kind."""

    model = Integration
    serializer_class = IntegrationSerializer
    filterset_fields = ("kind", "enabled")
    search_fields = ("name",)

    def create(self, request: Request) -> Response:
        """Add."""
        data = self.get_serializer(data=request.data)
        data.is_valid(raise_exception=True)
        values = dict(data.validated_data)
        secret = values.pop("signature_secret", "")
        try:
            row, _ = integrations.create_integration(
                self.actor, self.organization, values.pop("name"), **values
            )
            if secret:
                integrations.set_signature_secret(self.actor, row, secret)
        except integrations.IntegrationRefused as error:
            raise _refused(error) from None
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        row = self.get_object()
        data = self.get_serializer(row, data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        values = dict(data.validated_data)
        secret = values.pop("signature_secret", None)
        try:
            if values:
                integrations.change_integration(self.actor, row, **values)
            if secret is not None:
                integrations.set_signature_secret(self.actor, row, secret)
        except integrations.IntegrationRefused as error:
            raise _refused(error) from None
        return Response(self.get_serializer(row).data)

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        integrations.delete_integration(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Give an integration a new key",
        request=RotateSerializer,
        responses=IntegrationSerializer,
    )
    @action(detail=True, methods=["post"], url_path="rotate-key")
    def rotate_key(self, request: Request, pk: str) -> Response:
        """The old key works until the overlap ends."""
        row = self.get_object()
        data = RotateSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        overlap = timedelta(hours=data.validated_data["overlap_hours"])
        integrations.rotate_key(self.actor, row, overlap)
        return Response(self.get_serializer(row).data)


@extend_schema_field(OpenApiTypes.STR)
class MatchersField(serializers.Field[Any, Any, Any, Any]):
    """Alertmanager's syntax in and out."""

    def to_representation(self, value: Any) -> str:
        """`severity="critical",team=~"a|b"`."""
        return matchers.format_matchers(matchers.read_matchers(value))

    def to_internal_value(self, data: Any) -> Any:
        """A text or a list of objects; parsed by the write function."""
        return data


class RouteSerializer(serializers.ModelSerializer[Route]):
    """Which alerts go to which channels."""

    matchers = MatchersField(
        required=False, help_text='Such as severity="critical",team=~"a|b"; all must match.'
    )
    integrations = OrganizationField(many=True, required=False, queryset=Integration.objects.all())
    channels = OrganizationField(
        many=True, required=False, queryset=NotificationChannel.objects.all()
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
            *routes.SETTINGS,
        )
        read_only_fields = ("is_default",)


@extend_schema_view(
    list=extend_schema(summary="List routes in their order"),
    retrieve=extend_schema(summary="Show a route"),
    create=extend_schema(summary="Add a route above the default one"),
    partial_update=extend_schema(summary="Change a route"),
    destroy=extend_schema(summary="Remove a route"),
)
class RouteViewSet(ReadViewSet[Route]):
    """Ordered label matchers → channels. The default route takes what no other takes."""

    model = Route
    serializer_class = RouteSerializer
    pagination_class = None
    filterset_fields = ("is_default", "enabled")
    search_fields = ("name",)

    def with_related(self, rows: QuerySet[Route]) -> QuerySet[Route]:
        """Integrations and channels."""
        return rows.prefetch_related("integrations", "channels")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """With the default route, which is made when it is first needed."""
        routes.default_route(self.organization)
        return super().list(request, *args, **kwargs)

    def create(self, request: Request) -> Response:
        """Add."""
        data = self.get_serializer(data=request.data)
        data.is_valid(raise_exception=True)
        values = dict(data.validated_data)
        try:
            route = routes.create_route(self.actor, self.organization, values.pop("name"), **values)
        except routes.RouteRefused as error:
            raise _refused(error) from None
        return Response(self.get_serializer(route).data, status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        route = self.get_object()
        data = self.get_serializer(route, data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        try:
            routes.change_route(self.actor, route, **data.validated_data)
        except routes.RouteRefused as error:
            raise _refused(error) from None
        return Response(self.get_serializer(self.get_object()).data)

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        try:
            routes.delete_route(self.actor, self.get_object())
        except routes.RouteRefused as error:
            raise _refused(error) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


class EpisodeSerializer(serializers.ModelSerializer[Episode]):
    """One time that the alert fired."""

    class Meta:
        model = Episode
        fields = ("number", "severity", "starts_at", "ends_at")


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """One labelled condition and its last episode."""

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


class AlertFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """By state, severity, label and time."""

    label = filters.CharFilter(
        method="by_label", label='A label, as name=value; several with "&label=".'
    )
    started_after = filters.IsoDateTimeFilter(field_name="starts_at", lookup_expr="gte")
    started_before = filters.IsoDateTimeFilter(field_name="starts_at", lookup_expr="lt")

    class Meta:
        model = Alert
        fields = ("status", "severity", "integration", "fingerprint", "name")

    def by_label(self, rows: QuerySet[Alert], name: str, value: str) -> QuerySet[Alert]:
        """Every label named must have that value."""
        for number, pair in enumerate(self.data.getlist("label")):
            label, separator, wanted = pair.partition("=")
            if not separator:
                raise serializers.ValidationError(
                    {"label": f"Give a label as name=value, not {pair[:80]!r}."}
                )
            # A transform, not a look-up by name: label names may hold two underscores.
            alias = f"label_{number}"
            rows = rows.alias(**{alias: KeyTextTransform(label, "labels")}).filter(
                **{alias: wanted}
            )
        return rows


@extend_schema_view(
    list=extend_schema(summary="List alerts"),
    retrieve=extend_schema(summary="Show an alert with its episodes"),
)
class AlertViewSet(ReadViewSet[Alert]):
    """Alerts as they are now."""

    model = Alert
    serializer_class = AlertSerializer
    filterset_class = AlertFilter
    search_fields = ("name", "summary", "fingerprint")

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


class GroupMessageSerializer(serializers.ModelSerializer[GroupMessage]):
    """The group in one channel."""

    message_id = serializers.IntegerField(source="message.message_id", default=None)

    class Meta:
        model = GroupMessage
        fields = ("channel", "message_id", "due_at", "sounded_at", "repeat_at", "routed")


class GroupSerializer(serializers.ModelSerializer[AlertGroup]):
    """Alerts of one route and group key shown together."""

    alert_count = serializers.IntegerField(read_only=True, default=None)

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

    alerts = serializers.SerializerMethodField()
    messages = GroupMessageSerializer(many=True, read_only=True)
    timeline = TimelineSerializer(many=True, read_only=True)

    class Meta(GroupSerializer.Meta):
        fields = (*GroupSerializer.Meta.fields, "alerts", "messages", "timeline")  # type: ignore[assignment]  # more
        read_only_fields = fields  # type: ignore[assignment]  # more

    @extend_schema_field(AlertSerializer(many=True))
    def get_alerts(self, group: AlertGroup) -> Any:
        """The alerts in it."""
        return AlertSerializer([member.alert for member in group.members.all()], many=True).data


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

    def with_related(self, rows: QuerySet[AlertGroup]) -> QuerySet[AlertGroup]:
        """Counts in lists, everything in the detail."""
        rows = rows.annotate(alert_count=Count("members"))
        if self.action != "retrieve":
            return rows
        members = GroupMember.objects.for_organization(self.organization).select_related("alert")
        return rows.prefetch_related(Prefetch("members", members), "messages__message", "timeline")

    def get_serializer_class(self) -> type[serializers.BaseSerializer[AlertGroup]]:
        """All in the detail."""
        return GroupDetailSerializer if self.action == "retrieve" else GroupSerializer


class TraceSerializer(serializers.ModelSerializer[Trace]):
    """One POST and what became of it."""

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

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_story(self, trace: Trace) -> Any:
        """Alert → route → group → channel → deliveries → attempts."""
        return asdict(trace_story(trace))


class TraceFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """By sender, answer and time."""

    received_after = filters.IsoDateTimeFilter(field_name="received_at", lookup_expr="gte")
    received_before = filters.IsoDateTimeFilter(field_name="received_at", lookup_expr="lt")
    unrouted = filters.BooleanFilter(
        field_name="unrouted", lookup_expr="gt", label="Only POSTs with alerts in no channel."
    )

    class Meta:
        model = Trace
        fields = ("integration", "status", "source")


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

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Trace]]:
        """The story in the detail."""
        return TraceDetailSerializer if self.action == "retrieve" else TraceSerializer
