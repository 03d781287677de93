"""REST: mute timings."""

from datetime import datetime

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
from accounts.rest import ReadViewSet, conflicts, refusals
from accounts.rest_serializers import StrictModelSerializer
from alerts.models import MuteTiming
from alerts.muting import mute_timings
from deliveries import clock


@extend_schema_field(
    {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "times": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["start_time", "end_time"],
                        "properties": {
                            "start_time": {"type": "string"},
                            "end_time": {"type": "string"},
                        },
                    },
                },
                **{
                    name: {"type": "array", "items": {"type": "string"}}
                    for name in ("weekdays", "days_of_month", "months", "years")
                },
                "location": {"type": "string"},
            },
        },
    }
)
class IntervalsField(serializers.JSONField):
    """Alertmanager's time intervals, checked by the write function."""


class MuteTimingSerializer(StrictModelSerializer[MuteTiming]):
    """Named times of the week or year, for routes."""

    name = serializers.CharField(max_length=mute_timings.NAME_MAX)
    intervals = IntervalsField(
        help_text="As in Alertmanager: one of them has to hold; of one all parts that are given. "
        "A night is two times: until 24:00 and from 00:00. Without a location the organization's "
        "zone counts."
    )
    holds_now = serializers.SerializerMethodField()
    changes_at = serializers.SerializerMethodField(
        help_text="When that changes next; null: not within about a year."
    )

    class Meta:
        model = MuteTiming
        fields = ("id", "name", "intervals", "holds_now", "changes_at", "created_at")
        read_only_fields = ("created_at",)

    def get_holds_now(self, row: MuteTiming) -> bool:
        """Whether it holds."""
        return mute_timings.state_of(row, clock.now())[0]

    @extend_schema_field({"type": "string", "format": "date-time", "nullable": True})
    def get_changes_at(self, row: MuteTiming) -> datetime | None:
        """When it begins or ceases to."""
        return mute_timings.state_of(row, clock.now())[1]


@extend_schema_view(
    list=extend_schema(summary="List mute timings"),
    retrieve=extend_schema(summary="Show a mute timing"),
    create=extend_schema(
        summary="Add a mute timing",
        examples=[
            OpenApiExample(
                "Nights and weekends",
                {
                    "name": "Out of hours",
                    "intervals": [
                        {
                            "times": [
                                {"start_time": "00:00", "end_time": "07:00"},
                                {"start_time": "20:00", "end_time": "24:00"},
                            ]
                        },
                        {"weekdays": ["saturday", "sunday"], "location": "Europe/Berlin"},
                    ],
                },
                request_only=True,
            )
        ],
    ),
    partial_update=extend_schema(
        summary="Change a mute timing",
        examples=[OpenApiExample("Another name", {"name": "Nights"}, request_only=True)],
    ),
    destroy=extend_schema(summary="Remove a mute timing that no route uses"),
)
class MuteTimingViewSet(ReadViewSet[MuteTiming]):
    """When routes tell nothing (`mute_timings`), or nothing but then (`active_timings`)."""

    model = MuteTiming
    serializer_class = MuteTimingSerializer
    pagination_class = WholeList
    search_fields = ("name",)

    def with_related(self, rows: QuerySet[MuteTiming]) -> QuerySet[MuteTiming]:
        """The organization, for its zone."""
        return rows.select_related("organization")

    def create(self, request: Request) -> Response:
        """Add."""
        values = self.body()
        with refusals(mute_timings.MuteTimingRefused):
            made = mute_timings.create_mute_timing(self.actor, self.organization, **values)
        return self.created(made)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        row = self.get_object()
        values = self.body(row)
        with refusals(mute_timings.MuteTimingRefused):
            mute_timings.change_mute_timing(self.actor, row, **values)
        return self.shown(self.get_object())

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove; 409 while routes use it."""
        row = self.get_object()
        with conflicts(mute_timings.MuteTimingRefused):
            mute_timings.delete_mute_timing(self.actor, row)
        return Response(status=status.HTTP_204_NO_CONTENT)
