"""REST: channels. deliveries/api adds verifying, testing and sending."""

from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
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

from accounts.rest import ReadViewSet, refusals
from accounts.rest_filters import RestFilterSet
from accounts.rest_serializers import StrictModelSerializer, TextOrNumber
from channels_app import bots, channels
from channels_app.api.verdicts import VerdictField
from channels_app.models import Bot, Chat, NotificationChannel, Verification
from channels_app.offered import MOST


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

    silence_durations = serializers.ListField(
        child=serializers.CharField(max_length=8),
        required=False,
        max_length=MOST,
        help_text="Of the Silence buttons under alerts: 30m, 4h, 1d or 1w, in their order.",
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
