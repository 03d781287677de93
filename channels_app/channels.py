"""Notification channels: made, changed, moved to a migrated chat, disabled and enabled again."""

import re
from typing import Any
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import SYSTEM, Actor
from accounts.models import Organization
from accounts.tenancy import require_same_organization
from channels_app.bots import bots_usable_by
from channels_app.leaving import delete_chats, is_in_use
from channels_app.models import Bot, Chat, NotificationChannel, Verification
from channels_app.offered import read_offered
from channels_app.persons import is_persons
from languages.speaking import LANGUAGES

CHAT_NAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,31})")
LOWEST_CHAT_ID = -(2**52)

SETTINGS = (
    "message_thread_id",
    "parse_mode",
    "silent",
    "silent_below",
    "protect_content",
    "link_previews",
    "timezone",
    "language",
    "renotify_interval",
    "tells_admins",
    "actions",
    "trail",
    "silence_durations",
)
"""What a person may set besides name and chat."""


class ChannelRefused(ValueError):
    """The input can't become this channel: `field` says which one, the text what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def create_channel(
    actor: Actor,
    organization: Organization,
    *,
    name: str,
    bot: Bot,
    chat_id: str | int,
    is_shown: bool = False,
    **values: Any,
) -> NotificationChannel:
    """Store a channel with its verification pending; nothing is sent to Telegram here.

    `is_shown`: the chat's people used a link of this organization there. `values` are those of
    SETTINGS. Raises ChannelRefused.
    """
    _check(values)
    with transaction.atomic():
        chat = claim_chat(organization, bot, chat_id, is_shown=is_shown)
        channel = NotificationChannel(organization=organization, name=name, chat=chat, **values)
        _save(channel)
        audit.record(actor, organization, "create", channel)
    return channel


def change_channel(
    actor: Actor,
    channel: NotificationChannel,
    *,
    name: str | None = None,
    chat_id: str | int | None = None,
    bot: Bot | None = None,
    **values: Any,
) -> NotificationChannel:
    """Change what is given. Another chat or topic makes verification pending again.

    Raises ChannelRefused.
    """
    _check(values)
    with transaction.atomic():
        channel = _locked(channel)  # it may have been disabled or moved since it was read
        before = audit.snapshot(channel)
        chat = channel.chat
        moved = (
            chat_id is not None and str(chat_id) not in (str(chat.address), f"@{chat.username}")
        ) or (bot is not None and bot.pk != chat.bot_id)
        if moved:
            address = chat_id if chat_id is not None else chat.address
            channel.chat = claim_chat(channel.organization, bot or chat.bot, address)
        if name is not None:
            channel.name = name
        topic_changed = (
            "message_thread_id" in values
            and values["message_thread_id"] != channel.message_thread_id
        )
        for field, value in values.items():
            setattr(channel, field, value)
        if moved or topic_changed:
            channel.verification, channel.topic_problem = Verification.PENDING, ""
            channel.failures = 0
        _save(channel)
        audit.record(
            actor,
            channel.organization_id,
            "change",
            channel,
            audit.changes_between(before, audit.snapshot(channel)),
        )
    return channel


def delete_channel(actor: Actor, channel: NotificationChannel) -> None:
    """Remove a channel; its chat is free for another organization when nothing else uses it."""
    with transaction.atomic():
        audit.record(actor, channel.organization_id, "delete", channel)
        # Locked, so that nobody adds a channel to it meanwhile.
        chat = Chat.objects.select_for_update().get(pk=channel.chat_id)
        channel.delete()
        if chat.channels.exists():
            return
        if is_in_use(chat):
            # What others have there stays, and nobody's channel is the bot's owner's to give.
            Chat.objects.filter(pk=chat.pk).update(organization=chat.bot.organization_id)
        else:
            delete_chats([chat])


def may_send(channel: NotificationChannel) -> bool:
    """Whether the channel's organization owns its bot or has it on loan."""
    return bots_usable_by(channel.organization_id).filter(pk=channel.chat.bot_id).exists()


def claim_chat(
    organization: Organization, bot: Bot, chat_id: str | int, *, is_shown: bool = False
) -> Chat:
    """The chat, owned by the organization from now on; in the caller's transaction. Raises
    ChannelRefused."""
    # Locked, so that neither bot nor chat is deleted meanwhile.
    if not bots_usable_by(organization).select_for_update(no_key=True).filter(pk=bot.pk).first():
        raise ChannelRefused("bot", "There is no such bot in your organization.")
    number, username = parse_chat_id(chat_id)
    if number is None and bot.organization_id != organization.pk:
        # A chat may have several names, and whose it is only its number tells.
        raise ChannelRefused(
            "chat_id",
            f"With a bot that is lent to you give the chat's number instead of @{username}.",
        )
    key: dict[str, Any] = (
        {"chat_id": number} if number is not None else {"username__iexact": username}
    )
    known = Chat.objects.select_for_update().filter(bot=bot, **key).order_by("pk")
    chat = known.first()
    if not is_shown:
        _refuse_strangers(organization, bot, number, chat)
    if chat is None:
        try:
            with transaction.atomic():
                chat = Chat.objects.create(
                    organization=organization, bot=bot, chat_id=number, username=username
                )
        except IntegrityError:  # somebody claimed it at this moment
            chat = known.first()
    if chat is not None and chat.organization_id != organization.pk and not chat.channels.exists():
        # Nobody's channel: the bot only talked there, and it goes to whom alerts are sent.
        chat.organization = organization
        chat.save(update_fields=["organization"])
    if chat is None or chat.organization_id != organization.pk:
        raise ChannelRefused(
            "chat_id",
            "This chat belongs to another organization on this bot. Use a bot of your own for it.",
        )
    return chat


