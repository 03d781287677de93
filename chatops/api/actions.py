"""REST: own commands and buttons, and their runs."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.pagination import WholeList
from accounts.permissions import Capability
from accounts.problems import ApiRefusal
from accounts.rest import OrganizationRow, OrganizationRows, ReadViewSet, refusals
from accounts.rest_serializers import Strict, StrictModelSerializer, Text
from channels_app.models import NotificationChannel
from chatops.actions import changes, known, rules, runs
from chatops.actions.rules import ActionRefused
from chatops.models import ActionRun, Endpoint, OwnAction
from deliveries.api.once import IDEMPOTENCY_KEY, created_once


class ActionSerializer(StrictModelSerializer[OwnAction]):
    """A command or button of your own."""

    name = serializers.CharField(
        max_length=rules.NAME_MAX + 1, help_text="a-z, 0-9 and _: typed as /name."
    )
    endpoint = OrganizationRow(Endpoint, help_text="The endpoint that it calls.")
    button = serializers.CharField(
        max_length=rules.BUTTON_MAX,
        required=False,
        allow_blank=True,
        help_text="Label of a button in the More… menu under alerts; empty for none.",
    )
    channels = OrganizationRows(
        NotificationChannel,
        required=False,
        help_text="In whose chats it is there; empty: in those of all channels.",
    )
    choices = serializers.ListField(
        child=Text(max_length=rules.CHOICE_MAX),
        required=False,
        max_length=rules.CHOICES_MAX,
        help_text="What may follow the name; empty: anything.",
    )
    hint = serializers.CharField(
        max_length=rules.HINT_MAX,
        required=False,
        allow_blank=True,
        help_text="What people are told to write.",
    )
    deadline = serializers.IntegerField(
        min_value=rules.SHORTEST,
        max_value=rules.LONGEST,
        required=False,
        help_text="Seconds within which a run has to be over.",
    )

    class Meta:
        model = OwnAction
        fields = (
            *("id", "name", "description", "enabled", "endpoint", "is_command", "button"),
            *("channels", "who", "confirm", "parameter", "hint", "choices", "deadline"),
            "created_at",
        )
        read_only_fields = ("created_at",)


class TestSerializer(Strict):
    """What a test is to say."""

    __test__ = False
    argument = serializers.CharField(
        max_length=rules.ARGUMENT_MAX, required=False, allow_blank=True
    )


class RunSerializer(StrictModelSerializer[ActionRun]):
    """One time that an own command was given, and what came of it."""

    action = serializers.UUIDField(source="action_id", read_only=True, allow_null=True)
    channel = serializers.UUIDField(source="channel_id", read_only=True, allow_null=True)
    group = serializers.UUIDField(
        source="group_id",
        read_only=True,
        allow_null=True,
        help_text="The group whose button was pressed.",
    )
    delivery = serializers.SerializerMethodField(
        help_text="How far its message is; empty where it has none."
    )

    class Meta:
        model = ActionRun
        fields = (
            *("id", "action", "name", "argument", "is_test", "channel", "group", "asked_by"),
            *("state", "text", "progress", "asked_at", "started_at", "expires_at", "settled_at"),
            "delivery",
        )
        read_only_fields = fields

    def get_delivery(self, row: ActionRun) -> str:
        """As its SentMessage says; "" once that is purged."""
        return str(row.message.state) if row.message else ""


@extend_schema_view(
    list=extend_schema(summary="List own commands"),
    retrieve=extend_schema(summary="Show an own command"),
)
class ActionViewSet(ReadViewSet[OwnAction]):
    """Commands and buttons in Telegram that call your programs."""

    model = OwnAction
    serializer_class = ActionSerializer
    pagination_class = WholeList
    search_fields = ("name",)
    capabilities: ClassVar[dict[str, Capability]] = {"test": Capability.RESPOND}

    def with_related(self, rows: QuerySet[OwnAction]) -> QuerySet[OwnAction]:
        """What they call, and where they are."""
        return rows.select_related("endpoint").prefetch_related("channels")

    @extend_schema(
        summary="Add an own command",
        examples=[
            OpenApiExample(
                "Lights",
                {
                    "name": "lightson",
                    "description": "Lights on in a room",
                    "endpoint": "0192f0c1-7a30-7c1e-8b3e-0c5a3d0f7a11",
                    "parameter": "required",
                    "choices": ["hall", "kitchen"],
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        """Add."""
        values = self.body()
        with refusals(ActionRefused):
            return self.created(changes.create_action(self.actor, self.organization, **values))

    @extend_schema(
        summary="Change an own command",
        examples=[OpenApiExample("Ask first", {"confirm": True}, request_only=True)],
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        row = self.get_object()
        values = self.body(row)
        with refusals(ActionRefused):
            changes.change_action(self.actor, row, **values)
        return self.shown(self.get_object())

    @extend_schema(
        summary="Remove an own command",
        description="Runs that are open go on.",
        responses={204: None},
    )
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        changes.delete_action(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Test an own command",
        description="Calls its endpoint with a run that says `test: true` and is shown in no chat. "
        "What comes of it is in the run.",
        parameters=[IDEMPOTENCY_KEY],
        request=TestSerializer,
        responses={201: RunSerializer},
        examples=[OpenApiExample("In the hall", {"argument": "hall"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Begin a run."""
        row = self.get_object()
        if refused := known.why_no_test(self.role, row):
            raise ApiRefusal(403, refused)
        values = self.body(serializer=TestSerializer)

        def work() -> dict[str, Any]:
            made = runs.ask_test(self.actor, row, values.get("argument", ""))
            return dict(RunSerializer(made).data)

        request_key = {"action": str(row.pk), **values}
        with refusals(ActionRefused):
            return created_once(self, "action-run", request_key, work)


@extend_schema_view(
    list=extend_schema(summary="List runs of own commands"),
    retrieve=extend_schema(summary="Show a run of an own command"),
)
class ActionRunViewSet(ReadViewSet[ActionRun]):
    """Who gave which own command, and what came of it."""

    model = ActionRun
    serializer_class = RunSerializer
    filterset_fields = ("action", "state", "channel", "is_test")
    search_fields = ("name", "asked_by")

    def with_related(self, rows: QuerySet[ActionRun]) -> QuerySet[ActionRun]:
        """The message."""
        return rows.select_related("message")
