"""REST: routes."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.pagination import WholeList
from accounts.rest import OrganizationRows, ReadViewSet, conflicts, refusals
from accounts.rest_serializers import StrictModelSerializer, Text
from alerts import matchers, routes
from alerts.models import Integration, Route
from channels_app.models import NotificationChannel

DAY = 86_400
LABELS_MAX = 50


@extend_schema_field({"type": "string"})
class MatchersField(serializers.Field[Any, Any, Any, Any]):
    """Alertmanager's syntax in and out."""

    def to_representation(self, value: Any) -> str:
        """`severity="critical",team=~"a|b"`."""
        return matchers.format_matchers(matchers.read_matchers(value))

    def to_internal_value(self, data: Any) -> Any:
        """A text or a list of objects; parsed by the write function."""
        return data


class RouteSerializer(StrictModelSerializer[Route]):
    """Which alerts go to which channels."""

    matchers = MatchersField(
        required=False, help_text='Such as severity="critical",team=~"a|b"; all must match.'
    )
    integrations = OrganizationRows(
        Integration, required=False, help_text="IDs; empty: alerts of all integrations."
    )
    channels = OrganizationRows(NotificationChannel, required=False, help_text="IDs.")
    position = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    group_by = serializers.ListField(
        child=Text(max_length=200),
        max_length=LABELS_MAX,
        required=False,
        allow_null=True,
        help_text='Label names, or ["..."] for all; null: as the sender grouped, else all labels '
        "but instance.",
    )
    group_wait = serializers.IntegerField(
        min_value=0, max_value=DAY, required=False, help_text="Seconds before a first message."
    )
    group_interval = serializers.IntegerField(
        min_value=0,
        max_value=DAY,
        required=False,
        help_text="Seconds between messages about changes.",
    )
    repeat_interval = serializers.IntegerField(
        min_value=0,
        max_value=365 * DAY,
        required=False,
        help_text="Seconds after which a firing group is told again; 0: never.",
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
                },
                request_only=True,
            )
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
    serializer_class = RouteSerializer
    pagination_class = WholeList
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
        values = self.body()
        with refusals(routes.RouteRefused):
            route = routes.create_route(self.actor, self.organization, values.pop("name"), **values)
        return self.created(route)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        route = self.get_object()
        values = self.body(route)
        with refusals(routes.RouteRefused):
            routes.change_route(self.actor, route, **values)
        return self.shown(self.get_object())

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        route = self.get_object()
        with conflicts(routes.RouteRefused):
            routes.delete_route(self.actor, route)
        return Response(status=status.HTTP_204_NO_CONTENT)
