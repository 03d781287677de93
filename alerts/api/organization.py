"""REST: the organization itself. Here and not in accounts, because alerts knows severities."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import organizations
from accounts.models import Organization
from accounts.permissions import Capability
from accounts.rest import OrganizationViewSet, refusals
from accounts.rest_serializers import StrictModelSerializer
from alerts import severity

SEVERITY = {"type": ["string", "null"], "enum": [*severity.Severity, None]}
SEVERITY_MAP = {
    "type": "object",
    "properties": {
        "labels": {
            "type": ["array", "null"],
            "items": {"type": "string"},
            "minItems": 1,
            "maxItems": severity.MAX_LABELS,
        },
        "values": {"type": ["object", "null"], "additionalProperties": SEVERITY},
    },
    "additionalProperties": False,
}


@extend_schema_field(SEVERITY_MAP)
class SeverityMapField(serializers.JSONField):
    """`{"labels": ["sev"], "values": {"P1": "critical", "none": null}}`, both parts optional."""

    def to_internal_value(self, data: Any) -> Any:
        """As given, once it is known to work. The error names the part."""
        try:
            severity.DEFAULT.overridden(data)
        except severity.SeverityMapError as error:
            raise serializers.ValidationError(_at(error.field, error.reason)) from None
        return data or {}


def _at(place: str, reason: str) -> Any:
    name, _, inner = place.partition(".")
    if not name:
        return [f"The severity map {reason}."]
    return {name: {inner: f"This {reason}."} if inner else f"This {reason}."}


class OrganizationSerializer(StrictModelSerializer[Organization]):
    """The tenant that the key belongs to."""

    severity_map = SeverityMapField(
        required=False,
        help_text="Which labels tell the severity, in order, and what their values mean, on top "
        "of what is known already. Empty: the default.",
    )

    class Meta:
        model = Organization
        fields = (
            "id",
            "name",
            "slug",
            "timezone",
            "language",
            "severity_map",
            "ingest_limit",
            "created_at",
        )
        read_only_fields = ("slug", "ingest_limit", "created_at")


class OrganizationResource(OrganizationViewSet[Organization]):
    """The key's own organization; there is no way to any other."""

    model = Organization
    serializer_class = OrganizationSerializer
    capabilities: ClassVar[dict[str, Capability]] = {"partial_update": Capability.OWN}

    @extend_schema(
        operation_id="organization_retrieve",
        summary="Show the organization",
        description="Its `id` is what others need to lend you a bot.",
    )
    def retrieve(self, request: Request) -> Response:
        """The organization."""
        return self.shown(self.organization)

    @extend_schema(
        operation_id="organization_partial_update",
        summary="Change the organization",
        examples=[
            OpenApiExample(
                "Severities in a label of one's own",
                {
                    "timezone": "Europe/Berlin",
                    "severity_map": {"labels": ["sev"], "values": {"P1": "critical"}},
                },
                request_only=True,
            )
        ],
    )
    def partial_update(self, request: Request) -> Response:
        """Change what the body names."""
        values = self.body(self.organization)
        with refusals(organizations.OrganizationRefused):
            row = organizations.change_organization(self.actor, self.organization, **values)
        return self.shown(row)
