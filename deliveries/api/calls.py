"""REST: deliveries and their attempts."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.pagination import NewestFirst
from accounts.parsers import FormParser, JsonParser, MultiPartParser
from accounts.permissions import Capability
from accounts.rest import ReadViewSet, conflicts
from accounts.rest_filters import Moment, RestFilterSet
from deliveries import clock, retrying
from deliveries.api.bodies import Body, identity_of_files
from deliveries.api.once import IDEMPOTENCY_KEY, accepted_once
from deliveries.api.schemas import CHANGE_EXAMPLES, ChangeFormSerializer, ChangeSerializer
from deliveries.changes import NotChangeable, change_message
from deliveries.drafts import DraftRefused, draft
from deliveries.kinds import CHANGES, Circumstances
from deliveries.messages import circumstances
from deliveries.models import Delivery, DeliveryAttempt, PollAnswer, SentPoll


class AttemptSerializer(serializers.ModelSerializer[DeliveryAttempt]):
    """One try, with Telegram's own words."""

    class Meta:
        model = DeliveryAttempt
        fields = (
            "number",
            "method",
            "started_at",
            "finished_at",
            "outcome",
            "status",
            "description",
            "retry_after",
            "maybe_sent",
        )


class StepSerializer(serializers.Serializer[Any]):
    """One step of the ladder: what was left out, and what Telegram had refused."""

    step = serializers.CharField()


