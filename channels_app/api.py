"""REST: bots, loans and channels. deliveries/api adds verifying, testing and sending."""

from typing import Any, ClassVar, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organization
from accounts.rest import ReadViewSet, conflicts, refusals
from accounts.rest_filters import RestFilterSet
from accounts.rest_serializers import StrictModelSerializer, TextOrNumber
from channels_app import bots, channels
from channels_app.models import Bot, BotGrant, Chat, NotificationChannel, Verification


class VerdictSerializer(serializers.Serializer[Any]):
    """What is wrong and what mends it; empty when all is well."""

    problem = serializers.CharField(
        required=False, help_text="A code such as not_started or no_photos."
    )
    telegram = serializers.CharField(required=False, help_text="Telegram's own words.")
    advice = serializers.CharField(
        required=False, help_text="What to do, with the Telegram menu that mends it."
    )


@extend_schema_field(VerdictSerializer)
class VerdictField(serializers.JSONField):
    """A stored verdict, as it is."""


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
            "owned",
            "enabled",
            "disabled_reason",
            "disabled_at",
            "verification",
            "verified_at",
            "verdict",
            "created_at",
        )
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
        return shown if shown["owned"] else {**shown, "api_url": "", "has_proxy": False}

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

    def create(self, request: Request) -> Response:
        """Register; the token is required."""
        values = self.body()
        if not values.get("token"):
            raise serializers.ValidationError(
                {"token": "Give the bot's token from @BotFather."}, code="required"
            )
        with refusals(bots.BotRefused), transaction.atomic():
            enabled = values.pop("enabled", True)
            bot = bots.register_bot(self.actor, self.organization, **values)
            if not enabled:
                bot = bots.change_bot(self.actor, bot, enabled=False)
            self.saved(bot)
        return self.created(bot)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        bot = self.get_object()
        values = self.body(bot)
        with refusals(bots.BotRefused), transaction.atomic():
            bot = bots.change_bot(self.actor, bot, **values)
            if bot.verification == Verification.PENDING or values.get("enabled"):
                self.saved(bot)
        return self.shown(bot)

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        with conflicts(bots.BotRefused):
            bots.delete_bot(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


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
            grant = bots.lend_bot(self.actor, bot, values["grantee"])
        return self.created(grant)

    def destroy(self, request: Request, pk: str) -> Response:
        """Take back."""
        bots.take_back(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChatSerializer(serializers.ModelSerializer[Chat]):
    """What Telegram says of the chat."""

    class Meta:
        model = Chat
        fields = ("chat_id", "username", "type", "title", "is_forum")
        read_only_fields = fields


@extend_schema_field({"type": ["string", "integer"]})
class ChatIdField(TextOrNumber):
    """Telegram's number of a chat, or the @name of a public one."""


class ChannelSerializer(StrictModelSerializer[NotificationChannel]):
    """A channel with its chat."""

    bot = serializers.UUIDField(source="chat.bot_id")
    chat_id = ChatIdField(
        write_only=True,
        max_length=100,
        help_text="A number such as 987654321 or -1001234567890, or @name of a public chat.",
    )
    chat = ChatSerializer(read_only=True)
    verdict = VerdictField(read_only=True)
    message_thread_id = serializers.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        allow_null=True,
        help_text="The topic; null: the chat itself, or General in a forum.",
    )
    renotify_interval = serializers.IntegerField(
        min_value=0,
        max_value=86_400,
        required=False,
        help_text="Seconds: at most one sounding reply about a group in this time.",
    )

    class Meta:
        model = NotificationChannel
        fields = (
            "id",
            "name",
            "bot",
            "chat_id",
            "chat",
            *channels.SETTINGS,
            "enabled",
            "disabled_reason",
            "disabled_at",
            "topic_problem",
            "verification",
            "verified_at",
            "verdict",
            "created_at",
        )
        read_only_fields = (
            "disabled_reason",
            "disabled_at",
            "topic_problem",
            "verification",
            "verified_at",
            "verdict",
            "created_at",
        )
        # One name per organization is checked by channels.create_channel, which knows whose.
        validators: ClassVar[list[Any]] = []


class ChannelFilter(RestFilterSet):
    """By bot, state and format."""

    bot = filters.UUIDFilter(field_name="chat__bot")

    class Meta:
        model = NotificationChannel
        fields = ("enabled", "verification", "parse_mode")


@extend_schema_view(
    list=extend_schema(summary="List channels"),
    retrieve=extend_schema(summary="Show a channel and what its last check found"),
    create=extend_schema(
        summary="Add a channel",
        description="Stored at once and checked in the background: read `verification`.",
        examples=[
            OpenApiExample(
                "A group",
                {
                    "name": "On call",
                    "bot": "0190a000-0000-7000-8000-000000000000",
                    "chat_id": "-1001234567890",
                    "parse_mode": "HTML",
                },
                request_only=True,
            )
        ],
    ),
    partial_update=extend_schema(summary="Change a channel, switch it on or off"),
    destroy=extend_schema(summary="Remove a channel"),
)
class ChannelViewSet(ReadViewSet[NotificationChannel]):
    """A bot plus a chat (and topic), with format and sound policy."""

    model = NotificationChannel
    serializer_class = ChannelSerializer
    filterset_class = ChannelFilter
    search_fields = ("name", "chat__title", "chat__username")
    ordering_fields = ("created_at", "name")

    def with_related(self, rows: QuerySet[NotificationChannel]) -> QuerySet[NotificationChannel]:
        """The chat and its bot."""
        return rows.select_related("chat__bot")

    def saved(self, channel: NotificationChannel) -> None:
        """Called after a change that needs a check; deliveries asks for one."""

    def switch(self, channel: NotificationChannel, enabled: bool) -> None:
        """Called to switch a channel on or off; deliveries parks or frees what waits."""
        channels.set_channel_enabled(self.actor, channel, enabled)

    def create(self, request: Request) -> Response:
        """Add."""
        values = self.body()
        enabled = values.pop("enabled", True)
        bot = self._bot(values.pop("chat")["bot_id"])
        with refusals(channels.ChannelRefused), transaction.atomic():
            channel = channels.create_channel(self.actor, self.organization, bot=bot, **values)
            if not enabled:
                self.switch(channel, False)
            self.saved(channel)
        channel.refresh_from_db()
        return self.created(channel)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names, all of it or nothing."""
        channel = self.get_object()
        values = self.body(channel)
        enabled = values.pop("enabled", None)
        if "chat" in values:
            values["bot"] = self._bot(values.pop("chat")["bot_id"])
        with refusals(channels.ChannelRefused), transaction.atomic():
            if values:
                channel = channels.change_channel(self.actor, channel, **values)
            if enabled is not None:
                self.switch(channel, enabled)
            if channel.verification == Verification.PENDING or enabled:
                self.saved(channel)
        return self.shown(self.get_object())

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        channels.delete_channel(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _bot(self, bot_id: UUID) -> Bot:
        bot = bots.bots_usable_by(self.organization).filter(pk=bot_id).first()
        if bot is None:
            raise serializers.ValidationError(
                {"bot": f"There is no bot {bot_id} that your organization may use."},
                code="does_not_exist",
            )
        return bot
