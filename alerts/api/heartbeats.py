"""REST: heartbeats."""

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

from accounts.permissions import Capability, may
from accounts.rest import OrganizationRow, ReadViewSet, refusals
from accounts.rest_serializers import StrictModelSerializer, Text
from accounts.zones import zone_names
from alerts.api.duration_fields import SecondsField
from alerts.api.routes import MatchersField
from alerts.heartbeats import changes as heartbeats
from alerts.heartbeats.rules import CRON_MAX, SECONDS_MAX, SECONDS_MIN, State, state_of
from alerts.heartbeats.state import facts_of
from alerts.models import Heartbeat, HeartbeatPing, Integration
from channels_app.encryption import CannotDecrypt
from deliveries import clock


class PingSerializer(StrictModelSerializer[HeartbeatPing]):
    """One of the last pings."""

    duration = serializers.SerializerMethodField(
        help_text="Seconds since it said that it started; null where it did not."
    )

    class Meta:
        model = HeartbeatPing
        fields = (
            "at",
            "kind",
            "exit_code",
            "duration",
            "method",
            "remote_addr",
            "user_agent",
            "body",
        )
        read_only_fields = fields

    @extend_schema_field({"type": ["number", "null"]})
    def get_duration(self, row: HeartbeatPing) -> float | None:
        """In seconds."""
        return row.duration.total_seconds() if row.duration is not None else None


class HeartbeatSerializer(StrictModelSerializer[Heartbeat]):
    """A job that has to ping in time."""

    ping_url = serializers.SerializerMethodField(
        help_text="What the job asks for; holds the key, so only admins see it."
    )
    state = serializers.SerializerMethodField(
        help_text="new: not pinged yet. late: due, with some of its grace left."
    )
    reason = serializers.ChoiceField(
        choices=Heartbeat.Reason.choices,
        allow_blank=True,
        read_only=True,
        help_text="Why it is down; empty: it is not.",
    )
    period = SecondsField(
        min_value=SECONDS_MIN,
        max_value=SECONDS_MAX,
        required=False,
        allow_null=True,
        help_text="Seconds within which a ping is followed by the next one; or use cron.",
    )
    cron = serializers.CharField(
        max_length=CRON_MAX,
        required=False,
        allow_blank=True,
        help_text="When it runs, as crontab says it: 0 3 * * *; or use period.",
    )
    timezone = serializers.ChoiceField(
        choices=["", *zone_names()],
        required=False,
        help_text="Of cron; empty: the organization's.",
    )
    grace = SecondsField(
        min_value=SECONDS_MIN,
        max_value=SECONDS_MAX,
        required=False,
        help_text="Seconds that a ping may be late, or that a run may take.",
    )
    labels = serializers.DictField(
        child=Text(max_length=heartbeats.LABEL_VALUE_MAX),
        required=False,
        help_text="Labels of its alerts, for routes.",
    )
    integration = OrganizationRow(
        Integration,
        required=False,
        allow_null=True,
        help_text="Alerts that come here and match ping it, such as Prometheus' Watchdog.",
    )
    matchers = MatchersField(
        required=False, help_text='Which of these alerts: alertname="Watchdog"; all match.'
    )
    last_duration = serializers.SerializerMethodField(
        help_text="Seconds that the last run took, where it said that it started."
    )

    class Meta:
        model = Heartbeat
        fields = (
            "id",
            "name",
            "description",
            "ping_url",
            "state",
            "period",
            "cron",
            "timezone",
            "grace",
            "severity",
            "labels",
            "integration",
            "matchers",
            "enabled",
            "last_ping_at",
            "started_at",
            "last_duration",
            "due_at",
            "alarm_at",
            "down_at",
            "reason",
            "created_at",
        )
        read_only_fields = (
            "enabled",
            "last_ping_at",
            "started_at",
            "due_at",
            "alarm_at",
            "down_at",
            "reason",
            "created_at",
        )
        # One name per organization is checked by heartbeats, which knows whose.
        validators: ClassVar[list[Any]] = []

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_ping_url(self, row: Heartbeat) -> str | None:
        """None for those who may not manage, and when the encryption key is gone."""
        if not may(self.context["view"].role, Capability.MANAGE):
            return None
        try:
            return heartbeats.ping_url(row)
        except CannotDecrypt:
            return None

    @extend_schema_field({"type": "string", "enum": list(State)})
    def get_state(self, row: Heartbeat) -> str:
        """How it stands now."""
        return state_of(facts_of(row), clock.now())

    @extend_schema_field({"type": ["number", "null"]})
    def get_last_duration(self, row: Heartbeat) -> float | None:
        """In seconds."""
        return row.last_duration.total_seconds() if row.last_duration is not None else None


