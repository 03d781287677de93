"""REST: integrations."""

from datetime import timedelta
from typing import Any, ClassVar

from django.db import transaction
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
from accounts.rest import ReadViewSet, conflicts, refusals
from accounts.rest_serializers import Strict, StrictModelSerializer, Text
from alerts import integrations
from alerts.models import Integration
from alerts.resolve_timeout import SECONDS_MAX, SECONDS_MIN
from channels_app.encryption import CannotDecrypt

PER_MINUTE_MAX = 1_000_000


class IntegrationSerializer(StrictModelSerializer[Integration]):
    """An inbound source."""

    ingest_url = serializers.SerializerMethodField(
        help_text="Where the sender POSTs; holds the key, so only admins see it."
    )
    signature_secret = serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        max_length=500,
        help_text="With a secret every POST must be signed (Grafana's HMAC); empty: none.",
    )
    signed = serializers.SerializerMethodField(help_text="Whether POSTs must be signed.")
    ignored_labels = serializers.ListField(
        child=Text(max_length=200),
        max_length=100,
        required=False,
        help_text="Labels that don't tell alerts apart, such as replica.",
    )
    ingest_limit = serializers.IntegerField(
        min_value=1,
        max_value=PER_MINUTE_MAX,
        required=False,
        help_text="Accepted POSTs a minute; more hear 503 with Retry-After.",
    )
    resolve_timeout = serializers.IntegerField(
        min_value=SECONDS_MIN,
        max_value=SECONDS_MAX,
        required=False,
        allow_null=True,
        help_text="Seconds after which a firing alert is over that was not repeated; more than the"
        " sender's repeat interval. Null: webhooks' alerts burn until their end is told.",
    )

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
            "resolve_timeout",
            "previous_key_expires_at",
            "last_received_at",
            "created_at",
        )
        read_only_fields = ("previous_key_expires_at", "last_received_at", "created_at")
        # One name per organization is checked by integrations, which knows whose.
        validators: ClassVar[list[Any]] = []

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_ingest_url(self, row: Integration) -> str | None:
        """None for those who may not manage, for that of the heartbeats, and when the encryption
        key is gone."""
        is_inner = row.kind == Integration.Kind.HEARTBEAT
        if is_inner or not may(self.context["view"].role, Capability.MANAGE):
            return None
        try:
            return integrations.ingest_url(row)
        except CannotDecrypt:
            return None

    @extend_schema_field(OpenApiTypes.BOOL)
    def get_signed(self, row: Integration) -> bool:
        """Whether POSTs must be signed."""
        return bool(row.signature_secret_encrypted)


class RotateSerializer(Strict):
    """How long the old key works beside the new one."""

    overlap_hours = serializers.IntegerField(min_value=0, max_value=24 * 30, default=24)


@extend_schema_view(
    list=extend_schema(summary="List integrations"),
    retrieve=extend_schema(summary="Show an integration"),
    create=extend_schema(
        summary="Add an integration",
        examples=[
            OpenApiExample("Any sender", {"name": "Production"}, request_only=True),
            OpenApiExample(
                "Two Prometheus replicas",
                {"name": "Prometheus", "kind": "alertmanager", "ignored_labels": ["replica"]},
                request_only=True,
            ),
        ],
    ),
    partial_update=extend_schema(
        summary="Change an integration",
        examples=[OpenApiExample("Switch off", {"enabled": False}, request_only=True)],
    ),
    destroy=extend_schema(summary="Remove an integration with its alerts"),
)
class IntegrationViewSet(ReadViewSet[Integration]):
    """Inbound sources, each with its own key and kind."""

    model = Integration
    serializer_class = IntegrationSerializer
    filterset_fields = ("kind", "enabled")
    search_fields = ("name",)
    ordering_fields = ("created_at", "name")

    def create(self, request: Request) -> Response:
        """Add."""
        values = self.body()
        secret = values.pop("signature_secret", "")
        with refusals(integrations.IntegrationRefused), transaction.atomic():
            row, _ = integrations.create_integration(
                self.actor, self.organization, values.pop("name"), **values
            )
            if secret:
                integrations.set_signature_secret(self.actor, row, secret)
        return self.created(row)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names, all of it or nothing."""
        row = self.get_object()
        values = self.body(row)
        secret = values.pop("signature_secret", None)
        with refusals(integrations.IntegrationRefused), transaction.atomic():
            if values:
                integrations.change_integration(self.actor, row, **values)
            if secret is not None:
                integrations.set_signature_secret(self.actor, row, secret)
        return self.shown(row)

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        row = self.get_object()
        with conflicts(integrations.IntegrationRefused):
            integrations.delete_integration(self.actor, row)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Give an integration a new key",
        request=RotateSerializer,
        responses=IntegrationSerializer,
        examples=[OpenApiExample("At once", {"overlap_hours": 0}, request_only=True)],
    )
    @action(detail=True, methods=["post"], url_path="rotate-key")
    def rotate_key(self, request: Request, pk: str) -> Response:
        """The old key works until the overlap ends."""
        row = self.get_object()
        overlap = timedelta(hours=self.body(serializer=RotateSerializer)["overlap_hours"])
        with conflicts(integrations.IntegrationRefused):
            integrations.rotate_key(self.actor, row, overlap)
        return self.shown(row)
