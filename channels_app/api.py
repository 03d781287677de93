"""REST: bots, loans and channels. deliveries/api.py adds verifying, testing and sending."""

from typing import Any, ClassVar, cast

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organization
from accounts.rest import ReadViewSet
from channels_app import bots, channels
from channels_app.models import Bot, BotGrant, Chat, NotificationChannel


class BotSerializer(serializers.ModelSerializer[Bot]):
    """A bot without its token."""

    token = serializers.CharField(
        write_only=True,
        required=False,
        trim_whitespace=True,
        help_text="From @BotFather. Never shown again; sending it anew replaces it in place.",
    )
    proxy = serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        help_text="http:// or socks5h:// URL for this bot's calls; empty: none.",
    )
    has_proxy = serializers.SerializerMethodField()
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

    def get_has_proxy(self, bot: Bot) -> bool:
        """Whether the bot has a proxy of its own."""
        return bool(bot.proxy_encrypted)

    def get_masked_token(self, bot: Bot) -> str:
        """The bot's ID; the rest is never shown."""
        return bots.masked_token(bot)

    def get_owned(self, bot: Bot) -> bool:
        """Whether the bot is the organization's own."""
        return bool(bot.organization_id == self.context["view"].organization.pk)


def refused(error: bots.BotRefused | channels.ChannelRefused) -> serializers.ValidationError:
    """The refusal of a write function as a 400 that names the field."""
    return serializers.ValidationError({error.field: str(error)})


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

    def owned(self, organization: Organization) -> QuerySet[Bot]:
        """Own bots and lent ones; only own ones can be changed."""
        if self.request.method in ("GET", "HEAD", "OPTIONS"):
            return bots.bots_usable_by(organization)
        return Bot.objects.for_organization(organization)

    def saved(self, bot: Bot) -> None:
        """Called after a change that needs a check; deliveries asks for one."""

    def create(self, request: Request) -> Response:
        """Register; the token is required."""
        data = self.get_serializer(data=request.data)
        data.is_valid(raise_exception=True)
        values = data.validated_data
        if not values.get("token"):
            raise serializers.ValidationError({"token": "Give the bot's token from @BotFather."})
        try:
            bot = bots.register_bot(
                self.actor,
                self.organization,
                name=values["name"],
                token=values["token"],
                api_url=values.get("api_url", ""),
                proxy=values.get("proxy", ""),
            )
        except bots.BotRefused as error:
            raise refused(error) from None
        self.saved(bot)
        return Response(self.get_serializer(bot).data, status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        bot = self.get_object()
        data = self.get_serializer(bot, data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        try:
            bot = bots.change_bot(self.actor, bot, **data.validated_data)
        except bots.BotRefused as error:
            raise refused(error) from None
        self.saved(bot)
        return Response(self.get_serializer(bot).data)

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        try:
            bots.delete_bot(self.actor, self.get_object())
        except bots.BotRefused as error:
            raise serializers.ValidationError({"bot": str(error)}) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


class GrantSerializer(serializers.ModelSerializer[BotGrant]):
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


@extend_schema_view(
    list=extend_schema(summary="List bots lent and borrowed"),
    retrieve=extend_schema(summary="Show a loan"),
    create=extend_schema(
        summary="Lend a bot",
        description="The other organization may use the bot and never sees its token.",
    ),
    destroy=extend_schema(summary="Take a bot back"),
)
class GrantViewSet(ReadViewSet[BotGrant]):
    """Bots lent to other organizations, and theirs lent to this one."""

    model = BotGrant
    serializer_class = GrantSerializer

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
        data = self.get_serializer(data=request.data)
        data.is_valid(raise_exception=True)
        bot = cast("Bot", self.own_or_400(Bot, "bot", data.validated_data["bot_id"]))
        try:
            grant = bots.lend_bot(self.actor, bot, data.validated_data["grantee"])
        except bots.BotRefused as error:
            raise refused(error) from None
        return Response(self.get_serializer(grant).data, status=status.HTTP_201_CREATED)

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


class ChannelSerializer(serializers.ModelSerializer[NotificationChannel]):
    """A channel with its chat."""

    bot = serializers.UUIDField(source="chat.bot_id")
    chat_id = serializers.CharField(
        write_only=True,
        max_length=100,
        help_text="A number such as 987654321 or -1001234567890, or @name of a public chat.",
    )
    chat = ChatSerializer(read_only=True)

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
    filterset_fields = ("enabled", "verification", "parse_mode")
    search_fields = ("name", "chat__title", "chat__username")

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
        data = self.get_serializer(data=request.data)
        data.is_valid(raise_exception=True)
        values = dict(data.validated_data)
        values.pop("enabled", None)
        bot = self._bot(values.pop("chat")["bot_id"])
        try:
            channel = channels.create_channel(self.actor, self.organization, bot=bot, **values)
        except channels.ChannelRefused as error:
            raise refused(error) from None
        self.saved(channel)
        return Response(self.get_serializer(channel).data, status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        channel = self.get_object()
        data = self.get_serializer(channel, data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        values = dict(data.validated_data)
        enabled = values.pop("enabled", None)
        if "chat" in values:
            values["bot"] = self._bot(values.pop("chat")["bot_id"])
        try:
            if values:
                channel = channels.change_channel(self.actor, channel, **values)
                self.saved(channel)
        except channels.ChannelRefused as error:
            raise refused(error) from None
        if enabled is not None:
            self.switch(channel, enabled)
        channel.refresh_from_db()
        return Response(self.get_serializer(channel).data)

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        channels.delete_channel(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _bot(self, bot_id: Any) -> Bot:
        bot = bots.bots_usable_by(self.organization).filter(pk=bot_id).first()
        if bot is None:
            raise serializers.ValidationError(
                {"bot": f"There is no bot {bot_id} that your organization may use."}
            )
        return bot
