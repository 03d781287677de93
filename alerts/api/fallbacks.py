"""REST: a channel's fallback, as a part of the channel."""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.permissions import Capability, may
from accounts.problems import ApiRefusal
from accounts.rest import OrganizationViewSet, refusals
from accounts.rest_serializers import Strict, Text
from alerts.fallbacks import changes as fallbacks
from alerts.fallbacks.recipients import shown_host
from alerts.fallbacks.verdicts import last_test, verdict_of
from alerts.models import Fallback, FallbackCall
from alerts.models.fallbacks import MINUTES_MAX
from channels_app.models import NotificationChannel
from deliveries.api.once import IDEMPOTENCY_KEY, accepted_once


class FallbackSerializer(Strict):
    """What takes a channel's alerts when its chat does not get them."""

    kind = serializers.ChoiceField(choices=Fallback.Kind.choices)
    target = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        source="target_id",
        help_text="For the kind channel: the channel that takes over, best one of another bot.",
    )
    addresses = serializers.ListField(
        child=Text(max_length=254),
        required=False,
        default=list,
        max_length=fallbacks.ADDRESSES_MAX,
        help_text="For the kind email.",
    )
    url = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=500,
        help_text="For the kind webhook; keys that may not manage see its host alone.",
    )
    threshold = serializers.ChoiceField(
        choices=Fallback.Threshold.choices, required=False, default=Fallback.Threshold.CRITICAL
    )
    minutes = serializers.IntegerField(
        min_value=1, max_value=MINUTES_MAX, required=False, default=5
    )
    enabled = serializers.BooleanField(required=False, default=True)
    secret = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=200,
        write_only=True,
        help_text="The present secret, to have another URL called.",
    )
    new_secret = serializers.BooleanField(
        required=False, default=False, write_only=True, help_text="Make a new secret."
    )
    same_bot = serializers.SerializerMethodField(
        help_text="The other channel has the same bot: what stops one may stop both."
    )
    created_at = serializers.DateTimeField(read_only=True)

    def get_same_bot(self, row: Fallback) -> bool:
        """Whether what stops one may stop both."""
        return fallbacks.same_bot(row)

    def to_representation(self, instance: Fallback) -> dict[str, Any]:
        """Who may not manage sees the host of a URL alone: the rest may be a secret."""
        shown = dict(super().to_representation(instance))
        if instance.url and not may(self.context["view"].role, Capability.MANAGE):
            shown["url"] = f"{urlsplit(instance.url).scheme}://{shown_host(instance)}/…"
        return shown


class SavedFallbackSerializer(FallbackSerializer):
    """With the secret, where one was made: the one time that it is shown."""

    secret = serializers.CharField(
        read_only=True, required=False, help_text="Shown this once; POSTs are signed with it."
    )


class FallbackTestSerializer(serializers.ModelSerializer[FallbackCall]):
    """A test and its verdict."""

    url = serializers.SerializerMethodField()
    state = serializers.SerializerMethodField(help_text="waiting, ok or failed.")
    answer = serializers.SerializerMethodField(help_text="What the other side said.")

    class Meta:
        model = FallbackCall
        fields = ("id", "url", "kind", "state", "answer", "delivery", "created_at", "settled_at")
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, row: FallbackCall) -> str:
        """Where to read the verdict."""
        name, pk = "channel-fallback-test", row.fallback.channel_id
        return str(reverse(name, [pk], request=self.context.get("request")))

    def get_state(self, row: FallbackCall) -> str:
        """How far it is."""
        return verdict_of(row).state

    def get_answer(self, row: FallbackCall) -> str:
        """What was said."""
        return verdict_of(row).words


class FallbackViewSet(OrganizationViewSet[NotificationChannel]):
    """One per channel: another channel, people by e-mail, or a signed webhook."""

    model = NotificationChannel
    serializer_class = FallbackSerializer
    capabilities: ClassVar[dict[str, Capability]] = {"test_fallback": Capability.RESPOND}

    @extend_schema(summary="Show a channel's fallback", responses=FallbackSerializer)
    def show_fallback(self, request: Request, pk: str) -> Response:
        """404 without one."""
        return self.shown(self._fallback())

    @extend_schema(
        summary="Give a channel a fallback, or change it",
        description="All of it: what the body leaves out is as for a new one. A webhook's `secret` "
        "is in the answer when one was made, and never again. Another `url` needs the present "
        "`secret`, or `new_secret`.",
        request=FallbackSerializer,
        responses={200: SavedFallbackSerializer, 201: SavedFallbackSerializer},
        examples=[
            OpenApiExample(
                "By e-mail after ten minutes",
                {"kind": "email", "addresses": ["on-call@example.org"], "minutes": 10},
                request_only=True,
            ),
            OpenApiExample(
                "To a program",
                {"kind": "webhook", "url": "https://example.org/tocsin"},
                request_only=True,
            ),
        ],
    )
    def set_fallback(self, request: Request, pk: str) -> Response:
        """Create or replace."""
        channel = self.get_object()
        values = self.body()
        target = values.pop("target_id")
        values["target"] = target and self.own_or_400(NotificationChannel, "target", target)
        is_new = (
            not Fallback.objects.for_organization(self.organization)
            .filter(channel=channel)
            .exists()
        )
        with refusals(fallbacks.FallbackRefused):
            saved = fallbacks.set_fallback(self.actor, channel, **values)
        shown = dict(self.get_serializer(saved.fallback).data)
        if saved.secret:
            shown["secret"] = saved.secret
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(shown, status=code, headers={"Cache-Control": "no-store"})

    @extend_schema(summary="Remove a channel's fallback", responses={204: None})
    def remove_fallback(self, request: Request, pk: str) -> Response:
        """With what it had not told yet."""
        fallbacks.remove_fallback(self.actor, self._fallback())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Read the verdict of a fallback's last test", responses=FallbackTestSerializer
    )
    def show_fallback_test(self, request: Request, pk: str) -> Response:
        """404 when none was asked for."""
        call = last_test(self._fallback())
        if call is None:
            raise ApiRefusal(404, "This fallback was not tested yet. POST here to test it.")
        return Response(FallbackTestSerializer(call, context=self.get_serializer_context()).data)

    @extend_schema(
        summary="Test a channel's fallback",
        description="A real mail, POST or message. 202 with the test; read its `url` for the "
        "verdict, which is there within 10 s.",
        request=None,
        parameters=[IDEMPOTENCY_KEY],
        responses={202: FallbackTestSerializer},
    )
    def test_fallback(self, request: Request, pk: str) -> Response:
        """Start a test."""
        self.no_body()
        fallback = self._fallback()

        def work() -> dict[str, Any]:
            call = fallbacks.request_test(self.actor, fallback)
            return dict(FallbackTestSerializer(call, context=self.get_serializer_context()).data)

        with refusals(fallbacks.FallbackRefused):
            response = accepted_once(self, "fallback test", {"fallback": str(fallback.pk)}, work)
        response["Retry-After"] = "1"
        return response

    def _fallback(self) -> Fallback:
        channel = self.get_object()
        rows = Fallback.objects.for_organization(self.organization).filter(channel=channel)
        related = ("channel__chat", "channel__organization", "target__chat__bot")
        found = rows.select_related(*related).first()
        if found is None:
            raise ApiRefusal(404, "This channel has no fallback. PUT one here.")
        return found
