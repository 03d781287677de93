"""REST: an integration's upstream, as a part of the integration."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Capability, may
from accounts.problems import ApiRefusal
from accounts.rest import OrganizationViewSet, refusals
from accounts.rest_serializers import Strict
from alerts.models import Integration, Upstream
from alerts.upstreams import changes as upstreams
from alerts.upstreams.refusals import read_refusals


class NotTakenSerializer(serializers.Serializer[Any]):
    """A silence that cannot be kept equal."""

    silence = serializers.UUIDField(allow_null=True, help_text="ID; null: it is there alone.")
    matchers = serializers.CharField(help_text="Empty where they cannot be read.")
    side = serializers.ChoiceField(("here", "there"), help_text="Which one does not take it.")
    reason = serializers.CharField()
    retry_at = serializers.DateTimeField(
        allow_null=True, help_text="It is tried again then, or once either side changes it."
    )


class UpstreamSerializer(Strict):
    """The Alertmanager or Grafana behind an integration: silences are kept equal on both sides."""

    kind = serializers.ChoiceField(choices=Upstream.Kind.choices, default="alertmanager")
    url = serializers.CharField(
        max_length=500,
        help_text="Such as http://alertmanager:9093; keys that may not manage see its host alone.",
    )
    username = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        default="",
        help_text="Of basic authentication; empty: the secret is sent as a bearer token.",
    )
    secret = serializers.CharField(
        max_length=upstreams.SECRET_MAX,
        required=False,
        allow_blank=True,
        write_only=True,
        help_text="Password or token; empty: none; left out: it stays.",
    )
    enabled = serializers.BooleanField(required=False, default=True)
    has_secret = serializers.SerializerMethodField()
    synced_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="When both sides were last compared."
    )
    problem = serializers.CharField(read_only=True, help_text="Why they do not; empty: they do.")
    refused = serializers.SerializerMethodField(
        help_text="Silences that one side does not take, at most 200."
    )

    @extend_schema_field(NotTakenSerializer(many=True))
    def get_refused(self, row: Upstream) -> list[dict[str, Any]]:
        """Each with its reason."""
        return [
            {
                "silence": one.silence or None,
                "matchers": one.matchers,
                "side": one.side,
                "reason": one.reason,
                "retry_at": datetime.fromtimestamp(one.again, UTC) if one.again else None,
            }
            for one in read_refusals(row.refused)
        ]

    @extend_schema_field(OpenApiTypes.BOOL)
    def get_has_secret(self, row: Upstream) -> bool:
        """Whether one is kept."""
        return bool(row.secret_encrypted)

    def to_representation(self, instance: Upstream) -> dict[str, Any]:
        """Who may not manage sees the host alone: the rest may be a secret."""
        shown = dict(super().to_representation(instance))
        if not may(self.context["view"].role, Capability.MANAGE):
            parts = urlsplit(instance.url)
            shown["url"] = f"{parts.scheme}://{parts.netloc}/…"
        return shown


class UpstreamViewSet(OrganizationViewSet[Integration]):
    """One per integration."""

    model = Integration
    serializer_class = UpstreamSerializer

    @extend_schema(summary="Show an integration's upstream", responses=UpstreamSerializer)
    def show_upstream(self, request: Request, pk: str) -> Response:
        """404 without one."""
        return self.shown(self._upstream())

    @extend_schema(
        summary="Keep silences equal with an integration's Alertmanager or Grafana",
        description="Silences that are made, changed or ended on either side appear on the other "
        "within ten seconds. Another `url` or `username` needs the `secret` again.",
        request=UpstreamSerializer,
        responses={200: UpstreamSerializer, 201: UpstreamSerializer},
        examples=[
            OpenApiExample(
                "An Alertmanager", {"url": "http://alertmanager:9093"}, request_only=True
            ),
            OpenApiExample(
                "A Grafana",
                {"kind": "grafana", "url": "https://grafana.example.org", "secret": "glsa_…"},
                request_only=True,
            ),
        ],
    )
    def set_upstream(self, request: Request, pk: str) -> Response:
        """Create or replace."""
        integration = self.get_object()
        values = self.body()
        rows = Upstream.objects.for_organization(self.organization)
        is_new = not rows.filter(integration=integration).exists()
        with refusals(upstreams.UpstreamRefused):
            row = upstreams.set_upstream(self.actor, integration, **values)
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(self.get_serializer(row).data, status=code)

    @extend_schema(summary="Ask an integration's upstream no more", responses={204: None})
    def remove_upstream(self, request: Request, pk: str) -> Response:
        """Silences stay on both sides as they are."""
        upstreams.remove_upstream(self.actor, self._upstream())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _upstream(self) -> Upstream:
        rows = Upstream.objects.for_organization(self.organization)
        found = rows.select_related("integration").filter(integration=self.get_object()).first()
        if found is None:
            raise ApiRefusal(404, "This integration has no upstream. PUT one here.")
        return found
