"""REST: silences."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Capability
from accounts.rest import (
    OrganizationRows,
    OrganizationViewSet,
    ReadViewSet,
    refusals,
)
from accounts.rest_serializers import Strict, StrictModelSerializer
from alerts.api.fields import LabelsField
from alerts.api.routes import MatchersField
from alerts.api.silence_filters import SilenceFilter
from alerts.durations import DurationError, parse_length
from alerts.matchers import Matcher
from alerts.models import Integration, Silence
from alerts.muting import silences
from alerts.muting.silence_rows import alert_counts
from alerts.muting.silenced_alerts import Held, held_alerts
from alerts.muting.silences import Wanted
from alerts.muting.silencing import (
    AUTHOR_MAX,
    COMMENT_MAX,
    SilenceRefused,
    SilenceState,
    read_silence_matchers,
)
from deliveries import clock
from deliveries.api.once import IDEMPOTENCY_KEY, created_once

INTEGRATION_HELP = "Whose alerts alone it holds for; null: of all integrations."
MATCHERS_HELP = 'Such as alertname="DiskFull",instance=~"db.*"; all must match.'


class Times(Strict):
    """When it begins and ends, and what for."""

    starts_at = serializers.DateTimeField(required=False, help_text="Now, unless given.")
    ends_at = serializers.DateTimeField(
        required=False, help_text="Or give a duration in place of it."
    )
    duration = serializers.CharField(
        write_only=True,
        required=False,
        max_length=50,
        help_text="Such as 30m, 2h, 1d or 1h30m, from the start on; of one that has begun, from "
        "now on.",
    )
    comment = serializers.CharField(required=False, allow_blank=True, max_length=COMMENT_MAX)
    author = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=AUTHOR_MAX,
        help_text="Who is named for it; the API key, unless given.",
    )

    def validate_duration(self, value: str) -> timedelta:
        """How long."""
        try:
            return parse_length(value)
        except DurationError as error:
            raise serializers.ValidationError(str(error)) from None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """An end in one way, which a new one needs."""
        if "ends_at" in attrs and "duration" in attrs:
            raise serializers.ValidationError({"duration": "Give either ends_at or a duration."})
        if self.instance is None and not attrs.keys() & {"ends_at", "duration"}:
            raise serializers.ValidationError({"ends_at": "Give ends_at or a duration, as 2h."})
        return attrs


class SilencingSerializer(Times):
    """A silence from an alert or a group."""

    matchers = MatchersField(
        required=False, help_text=f"{MATCHERS_HELP} Without: the labels that it was made from."
    )


class SilenceSerializer(StrictModelSerializer[Silence], Times):
    """Alerts that all matchers match are not told of from its start to its end."""

    matchers = MatchersField(help_text=MATCHERS_HELP)
    integration = serializers.UUIDField(
        source="integration_id",
        allow_null=True,
        required=False,
        help_text=f"{INTEGRATION_HELP} It stays as it is when the silence is changed.",
    )
    state = serializers.SerializerMethodField()
    alert_count = serializers.SerializerMethodField(
        help_text="Firing alerts that it holds for now; of one that is not active, 0."
    )

    class Meta:
        model = Silence
        fields = (
            "id",
            "matchers",
            "integration",
            "state",
            "starts_at",
            "ends_at",
            "duration",
            "comment",
            "author",
            "way",
            "alert_count",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("way", "created_at", "updated_at")

    def get_state(self, silence: Silence) -> SilenceState:
        """Where it stands now."""
        return silences.state_of(silence)

    def get_alert_count(self, silence: Silence) -> int:
        """As counted for the whole page, or for this one."""
        counts: dict[Any, int] = getattr(self.context["view"], "alert_counts", {})
        if silence.pk not in counts:
            return alert_counts([silence])[silence.pk]
        return counts[silence.pk]


class PreviewSerializer(Strict):
    """A silence that somebody thinks of."""

    matchers = MatchersField(help_text=MATCHERS_HELP)
    integration = serializers.UUIDField(allow_null=True, required=False, help_text=INTEGRATION_HELP)


class HeldAlertSerializer(serializers.Serializer[Any]):
    """An alert that it would hold for."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    severity = serializers.CharField()
    labels = LabelsField()


class HeldSerializer(serializers.Serializer[Held]):
    """What it would hold for now."""

    count = serializers.IntegerField()
    alerts = HeldAlertSerializer(many=True, help_text="The newest few.")
    is_whole = serializers.BooleanField(
        help_text="False where more alerts fire than were looked at: the count is of the newest."
    )


class ManySerializer(Strict):
    """Which ones."""

    silences = OrganizationRows(Silence, help_text="IDs.")


class ExpiredSerializer(serializers.Serializer[Any]):
    """What was done."""

    expired = serializers.ListField(
        child=serializers.UUIDField(), help_text="Those that had not ended before."
    )


def wanted_of(
    values: dict[str, Any], before: Silence | None = None, integration: Integration | None = None
) -> Wanted:
    """What the checked body asks for; what a change does not name stays."""
    now = clock.now()
    starts_at = values.get("starts_at", before.starts_at if before else now)
    if "duration" in values:
        ends_at = max(starts_at, now) + values["duration"]
    else:
        ends_at = values.get("ends_at", before.ends_at if before else None)
    return Wanted(
        matchers=values.get("matchers", before.matchers if before else None),
        starts_at=starts_at,
        ends_at=ends_at,
        comment=values.get("comment", before.comment if before else ""),
        author=values.get("author", before.author if before else ""),
        integration=integration,
    )


