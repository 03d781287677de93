"""REST: escalation policies."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.pagination import WholeList
from accounts.rest import OrganizationRows, ReadViewSet, refusals
from accounts.rest_serializers import Strict, StrictModelSerializer
from alerts.api.duration_fields import MinutesField
from alerts.escalations import changes as escalations
from alerts.escalations.changes import AFTER_MAX, CHANNELS_MAX, REPEATS_MAX, STEPS_MAX, Step
from alerts.models import EscalationPolicy
from channels_app.models import NotificationChannel


class EscalationStepSerializer(Strict):
    """After so many minutes these channels are told."""

    after = MinutesField(
        min_value=1,
        max_value=AFTER_MAX,
        help_text="Minutes since the group opened.",
    )
    channels = OrganizationRows(
        NotificationChannel, help_text=f"IDs of 1 to {CHANNELS_MAX} channels."
    )


class EscalationSerializer(StrictModelSerializer[EscalationPolicy]):
    """Who is told of what nobody acknowledges, and when."""

    steps = EscalationStepSerializer(many=True, help_text=f"1 to {STEPS_MAX}, the soonest first.")
    repeat_every = MinutesField(
        min_value=0,
        max_value=AFTER_MAX,
        required=False,
        help_text="Minutes after which the last step is taken again; 0: never.",
    )
    repeat_times = serializers.IntegerField(
        min_value=0, max_value=REPEATS_MAX, required=False, help_text="How many times it is."
    )

    class Meta:
        model = EscalationPolicy
        fields = (
            "id",
            "name",
            "threshold",
            "steps",
            "repeat_every",
            "repeat_times",
            "created_at",
        )
        read_only_fields = ("created_at",)
        # One name per organization is checked by escalations, which knows whose.
        validators: ClassVar[list[Any]] = []


@extend_schema_view(
    list=extend_schema(summary="List escalation policies"),
    retrieve=extend_schema(summary="Show an escalation policy"),
    create=extend_schema(
        summary="Add an escalation policy; routes name it in their escalation",
        examples=[
            OpenApiExample(
                "The lead after 15 minutes, then again",
                {
                    "name": "Nights",
                    "threshold": "high",
                    "steps": [
                        {"after": 15, "channels": ["0190a000-0000-7000-8000-000000000000"]},
                    ],
                    "repeat_every": 30,
                    "repeat_times": 3,
                },
                request_only=True,
            )
        ],
    ),
    partial_update=extend_schema(
        summary="Change an escalation policy",
        examples=[OpenApiExample("No repeats", {"repeat_times": 0}, request_only=True)],
    ),
    destroy=extend_schema(summary="Remove an escalation policy; its routes escalate no more"),
)
class EscalationViewSet(ReadViewSet[EscalationPolicy]):
    """Steps that a route's groups take while nobody acknowledges them."""

    model = EscalationPolicy
    serializer_class = EscalationSerializer
    pagination_class = WholeList
    search_fields = ("name",)

    def with_related(self, rows: QuerySet[EscalationPolicy]) -> QuerySet[EscalationPolicy]:
        """Steps with their channels."""
        return rows.prefetch_related("steps__channels")

    def create(self, request: Request) -> Response:
        """Add."""
        values = self.body()
        with refusals(escalations.EscalationRefused):
            policy = escalations.create_policy(
                self.actor, self.organization, values.pop("name"), **_with_steps(values)
            )
        return self.created(policy)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names; `steps` replace all of them."""
        policy = self.get_object()
        values = self.body(policy)
        with refusals(escalations.EscalationRefused):
            escalations.change_policy(self.actor, policy, **_with_steps(values))
        return self.shown(self.get_object())

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        escalations.delete_policy(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _with_steps(values: dict[str, Any]) -> dict[str, Any]:
    if "steps" in values:
        values["steps"] = [Step(step["after"], step["channels"]) for step in values["steps"]]
    return values
