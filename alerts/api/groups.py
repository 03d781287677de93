"""REST: groups."""

from collections.abc import Callable
from typing import Any, ClassVar, Final

from django.db.models import Count, QuerySet
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import Actor
from accounts.models import Membership
from accounts.permissions import Capability
from accounts.rest import ReadViewSet, conflicts, refusals
from alerts import responding
from alerts.api.group_serializers import (
    SEVERAL,
    AssignSerializer,
    CommentSerializer,
    DoneSerializer,
    GroupDetailSerializer,
    GroupSerializer,
    GroupsSerializer,
    SilencedManySerializer,
    SilencingManySerializer,
    TimelineSerializer,
    done_json,
)
from alerts.api.silences import (
    SilenceSerializer,
    SilencingSerializer,
    silenced,
    wanted_of,
)
from alerts.fallbacks.recipients import with_call
from alerts.models import AlertGroup
from alerts.muting.silencing import SilenceRefused
from deliveries.api.once import IDEMPOTENCY_KEY, done_once

_PLAIN: Final[dict[str, Any]] = {"filter_backends": [], "pagination_class": None}
"""An action on the whole list that lists nothing."""


@extend_schema_view(
    list=extend_schema(summary="List groups"),
    retrieve=extend_schema(
        summary="Show a group with alerts, channels and timeline", responses=GroupDetailSerializer
    ),
)
class GroupViewSet(ReadViewSet[AlertGroup]):
    """What is the case, as the channels see it."""

    model = AlertGroup
    capabilities: ClassVar[dict[str, Capability]] = dict.fromkeys(
        (
            *("acknowledge", "unacknowledge", "assign", "comment", "resolve", "silence"),
            *("acknowledge_many", "resolve_many", "silence_many"),
        ),
        Capability.RESPOND,
    )
    serializer_class = GroupSerializer
    filterset_fields = ("status", "severity", "is_open", "route")
    search_fields = ("title",)
    ordering_fields = ("opened_at", "changed_at")

    def with_related(self, rows: QuerySet[AlertGroup]) -> QuerySet[AlertGroup]:
        """How many alerts; channels only where they are shown."""
        if self.action in ("silence", "resolve"):
            rows = rows.select_related("organization")
        if self.action == "silence":
            return rows
        rows = rows.annotate(alert_count=Count("members"))
        if self.action != "retrieve":
            return rows
        taken = with_call("messages__take_overs")
        return rows.prefetch_related("messages__message", "messages__storm__message", taken)

    def get_serializer_class(self) -> type[serializers.BaseSerializer[AlertGroup]]:
        """All in the detail."""
        return GroupDetailSerializer if self.action == "retrieve" else GroupSerializer

    @extend_schema(
        summary="Acknowledge a group",
        description="Repeats stop. Whoever was first stays. 409 when the group is over.",
        request=None,
    )
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Somebody is on it."""
        self.no_body()
        with conflicts(responding.ResponseRefused):
            responding.acknowledge(self.actor, self.get_object())
        return self.shown(self.get_object())

    @extend_schema(summary="Take an acknowledgement back", request=None)
    @action(detail=True, methods=["post"])
    def unacknowledge(self, request: Request, pk: str) -> Response:
        """Nobody is on it any more."""
        self.no_body()
        responding.unacknowledge(self.actor, self.get_object())
        return self.shown(self.get_object())

    @extend_schema(
        summary="Give a group to a member",
        description="Channels are told by an edit. 409 when the group is over.",
        request=AssignSerializer,
        examples=[OpenApiExample("Nobody's", {"member": None}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """Somebody's, or nobody's."""
        group = self.get_object()
        pk_of_member = self.body(serializer=AssignSerializer)["member"]
        member = self.own_or_400(Membership, "member", pk_of_member) if pk_of_member else None
        with conflicts(responding.ResponseRefused):
            responding.assign(self.actor, group, member.user if member else None)
        return self.shown(self.get_object())

    @extend_schema(
        summary="Resolve a group by hand",
        description="Ends what fires in it, in every group that shows it. What its sender only "
        "repeats stays resolved. 409 when nothing fires in it.",
        request=None,
    )
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """It is over."""
        self.no_body()
        with conflicts(responding.ResponseRefused):
            responding.resolve(self.actor, self.get_object())
        return self.shown(self.get_object())

    @extend_schema(
        operation_id="groups_acknowledge_many",
        summary="Acknowledge several groups",
        request=GroupsSerializer,
        responses=DoneSerializer,
        examples=[SEVERAL],
    )
    @action(detail=False, methods=["post"], url_path="acknowledge", **_PLAIN)
    def acknowledge_many(self, request: Request) -> Response:
        """Somebody is on all of them."""
        return self._to_many(responding.acknowledge)

    @extend_schema(
        operation_id="groups_resolve_many",
        summary="Resolve several groups by hand",
        request=GroupsSerializer,
        responses=DoneSerializer,
        examples=[SEVERAL],
    )
    @action(detail=False, methods=["post"], url_path="resolve", **_PLAIN)
    def resolve_many(self, request: Request) -> Response:
        """All of them are over."""
        return self._to_many(responding.resolve)

    def _to_many(self, work: Callable[[Actor, AlertGroup], object]) -> Response:
        groups = self.body(serializer=GroupsSerializer)["groups"]
        outcome = responding.to_each(groups, lambda group: work(self.actor, group))
        return Response(DoneSerializer(done_json(outcome)).data)

    @extend_schema(
        operation_id="groups_silence_many",
        summary="Silence several groups",
        description="Adds one silence for each, for what the group's firing alerts have in common, "
        "and a line in its timeline.",
        request=SilencingManySerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses=SilencedManySerializer,
        examples=[
            OpenApiExample(
                "For two hours",
                {"groups": ["0190a000-0000-7000-8000-000000000000"], "duration": "2h"},
                request_only=True,
            )
        ],
    )
    @action(detail=False, methods=["post"], url_path="silence", **_PLAIN)
    def silence_many(self, request: Request) -> Response:
        """Somebody knows of all of them."""
        values = self.body(serializer=SilencingManySerializer)

        def work() -> dict[str, Any]:
            outcome = responding.silence_each(self.actor, values["groups"], wanted_of(values))
            made = [silence.pk for _, silence in outcome.done]
            return dict(SilencedManySerializer({**done_json(outcome), "silences": made}).data)

        with refusals(SilenceRefused):
            return done_once(self, "silence_many", {"body": request.data}, work)

    @extend_schema(
        summary="Comment on a group",
        request=CommentSerializer,
        responses={201: TimelineSerializer},
        examples=[OpenApiExample("A word", {"text": "Disk is replaced at 9"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def comment(self, request: Request, pk: str) -> Response:
        """A line in its timeline."""
        group = self.get_object()
        text = self.body(serializer=CommentSerializer)["text"]
        with refusals(responding.ResponseRefused):
            line = responding.comment(self.actor, group, text)
        return Response(TimelineSerializer(line).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Silence a group",
        description="Adds a silence, by default for what the group's firing alerts have in common, "
        "and a line in its timeline.",
        request=SilencingSerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: SilenceSerializer},
        examples=[
            OpenApiExample("For two hours", {"duration": "2h"}, request_only=True),
            OpenApiExample(
                "More than this group",
                {"duration": "1d", "matchers": 'cluster="staging"', "comment": "Rebuilt"},
                request_only=True,
            ),
        ],
    )
    @action(detail=True, methods=["post"])
    def silence(self, request: Request, pk: str) -> Response:
        """Somebody knows of it."""
        group = self.get_object()
        return silenced(
            self,
            str(group.pk),
            SilencingSerializer,
            lambda: responding.matchers_of_group(group),
            lambda wanted: responding.silence_group(self.actor, group, wanted),
        )
