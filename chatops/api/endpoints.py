"""REST: endpoints, which are programs of the organization's."""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.pagination import WholeList
from accounts.permissions import Capability, may
from accounts.rest import ReadViewSet, refusals
from accounts.rest_serializers import Strict
from chatops.endpoints import changes
from chatops.models import Endpoint, EndpointCall
from deliveries.api.once import IDEMPOTENCY_KEY, done_once


class EndpointSerializer(Strict):
    """A program that is called with signed POSTs."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=changes.NAME_MAX)
    url = serializers.CharField(
        max_length=changes.URL_MAX,
        help_text="https://… Keys that may not manage see its host alone.",
    )
    created_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: Endpoint) -> dict[str, Any]:
        """Who may not manage sees the host of a URL alone: the rest may be a secret."""
        shown = dict(super().to_representation(instance))
        if not may(self.context["view"].role, Capability.MANAGE):
            parts = urlsplit(instance.url)
            shown["url"] = f"{parts.scheme}://{parts.hostname}/…"
        return shown


class ChangedEndpointSerializer(EndpointSerializer):
    """With what another URL needs."""

    secret = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        write_only=True,
        help_text="The present secret, to have another URL called.",
    )
    new_secret = serializers.BooleanField(
        required=False, write_only=True, help_text="Make a new secret."
    )


class SavedEndpointSerializer(EndpointSerializer):
    """With the secret, where one was made: the one time that it is shown."""

    secret = serializers.CharField(
        read_only=True,
        help_text="Shown this once, empty where none was made; POSTs are signed with it.",
    )


class EndpointCallSerializer(serializers.ModelSerializer[EndpointCall]):
    """A POST to an endpoint, and what came of it."""

    class Meta:
        model = EndpointCall
        fields = ("id", "event", "state", "attempts", "said", "created_at", "settled_at")
        read_only_fields = fields


@extend_schema_view(
    list=extend_schema(summary="List endpoints"),
    retrieve=extend_schema(summary="Show an endpoint"),
)
class EndpointViewSet(ReadViewSet[Endpoint]):
    """Programs that are told of answers, at an address of theirs."""

    model = Endpoint
    serializer_class = EndpointSerializer
    pagination_class = WholeList
    search_fields = ("name",)
    capabilities: ClassVar[dict[str, Capability]] = {"test": Capability.RESPOND}

    @extend_schema(
        summary="Add an endpoint",
        description="The `secret` in the answer signs every POST, and is shown this once.",
        responses={201: SavedEndpointSerializer},
        examples=[
            OpenApiExample(
                "A program",
                {"name": "Deploys", "url": "https://deploy.example.org/tocsin"},
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        """Add."""
        values = self.body()
        with refusals(changes.EndpointRefused):
            saved = changes.create_endpoint(self.actor, self.organization, **values)
        response = self.created(saved.endpoint)
        return self._with_secret(response, saved.secret)

    @extend_schema(
        summary="Change an endpoint",
        description="Another `url` needs the present `secret`, or `new_secret`.",
        request=ChangedEndpointSerializer,
        responses=SavedEndpointSerializer,
        examples=[OpenApiExample("Another name", {"name": "Deploys"}, request_only=True)],
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        row = self.get_object()
        values = self.body(row, serializer=ChangedEndpointSerializer)
        with refusals(changes.EndpointRefused):
            saved = changes.change_endpoint(self.actor, row, **values)
        return self._with_secret(self.shown(saved.endpoint), saved.secret)

    @extend_schema(summary="Remove an endpoint, with the calls that wait", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        changes.delete_endpoint(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Test an endpoint",
        description="A real POST. Its verdict is in the endpoint's calls within 10 s.",
        request=None,
        parameters=[IDEMPOTENCY_KEY],
        responses=EndpointCallSerializer,
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Start a test."""
        self.no_body()
        row = self.get_object()

        def work() -> dict[str, Any]:
            return dict(EndpointCallSerializer(changes.request_test(self.actor, row)).data)

        return done_once(self, "endpoint test", {"endpoint": str(row.pk)}, work)

    @extend_schema(
        summary="List an endpoint's last calls",
        description="The newest hundred.",
        responses=EndpointCallSerializer(many=True),
        filters=False,
    )
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def calls(self, request: Request, pk: str) -> Response:
        """What came of them."""
        rows: QuerySet[EndpointCall] = EndpointCall.objects.for_organization(self.organization)
        newest = rows.filter(endpoint=self.get_object())[:100]
        return Response(EndpointCallSerializer(newest, many=True).data)

    def _with_secret(self, response: Response, secret: str) -> Response:
        response.data["secret"] = secret
        response["Cache-Control"] = "no-store"
        return response