def silenced(
    view: OrganizationViewSet[Any],
    subject: str,
    serializer: type[Times],
    matchers: Callable[[], Sequence[Matcher]] | None,
    work: Callable[[Wanted], Silence],
) -> Response:
    """201 with the silence that `work` makes of the body, once for each Idempotency-Key.

    `subject`: what it is made from, which tells requests apart as the body does. `matchers`: what
    it holds for where the body does not say.
    """
    values = view.body(serializer=serializer)

    def body() -> dict[str, Any]:
        if matchers is not None and "matchers" not in values:
            values["matchers"] = [matcher.to_json() for matcher in matchers()]
        pk = values.get("integration_id")
        integration = view.own_or_400(Integration, "integration", pk) if pk else None
        silence = work(wanted_of(values, integration=integration))
        return dict(SilenceSerializer(silence, context=view.get_serializer_context()).data)

    request = {"subject": subject, "body": view.request.data}
    with refusals(SilenceRefused):
        return created_once(view, "silence", request, body)


@extend_schema_view(
    list=extend_schema(summary="List silences"),
    retrieve=extend_schema(summary="Show a silence"),
    create=extend_schema(
        summary="Add a silence",
        description="It holds from its start to its end for alerts that all matchers match.",
        parameters=[IDEMPOTENCY_KEY],
        examples=[
            OpenApiExample(
                "For two hours",
                {
                    "matchers": 'alertname="DiskFull",instance=~"db.*"',
                    "duration": "2h",
                    "comment": "The disk is replaced",
                },
                request_only=True,
            ),
            OpenApiExample(
                "A night to come",
                {
                    "matchers": [{"name": "team", "op": "=", "value": "db"}],
                    "starts_at": "2026-12-01T22:00:00Z",
                    "ends_at": "2026-12-02T04:00:00Z",
                },
                request_only=True,
            ),
        ],
    ),
    partial_update=extend_schema(
        summary="Change a silence",
        description="As in Alertmanager, other matchers, or another start of one that has begun, "
        "make another silence: this one ends, and the answer shows the new one with its own ID. "
        "One that has ended begins anew in the same way.",
        examples=[OpenApiExample("Two hours more", {"duration": "2h"}, request_only=True)],
    ),
)
class SilenceViewSet(ReadViewSet[Silence]):
    """What is not told of for a while."""

    model = Silence
    capabilities: ClassVar[dict[str, Capability]] = {
        "preview": Capability.VIEW,
        **dict.fromkeys(("create", "partial_update", "expire", "expire_many"), Capability.RESPOND),
    }
    serializer_class = SilenceSerializer
    filterset_class = SilenceFilter
    search_fields = ("comment", "author")
    ordering_fields = ("starts_at", "ends_at", "updated_at")
    default_ordering = "-ends_at"
    repeatable_parameters = ("matcher",)

    def paginate_queryset(self, queryset: Any) -> Any:
        """What each silence of the page holds for is counted at once."""
        page = super().paginate_queryset(queryset)
        self.alert_counts = alert_counts(page or [])
        return page

    def create(self, request: Request) -> Response:
        """Add."""
        return silenced(
            self,
            "",
            SilenceSerializer,
            None,
            lambda wanted: silences.create_silence(self.actor, self.organization, wanted),
        )

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        silence = self.get_object()
        values = self.body(silence)
        if values.get("integration_id", silence.integration_id) != silence.integration_id:
            raise serializers.ValidationError(
                {"integration": "This stays as it is: end the silence and add another one."}
            )
        with refusals(SilenceRefused):
            return self.shown(
                silences.change_silence(self.actor, silence, wanted_of(values, silence))
            )

    @extend_schema(
        summary="End a silence now", description="One that has ended stays as it is.", request=None
    )
    @action(detail=True, methods=["post"])
    def expire(self, request: Request, pk: str) -> Response:
        """It holds no more."""
        self.no_body()
        silences.expire_silence(self.actor, self.get_object())
        return self.shown(self.get_object())

    @extend_schema(
        operation_id="silences_expire_many",
        summary="End silences now",
        request=ManySerializer,
        responses=ExpiredSerializer,
        examples=[
            OpenApiExample(
                "One", {"silences": ["0190a000-0000-7000-8000-000000000000"]}, request_only=True
            )
        ],
    )
    @action(
        detail=False, methods=["post"], url_path="expire", filter_backends=[], pagination_class=None
    )
    def expire_many(self, request: Request) -> Response:
        """Each in turn; those that have ended stay as they are."""
        rows: list[Silence] = self.body(serializer=ManySerializer)["silences"]
        expired = [row.pk for row in rows if silences.expire_silence(self.actor, row)]
        return Response(ExpiredSerializer({"expired": expired}).data)

    @extend_schema(
        summary="Which firing alerts a silence would hold for",
        request=PreviewSerializer,
        responses=HeldSerializer,
        examples=[OpenApiExample("By name", {"matchers": "alertname=DiskFull"}, request_only=True)],
    )
    @action(detail=False, methods=["post"], filter_backends=[], pagination_class=None)
    def preview(self, request: Request) -> Response:
        """Nothing is stored."""
        values = self.body(serializer=PreviewSerializer)
        with refusals(SilenceRefused):
            matchers = read_silence_matchers(values["matchers"])
        pk = values.get("integration")
        if pk:
            self.own_or_400(Integration, "integration", pk)
        (held,) = held_alerts(self.organization, [matchers], [pk])
        return Response(HeldSerializer(held).data)
