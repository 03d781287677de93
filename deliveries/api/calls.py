"""REST: deliveries and their attempts."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.permissions import Capability
from accounts.rest import ReadViewSet, conflicts
from accounts.rest_filters import Moment, RestFilterSet
from deliveries import outbox
from deliveries.api.once import IDEMPOTENCY_KEY, accepted_once
from deliveries.models import Delivery, DeliveryAttempt


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


class DeliveryDetailSerializer(DeliverySerializer):
    """With its attempts."""

    tries = AttemptSerializer(many=True, read_only=True)

    class Meta(DeliverySerializer.Meta):
        fields = (*DeliverySerializer.Meta.fields, "tries")  # type: ignore[assignment]  # one more
        read_only_fields = fields  # type: ignore[assignment]  # one more


class DeliveryFilter(RestFilterSet):
    """By state, channel and time."""

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
    search_fields = ("description",)
    ordering_fields = ("created_at", "due_at")
    capabilities: ClassVar[dict[str, Capability]] = {"retry": Capability.RESPOND}

    def with_related(self, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """The message it makes or edits; attempts only where they are shown."""
        rows = rows.select_related("target")
        return rows.prefetch_related("tries") if self.action == "retrieve" else rows

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
            outbox.retry(delivery, self.actor)
            delivery.refresh_from_db()
            return dict(self.get_serializer(delivery).data)

        with conflicts(outbox.NotRetryable):
            return accepted_once(self, "retry", {"delivery": str(delivery.pk)}, work)