@extend_schema_view(
    list=extend_schema(summary="List heartbeats"),
    retrieve=extend_schema(summary="Show a heartbeat"),
    create=extend_schema(
        summary="Add a heartbeat",
        examples=[
            OpenApiExample(
                "A nightly job",
                {
                    "name": "Backup",
                    "cron": "0 3 * * *",
                    "timezone": "Europe/Berlin",
                    "grace": 1800,
                    "labels": {"team": "core"},
                },
                request_only=True,
            ),
            OpenApiExample("At least hourly", {"name": "Sync", "period": "1h"}, request_only=True),
        ],
    ),
    partial_update=extend_schema(
        summary="Change a heartbeat",
        examples=[OpenApiExample("More patience", {"grace": 3600}, request_only=True)],
    ),
    destroy=extend_schema(summary="Remove a heartbeat; what it alerted of ends"),
)
class HeartbeatViewSet(ReadViewSet[Heartbeat]):
    """Jobs that have to ping in time: an alert fires when one does not."""

    model = Heartbeat
    serializer_class = HeartbeatSerializer
    filterset_fields = ("enabled", "integration")
    search_fields = ("name", "description")
    ordering_fields = ("created_at", "name")

    def create(self, request: Request) -> Response:
        """Add."""
        values = self.body()
        with refusals(heartbeats.HeartbeatRefused):
            row = heartbeats.create_heartbeat(
                self.actor, self.organization, values.pop("name"), **values
            )
        return self.created(row)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        row = self.get_object()
        values = self.body(row)
        with refusals(heartbeats.HeartbeatRefused):
            row = heartbeats.change_heartbeat(self.actor, row, **values)
        return self.shown(row)

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        heartbeats.delete_heartbeat(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Expect nothing of a heartbeat until it is resumed",
        request=None,
        responses=HeartbeatSerializer,
    )
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """What it alerted of ends; pings are still noted."""
        row = self.get_object()
        self.no_body()
        with refusals(heartbeats.HeartbeatRefused):
            row = heartbeats.pause(self.actor, row)
        return self.shown(row)

    @extend_schema(summary="Expect a heartbeat again", request=None, responses=HeartbeatSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """One that was pinged before has one period from now."""
        row = self.get_object()
        self.no_body()
        with refusals(heartbeats.HeartbeatRefused):
            row = heartbeats.resume(self.actor, row)
        return self.shown(row)

    @extend_schema(
        summary="Give a heartbeat a new URL", request=None, responses=HeartbeatSerializer
    )
    @action(detail=True, methods=["post"], url_path="rotate-key")
    def rotate_key(self, request: Request, pk: str) -> Response:
        """The former one stops working at once."""
        row = self.get_object()
        self.no_body()
        return self.shown(heartbeats.rotate_key(self.actor, row))

    @extend_schema(
        summary="List a heartbeat's last pings",
        responses=PingSerializer(many=True),
    )
    @action(detail=True, filter_backends=[], pagination_class=None)
    def pings(self, request: Request, pk: str) -> Response:
        """The newest first, twenty at most."""
        rows: QuerySet[HeartbeatPing] = HeartbeatPing.objects.for_organization(self.organization)
        rows = rows.filter(heartbeat=self.get_object()).order_by("-at")
        return Response(PingSerializer(rows, many=True).data)