def _refuse_strangers(
    organization: Organization, bot: Bot, number: int | None, chat: Chat | None
) -> None:
    """Whoever's chat it is hears what is written there, so nobody takes a stranger's by its number
    from a bot that serves others as well. Raises ChannelRefused."""
    if bot.organization_id == organization.pk or number is None or number < 0:
        return
    if chat is not None and chat.organization_id == organization.pk and chat.channels.exists():
        return
    if not is_persons(organization, bot, number):
        raise ChannelRefused(
            "chat_id",
            "With a bot that is lent to you a person's chat is connected by a link that they open "
            "(Channels → Add channel → Choose the chat in Telegram), or by its number once they "
            "are a member here and have linked their Telegram account.",
        )


def parse_chat_id(given: str | int) -> tuple[int | None, str]:
    """(number, "") or (None, name) of what a person typed. Raises ChannelRefused.

    Bot API: private chats are positive, groups negative, supergroups and channels start with -100;
    @name works for public supergroups and channels, never for people.
    """
    text = str(given).strip()
    if re.fullmatch(r"[-−–]?\d{1,16}", text):
        number = int(text.replace("−", "-").replace("–", "-"))
        if number != 0 and LOWEST_CHAT_ID < number < -LOWEST_CHAT_ID:
            return number, ""
    link = re.fullmatch(r"(?:https?://)?t\.me/([A-Za-z][A-Za-z0-9_]{3,31})/?", text)
    name = link or CHAT_NAME.fullmatch(text)
    if name:
        return None, name[1]
    raise ChannelRefused(
        "chat_id",
        f"{text[:80]!r} is neither a chat ID (such as 987654321 or -1001234567890) "
        "nor the @name of a public group or channel.",
    )


def retarget(chat: Chat, new_chat_id: int) -> Chat:
    """Follow `migrate_to_chat_id`: a group became a supergroup with another ID.

    When that supergroup is registered already, the channels move over to its row.
    """
    with transaction.atomic():
        known = Chat.objects.filter(bot=chat.bot_id, chat_id=new_chat_id).first()
        if known is not None and known.pk != chat.pk:
            if not known.channels.exists():
                # Nobody's channel: the bot only talked there, as in `claim_chat`.
                known.organization_id = chat.organization_id
                known.save(update_fields=["organization"])
            require_same_organization(chat.organization_id, known)
            chat.channels.update(chat=known)
            return known
        before = chat.chat_id
        chat.chat_id, chat.type = new_chat_id, Chat.Type.SUPERGROUP
        chat.save(update_fields=["chat_id", "type"])
        for channel in chat.channels.all():
            audit.record(
                SYSTEM, chat.organization_id, "migrate", channel, {"chat_id": (before, new_chat_id)}
            )
    return chat


def disable_channel(channel: NotificationChannel, reason: str, verdict: dict[str, str]) -> bool:
    """Stop sending to a channel that Telegram refuses for good; whether this call changed it."""
    with transaction.atomic():
        changed = NotificationChannel.objects.filter(pk=channel.pk, enabled=True).update(
            enabled=False,
            disabled_reason=reason,
            disabled_at=timezone.now(),
            verification=Verification.FAILED,
            verdict=verdict,
        )
        if changed:
            audit.record(
                SYSTEM, channel.organization_id, "disable", channel, {"enabled": (True, False)}
            )
    return bool(changed)


def set_channel_enabled(actor: Actor, channel: NotificationChannel, enabled: bool) -> bool:
    """Switch a channel on or off; whether this call changed it.

    Raises ChannelRefused for one whose bot the organization may not use any more.
    """
    if enabled and not may_send(channel):
        raise ChannelRefused(
            "enabled",
            "The loan of this channel's bot was ended. Ask the bot's owner to lend it again, or "
            "choose another bot for the channel.",
        )
    with transaction.atomic():
        changed = NotificationChannel.objects.filter(pk=channel.pk, enabled=not enabled).update(
            enabled=enabled,
            failures=0,
            disabled_reason="" if enabled else "Switched off by a person.",
            disabled_at=None if enabled else timezone.now(),
        )
        if changed:
            audit.record(
                actor,
                channel.organization_id,
                "enable" if enabled else "disable",
                channel,
                {"enabled": (not enabled, enabled)},
            )
    return bool(changed)


def _locked(channel: NotificationChannel) -> NotificationChannel:
    rows = NotificationChannel.objects.for_organization(channel.organization_id)
    found = rows.select_for_update().filter(pk=channel.pk).first()
    if found is None:
        raise ChannelRefused("name", "This channel was deleted at this moment.")
    return found


def _save(channel: NotificationChannel) -> None:
    try:
        with transaction.atomic():
            channel.save()
    except IntegrityError:
        raise ChannelRefused(
            "name", f"There is a channel called {channel.name!r} already."
        ) from None


def _check(values: dict[str, Any]) -> None:
    unknown = set(values) - set(SETTINGS)
    if unknown:
        raise ChannelRefused(min(unknown), f"{min(unknown)} can't be set on a channel.")
    zone = values.get("timezone")
    if zone and zone not in available_timezones():
        raise ChannelRefused(
            "timezone", f"{zone!r} is no time zone. Use a name such as Europe/Berlin."
        )
    language = values.get("language")
    if language and language not in LANGUAGES:
        raise ChannelRefused(
            "language", f"Say one of {', '.join(LANGUAGES)}, or nothing: the organization's."
        )
    actions = NotificationChannel.Actions
    if values.get("actions", actions.ANYONE) not in actions.values:
        raise ChannelRefused("actions", f"Say one of {', '.join(actions.values)}.")
    if "silence_durations" in values:
        try:
            values["silence_durations"] = read_offered(values["silence_durations"])
        except ValueError as error:
            raise ChannelRefused("silence_durations", str(error)) from None
