"""What updates tell of a bot's place in its chats is noted before a call is refused."""

from typing import Any

from accounts.audit import SYSTEM
from channels_app import persons
from channels_app.models import Chat, NotificationChannel, Verification
from chatops.context import Context
from chatops.incoming import SeenChat
from chatops.linking import arrivals
from chatops.linking.membership import Change
from chatops.models import ChatOffer, UnclaimedChat
from chatops.reminders import telling
from deliveries import health, probe
from deliveries.advice import Problem, verdict
from deliveries.models import Probe

ARRIVED = "the bot arrived"


def note_chat(context: Context) -> None:
    """The chat's name, kind and topics, as this update shows them; and that a person is back who
    had blocked the bot."""
    seen, chat = context.incoming.chat, context.chat
    if seen is None or chat is None:
        return
    if chat.blocked_at is not None and context.incoming.kind != "my_chat_member":
        _reopen(chat)
    if not context.channels:
        return
    if context.incoming.message.get("date") == 0:
        return  # InaccessibleMessage: it says less of the chat
    values: dict[str, Any] = {
        "title": seen.title[:255],
        "type": seen.type if seen.type in Chat.Type.values else chat.type,
        "is_forum": seen.is_forum,
    }
    if seen.type != "private":
        values["username"] = seen.username[:64]
    if any(getattr(chat, name) != value for name, value in values.items()):
        Chat.objects.filter(pk=chat.pk).update(**values)
        for name, value in values.items():
            setattr(chat, name, value)
        _note_topics(context, is_forum=seen.is_forum)


def apply(context: Context, seen: SeenChat, change: Change) -> str:
    """The bot was added, removed, muted or let speak again; what came of it."""
    if not change.is_there:
        arrivals.depart(context, seen.id)
    if context.chat is not None and seen.type == "private":
        if change.is_there:
            _reopen(context.chat)
        else:
            persons.close_chat(context.chat, context.now)
    if change.problem is not None and not change.may_pass:
        return _stop(context.channels, change.problem)
    if change.problem is not None:
        return _annotate(context.channels, change.problem)
    if not context.channels and not change.was_there and seen.type != "private":
        arrivals.arrive(context, seen)
        return ARRIVED
    return _resume(context)


def migrate(context: Context, old: int, new: int) -> str:
    """A group became a supergroup: all that is about it follows."""
    chat = Chat.objects.filter(bot=context.bot, chat_id=old).first()
    offers = ChatOffer.objects.filter(bot=context.bot, chat_id=old, closed_at=None)
    offers.update(chat_id=new, type="supergroup")
    known = UnclaimedChat.objects.filter(bot=context.bot, chat_id=new).exists()
    moved = UnclaimedChat.objects.filter(bot=context.bot, chat_id=old)
    if known:
        moved.delete()
    else:
        moved.update(chat_id=new, type="supergroup")
    if chat is None:
        return "a group of nobody became a supergroup"
    channels = list(NotificationChannel.objects.filter(chat=chat))
    health.retarget(chat, channels[0] if channels else None, new)
    if Chat.objects.filter(pk=chat.pk, chat_id=old).exists():
        for channel in channels[1:]:
            if NotificationChannel.objects.filter(pk=channel.pk, chat=chat).exists():
                health.disable(channel, Problem.FOREIGN_CHAT, "")
    return "followed to the supergroup"


def _reopen(chat: Chat) -> None:
    if persons.reopen_chat(chat):
        telling.person_is_back(chat)


def _stop(channels: tuple[NotificationChannel, ...], problem: Problem) -> str:
    for channel in channels:
        if channel.enabled:
            health.disable(channel, problem, "")
    return f"disabled {len(channels)} channels: {problem}"


def _annotate(channels: tuple[NotificationChannel, ...], problem: Problem) -> str:
    NotificationChannel.objects.filter(
        pk__in=[channel.pk for channel in channels], enabled=True
    ).update(verification=Verification.FAILED, verdict=verdict(problem))
    return f"noted on {len(channels)} channels: {problem}"


def _resume(context: Context) -> str:
    """What Telegram's refusal disabled, or an update annotated, is checked: when it is well, the
    check enables it."""
    asked = [
        channel
        for channel in context.channels
        if health.disabled_by_us(channel)
        or (channel.enabled and channel.verification == Verification.FAILED)
    ]
    for channel in asked:
        probe.request_probe(Probe.Kind.CHANNEL, context.bot, channel, SYSTEM)
    return f"checking {len(asked)} channels" if asked else "nothing changed"


def _note_topics(context: Context, *, is_forum: bool) -> None:
    for channel in context.channels:
        if channel.message_thread_id and not is_forum:
            health.flag_topic(channel, Problem.NOT_A_FORUM)
