"""REST: bots lent and borrowed."""

from typing import Any, ClassVar, cast

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organization
from accounts.rest import ReadViewSet, refusals
from accounts.rest_filters import RestFilterSet
from accounts.rest_serializers import StrictModelSerializer
from channels_app import bots, loans
from channels_app.models import Bot, BotGrant


class GrantSerializer(StrictModelSerializer[BotGrant]):
    """A loan, seen from either side."""

    # An ID, not a name: names could be guessed, and so found out who is a customer here.
    grantee = serializers.PrimaryKeyRelatedField(
        queryset=Organization.objects.all(),
        help_text="The other organization's ID, which its members find in their console.",
    )
    grantee_name = serializers.CharField(source="grantee.name", read_only=True)
    lender_name = serializers.CharField(source="organization.name", read_only=True)
    bot = serializers.UUIDField(source="bot_id")

    class Meta:
        model = BotGrant
        fields = ("id", "bot", "lender_name", "grantee", "grantee_name", "created_at")
        read_only_fields = ("created_at",)
        # Lending twice changes nothing, and says so with the same loan.
        validators: ClassVar[list[Any]] = []


class GrantFilter(RestFilterSet):
    """By bot."""

    class Meta:
        model = BotGrant
        fields = ("bot",)


@extend_schema_view(
    list=extend_schema(summary="List bots lent and borrowed"),
    retrieve=extend_schema(summary="Show a loan"),
    create=extend_schema(
        summary="Lend a bot",
        description="The other organization may use the bot and never sees its token.",
        examples=[
            OpenApiExample(
                "To a customer",
                {
                    "bot": "0190a000-0000-7000-8000-000000000000",
                    "grantee": "0190a000-0000-7000-8000-000000000001",
                },
                request_only=True,
            )
        ],
    ),
    destroy=extend_schema(summary="Take a bot back"),
)
class GrantViewSet(ReadViewSet[BotGrant]):
    """Bots lent to other organizations, and theirs lent to this one."""

    model = BotGrant
    serializer_class = GrantSerializer
    filterset_class = GrantFilter
    ordering_fields = ("created_at",)

    def owned(self, organization: Organization) -> QuerySet[BotGrant]:
        """Both sides may read a loan; only the lender ends it."""
        if self.request.method in ("GET", "HEAD", "OPTIONS"):
            return BotGrant.objects.filter(Q(organization=organization) | Q(grantee=organization))
        return BotGrant.objects.for_organization(organization)

    def with_related(self, rows: QuerySet[BotGrant]) -> QuerySet[BotGrant]:
        """Both names."""
        return rows.select_related("organization", "grantee")

    def create(self, request: Request) -> Response:
        """Lend."""
        values = self.body()
        bot = cast("Bot", self.own_or_400(Bot, "bot", values["bot_id"]))
        with refusals(bots.BotRefused):
            grant = loans.lend_bot(self.actor, bot, values["grantee"])
        return self.created(grant)

    def destroy(self, request: Request, pk: str) -> Response:
        """Take back."""
        loans.take_back(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