@extend_schema_field(StepSerializer(many=True))
class LadderField(serializers.JSONField):
    """The stored ladder, as it is."""


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One Bot API call and what became of it."""

    message_id = serializers.IntegerField(
        source="target.message_id",
        read_only=True,
        default=None,
        allow_null=True,
        help_text="Telegram's.",
    )
    url = serializers.SerializerMethodField()
    ladder = LadderField(read_only=True, help_text="What was left out after refusals, and why.")

    class Meta:
        model = Delivery
        fields = (
            "id",
            "url",
            "channel",
            "bot",
            "purpose",
            "method",
            "state",
            "priority",
            "attempts",
            "maybe_sent",
            "message_id",
            "outcome",
            "description",
            "ladder",
            "created_at",
            "due_at",
            "not_before",
            "settled_at",
        )
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, delivery: Delivery) -> str:
        """Where to read it again."""
        return str(reverse("delivery-detail", [delivery.pk], request=self.context.get("request")))


class DiceSerializer(serializers.Serializer[Any]):
    """What Telegram threw."""

    emoji = serializers.CharField()
    value = serializers.IntegerField()


class OptionSerializer(serializers.Serializer[Any]):
    """One option of a poll."""

    text = serializers.CharField()
    voter_count = serializers.IntegerField()


class PollSerializer(serializers.ModelSerializer[SentPoll]):
    """A poll as Telegram last told of it; who chose what is under `answers/`."""

    options = OptionSerializer(many=True, read_only=True)

    class Meta:
        model = SentPoll
        fields = (
            "poll_id",
            "question",
            "options",
            "total_voter_count",
            "is_anonymous",
            "is_closed",
        )
        read_only_fields = fields


class ResultSerializer(serializers.Serializer[Any]):
    """What Telegram told of the message."""

    kind = serializers.CharField()
    message_ids = serializers.ListField(
        child=serializers.IntegerField(), help_text="All of an album; none before it is sent."
    )
    file_id = serializers.CharField(
        allow_null=True, help_text="Of its file; with this bot it can be sent again."
    )
    dice = DiceSerializer(allow_null=True)
    poll = PollSerializer(allow_null=True)


class DeliveryDetailSerializer(DeliverySerializer):
    """With its attempts, and what Telegram told of its message."""

    tries = AttemptSerializer(many=True, read_only=True)
    result = serializers.SerializerMethodField(help_text="null for a chat action.")

    class Meta(DeliverySerializer.Meta):
        fields = (*DeliverySerializer.Meta.fields, "result", "tries")  # type: ignore[assignment]  # two more
        read_only_fields = fields  # type: ignore[assignment]  # two more

    @extend_schema_field(ResultSerializer(allow_null=True))
    def get_result(self, delivery: Delivery) -> dict[str, Any] | None:
        """Of the message that it makes or changes."""
        message = delivery.target
        if message is None:
            return None
        told = message.result or {}
        poll = getattr(message, "poll", None)
        return {
            "kind": message.kind,
            "message_ids": message.message_ids,
            "file_id": told.get("file_id"),
            "dice": told.get("dice"),
            "poll": None if poll is None else dict(PollSerializer(poll).data),
        }


class AnswerSerializer(serializers.ModelSerializer[PollAnswer]):
    """What one voter chose in a poll that is not anonymous."""

    class Meta:
        model = PollAnswer
        fields = ("voter_id", "voter_name", "option_ids", "answered_at")
        read_only_fields = fields


class DeliveryFilter(RestFilterSet):
    """By states, channel and time."""

    state = filters.MultipleChoiceFilter(choices=Delivery.State.choices)
    created_after = Moment(field_name="created_at", lookup_expr="gte")
    created_before = Moment(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Delivery
        fields = ("state", "channel", "bot", "purpose", "method", "maybe_sent")


@extend_schema_view(
    list=extend_schema(summary="List deliveries"),
    retrieve=extend_schema(
        summary="Show a delivery with its attempts", responses=DeliveryDetailSerializer
    ),
)
class DeliveryViewSet(ReadViewSet[Delivery]):
    """Every call to Telegram, what it answered, and how to try again."""

    model = Delivery
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter
    repeatable_parameters = ("state",)
    search_fields = ("description",)
    ordering_fields = ("created_at", "due_at")
    paged_actions = ("answers",)
    capabilities: ClassVar[dict[str, Capability]] = {
        "retry": Capability.RESPOND,
        "changes": Capability.RESPOND,
    }

    def with_related(self, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """The message it makes or edits; attempts only where they are shown."""
        if self.action == "retrieve":
            return rows.select_related("target__poll").prefetch_related("tries")
        if self.action == "changes":
            return rows.select_related("target", "channel__chat")
        return rows.select_related("target")

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Delivery]]:
        """Attempts in the detail."""
        return DeliveryDetailSerializer if self.action == "retrieve" else DeliverySerializer

    @extend_schema(
        summary="Try an undeliverable call again",
        description="409 when it isn't dead, or when newer state of its message followed it.",
        request=None,
        parameters=[IDEMPOTENCY_KEY],
        responses={202: DeliverySerializer},
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Put it in its queue once more."""
        self.no_body()
        delivery = self.get_object()

        def work() -> dict[str, Any]:
            retrying.retry(delivery, self.actor)
            delivery.refresh_from_db()
            return dict(self.get_serializer(delivery).data)

        with conflicts(retrying.NotRetryable):
            return accepted_once(self, "retry", {"delivery": str(delivery.pk)}, work)

    @extend_schema(
        summary="Change or delete a message",
        description="Of the message that this delivery sent: another text, caption, file or "
        "keyboard, the next place of a live location, the end of a poll, or its deletion. It "
        "leaves behind what waits of the same message, or merged into it. 409 when the message "
        "can't be changed so. 202 with the delivery of the change.",
        request={
            "application/json": ChangeSerializer,
            "multipart/form-data": ChangeFormSerializer,
            "application/x-www-form-urlencoded": ChangeFormSerializer,
        },
        parameters=[IDEMPOTENCY_KEY],
        responses={202: DeliverySerializer},
        examples=[
            OpenApiExample(name, value, request_only=True)
            for name, value in CHANGE_EXAMPLES.items()
        ],
    )
    @action(detail=True, methods=["post"], parser_classes=[JsonParser, MultiPartParser, FormParser])
    def changes(self, request: Request, pk: str) -> Response:
        """Put a change in the outbox."""
        sending = self.get_object()
        body = Body(request.data, CHANGES)
        about = Circumstances("", clock.now().timestamp())
        if sending.channel is not None:
            about = circumstances(sending.channel)
        try:
            change = draft(body.kind, body.params, body.uploads, about)
        except DraftRefused as refusal:
            body.refuse(refusal)

        def work() -> dict[str, Any]:
            return dict(self.get_serializer(change_message(sending, change)).data)

        identity = {"delivery": str(sending.pk), "kind": body.kind.name, **change.params}
        if change.files:
            identity["files"] = identity_of_files(change)
        with conflicts(NotChangeable):
            return accepted_once(self, "changes", identity, work)

    @extend_schema(
        summary="List who chose what in a poll",
        description="The newest first. Empty for an anonymous poll, and for what is none.",
        responses=AnswerSerializer(many=True),
    )
    @action(detail=True, filter_backends=[], pagination_class=NewestFirst)
    def answers(self, request: Request, pk: str) -> Response:
        """Of the poll that this delivery sent."""
        rows: QuerySet[PollAnswer] = PollAnswer.objects.for_organization(self.organization)
        rows = rows.filter(poll__message=self.get_object().target_id)
        page: Any = self.paginate_queryset(rows)  # type: ignore[arg-type]  # rows of another model
        return self.get_paginated_response(AnswerSerializer(page, many=True).data)
