"""REST: approvals, which are questions to a chat with buttons to answer."""

from datetime import timedelta
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Capability
from accounts.rest import ReadViewSet, conflicts, refusals
from accounts.rest_serializers import Strict, StrictModelSerializer
from channels_app.models import NotificationChannel
from chatops.approvals import changes, rules
from chatops.approvals.rules import ApprovalRefused
from chatops.models import Approval, Endpoint
from deliveries.api.once import IDEMPOTENCY_KEY, created_once


class ChoiceSerializer(Strict):
    """One button."""

    value = serializers.CharField(max_length=rules.VALUE_MAX, help_text="What you are told.")
    label = serializers.CharField(  # type: ignore[assignment]  # the library has one of its own
        max_length=rules.LABEL_MAX, required=False, help_text="What people read; else the value."
    )


class ApprovalSerializer(StrictModelSerializer[Approval]):
    """A question, and what came of it."""

    choices = ChoiceSerializer(
        many=True, required=False, help_text="2 to 8 buttons; without them Approve and Deny."
    )
    text = serializers.CharField(
        max_length=rules.TEXT_MAX, required=False, allow_blank=True, help_text="Plain text."
    )
    channel = serializers.UUIDField(source="channel_id")
    endpoint = serializers.UUIDField(
        source="endpoint_id",
        required=False,
        allow_null=True,
        help_text="Which endpoint is told what came of it; without one, ask here.",
    )
    expires_in = serializers.IntegerField(
        required=False,
        write_only=True,
        min_value=int(rules.SHORTEST.total_seconds()),
        max_value=int(rules.LONGEST.total_seconds()),
        help_text="Seconds; an hour unless you say so.",
    )
    delivery = serializers.SerializerMethodField(
        help_text="How far the question is: the state of its message."
    )

    class Meta:
        model = Approval
        fields = (
            *("id", "channel", "title", "text", "choices", "who", "endpoint", "expires_in"),
            *("state", "answer", "answered_by", "settled_at", "expires_at", "created_at"),
            *("created_by", "delivery"),
        )
        read_only_fields = (
            *("state", "answer", "answered_by", "settled_at", "expires_at", "created_at"),
            "created_by",
        )

    def get_delivery(self, row: Approval) -> str:
        """As its SentMessage says; "" once that is purged."""
        return str(row.message.state) if row.message else ""


@extend_schema_view(
    list=extend_schema(summary="List approvals"),
    retrieve=extend_schema(
        summary="Show an approval",
        description="Its `state` is open until somebody answers, its time is over, or you cancel.",
    ),
)
class ApprovalViewSet(ReadViewSet[Approval]):
    """May this go on? People in a chat say so."""

    model = Approval
    serializer_class = ApprovalSerializer
    filterset_fields = ("state", "channel")
    search_fields = ("title",)
    capabilities: ClassVar[dict[str, Capability]] = dict.fromkeys(
        ("create", "cancel"), Capability.RESPOND
    )

    def with_related(self, rows: QuerySet[Approval]) -> QuerySet[Approval]:
        """The message; for a change of it more."""
        if self.action == "cancel":
            related = ("channel__chat", "channel__organization", "message__stream", "endpoint")
            return rows.select_related(*related)
        return rows.select_related("message")

    @extend_schema(
        summary="Ask a channel",
        parameters=[IDEMPOTENCY_KEY],
        examples=[
            OpenApiExample(
                "A deploy",
                {
                    "channel": "0192f0c1-7a30-7c1e-8b3e-0c5a3d0f7a11",
                    "title": "Deploy 2.4.1 to production?",
                    "text": "42 changes since 2.4.0.",
                    "expires_in": 900,
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        """Ask."""
        given = self.body()
        values = dict(given)
        channel = self.own_or_400(NotificationChannel, "channel", values.pop("channel_id"))
        endpoint_id = values.pop("endpoint_id", None)
        endpoint = endpoint_id and self.own_or_400(Endpoint, "endpoint", endpoint_id)
        if "expires_in" in values:
            values["expires_in"] = timedelta(seconds=values["expires_in"])

        def work() -> dict[str, Any]:
            made = changes.create_approval(self.actor, channel, endpoint=endpoint, **values)
            return dict(self.get_serializer(made).data)

        request_key = {name: str(value) for name, value in given.items()}
        with refusals(ApprovalRefused):
            return created_once(self, "approval", request_key, work)

    @extend_schema(
        summary="Take a question back",
        description="409 when it is settled already.",
        request=None,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Nobody need answer any more."""
        self.no_body()
        with conflicts(ApprovalRefused):
            changes.cancel(self.actor, self.get_object())
        return self.shown(self.get_object())
