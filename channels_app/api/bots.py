"""REST: bots. deliveries/api adds verifying."""

from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organization
from accounts.rest import ReadViewSet, conflicts, refusals
from accounts.rest_serializers import StrictModelSerializer
from channels_app import bots
from channels_app.api.verdicts import VerdictField
from channels_app.models import Bot, Verification


class BotSerializer(StrictModelSerializer[Bot]):
    """A bot without its token."""

    token = serializers.CharField(
        write_only=True,
        required=False,
        trim_whitespace=True,
        max_length=200,
        help_text="From @BotFather. Never shown again; sending it anew replaces it in place.",
    )
    proxy = serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        max_length=300,
        help_text="http:// or socks5h:// URL for this bot's calls; empty: none.",
    )
    has_proxy = serializers.SerializerMethodField()
    verdict = VerdictField(read_only=True)
    masked_token = serializers.SerializerMethodField()
    owned = serializers.SerializerMethodField(help_text="False for a bot that is lent to you.")

    class Meta:
        model = Bot
        fields = (
            "id",
            "name",
            "telegram_id",
            "username",
            "token",
            "masked_token",
            "api_url",
            "proxy",
            "has_proxy",
            "updates",
            "owned",
            "enabled",
            "disabled_reason",
            "disabled_at",
            "verification",
            "verified_at",
            "verdict",
            "created_at",
        )
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "updates": {
                "help_text": "How its updates come: `polling` (a new bot's, unless you say "
                "otherwise), `webhook` or `none`."
            }
        }
        read_only_fields = (
            "telegram_id",
            "username",
            "disabled_reason",
            "disabled_at",
            "verification",
            "verified_at",
            "verdict",
            "created_at",
        )

    def to_representation(self, instance: Bot) -> dict[str, Any]:
        """A lent bot without the ways of its owner's network."""
        shown = super().to_representation(instance)
        if shown["owned"]:
            return shown
        verdict = {**shown["verdict"], "telegram": ""} if shown["verdict"] else {}
        return {**shown, "api_url": "", "has_proxy": False, "verdict": verdict}

    def get_has_proxy(self, bot: Bot) -> bool:
        """Whether the bot has a proxy of its own."""
        return bool(bot.proxy_encrypted)

    def get_masked_token(self, bot: Bot) -> str:
        """The bot's ID; the rest is never shown."""
        return bots.masked_token(bot)

    def get_owned(self, bot: Bot) -> bool:
        """Whether the bot is the organization's own."""
        return bool(bot.organization_id == self.context["view"].organization.pk)


@extend_schema_view(
    list=extend_schema(summary="List bots, own and lent"),
    retrieve=extend_schema(summary="Show a bot and what its last check found"),
    create=extend_schema(
        summary="Register a bot",
        description="Stored at once and checked in the background: read `verification`.",
        examples=[
            OpenApiExample(
                "From @BotFather",
                {"name": "Alerts", "token": "123456789:AA…35 characters…"},
                request_only=True,
            )
        ],
    ),
    partial_update=extend_schema(summary="Change a bot or replace its token"),
    destroy=extend_schema(summary="Remove a bot without channels"),
)
class BotViewSet(ReadViewSet[Bot]):
    """Telegram bots. Tokens are stored encrypted and never shown."""

    model = Bot
    serializer_class = BotSerializer
    filterset_fields = ("enabled", "verification")
    search_fields = ("name", "username")
    ordering_fields = ("created_at", "name")

    def owned(self, organization: Organization) -> QuerySet[Bot]:
        """Own bots and lent ones; only own ones can be changed."""
        if self.request.method in ("GET", "HEAD", "OPTIONS"):
            return bots.bots_usable_by(organization)
        return Bot.objects.for_organization(organization)

    def saved(self, bot: Bot) -> None:
        """Called after a change that needs a check; deliveries asks for one."""

    def changed(self, bot: Bot) -> None:
        """Called after every change; packages below see to how its updates come."""

    def create(self, request: Request) -> Response:
        """Register; the token is required."""
        values = self.body()
        if not values.get("token"):
            raise serializers.ValidationError(
                {"token": "Give the bot's token from @BotFather."}, code="required"
            )
        with refusals(bots.BotRefused), transaction.atomic():
            enabled = values.pop("enabled", True)
            values.setdefault("updates", Bot.Updates.POLLING)
            bot = bots.register_bot(self.actor, self.organization, **values)
            if not enabled:
                bot = bots.change_bot(self.actor, bot, enabled=False)
            self.changed(bot)
            self.saved(bot)
        return self.created(bot)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        bot = self.get_object()
        values = self.body(bot)
        with refusals(bots.BotRefused), transaction.atomic():
            bot = bots.change_bot(self.actor, bot, **values)
            self.changed(bot)
            if bot.verification == Verification.PENDING or values.get("enabled"):
                self.saved(bot)
        return self.shown(bot)

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        with conflicts(bots.BotRefused):
            bots.delete_bot(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
