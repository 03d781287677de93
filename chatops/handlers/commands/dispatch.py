"""Commands: whose they are, whether they may be given here, and by whom."""

import logging
from datetime import UTC, datetime, timedelta

from accounts.permissions import Capability
from alerts.rendering.times import duration
from botapi.errors import BotApiFailure
from botapi.guard import InvalidAddress
from botapi.markup import text
from botapi.methods import get_me
from channels_app.bots import client_for
from channels_app.encryption import CannotDecrypt
from chatops.actions import known
from chatops.context import FRESH, Context
from chatops.handled import Handled
from chatops.handlers import own_actions
from chatops.handlers.commands.about import how_to_use
from chatops.handlers.commands.asked import Asked, Command
from chatops.handlers.commands.table import BY_NAME, COMMANDS
from chatops.incoming import MESSAGES
from chatops.incoming import Command as Typed
from chatops.replies import reply
from chatops.responding import policy, told
from languages.speaking import gettext, gettext_noop

log = logging.getLogger(__name__)

IN_CHANNELS = gettext_noop(
    "Commands work in groups and in private chats. In a channel use the buttons below the alerts."
)
EDITED = gettext_noop("Edited commands are not run again. Send it as a new message.")
NOBODYS_CHAT = gettext_noop(
    "No alerts come to this chat, so there is nothing that I could tell or do here. Somebody who "
    "manages an organization can make it a channel."
)
STRANGER = gettext_noop(
    "I do not know you yet. Send me /start: I say how to link your account. Then this works here."
)
OFF_SECONDS = 30.0
"""A clock that is off by more is told of in the log."""
BOTS_BEGAN = datetime(2015, 6, 1, tzinfo=UTC)
"""No message to a bot is older; another date is none."""


def handle(context: Context) -> Handled | None:
    """None for what is no command of this bot's."""
    incoming = context.incoming
    typed = incoming.command
    if typed is None or incoming.kind not in MESSAGES:
        return None
    if typed.bot and typed.bot.lower() != context.bot.username.lower():
        return Handled("a command for another bot")
    if incoming.sender is not None and incoming.sender.is_bot and not incoming.is_anonymous:
        return Handled("a bot's command is not run")
    command = BY_NAME.get(typed.name)
    own = known.typed_here(context, typed) if command is None else None
    if command is None and own is None and not (context.is_private or typed.bot):
        return Handled("a command that nobody here knows")
    if incoming.kind in ("channel_post", "edited_channel_post"):
        return _in_channel(context)
    if incoming.kind == "edited_message":
        return _edited(context)
    if own is not None:
        action, meant = own
        return _too_old(context, action.name) or own_actions.give(context, action, meant.argument)
    return _unknown(context, typed) if command is None else run(context, command, typed.rest)


def run(context: Context, command: Command, rest: str) -> Handled:
    """Do it, or say why not."""
    refusal = _refusal(context, command)
    if refusal:
        reply(context, told.html([text(refusal)]))
        return Handled(f"/{command.name}: refused")
    if command.needs is Capability.RESPOND and (late := _too_old(context, command.name)):
        return late
    return command.handle(Asked(context, rest, COMMANDS))


def _too_old(context: Context, name: str) -> Handled | None:
    """What it came to, if it is."""
    age = _age(context)
    if age <= FRESH:
        return None
    words = gettext(
        "You sent this {duration} ago, so I did not run it. Send it again if you still mean it."
    )
    reply(context, words.format(duration=duration(age)))
    return Handled(f"/{name}: too old")


def _refusal(context: Context, command: Command) -> str:
    if command.needs is None:
        return ""
    if not context.is_private and not context.channels:
        return gettext(NOBODYS_CHAT)
    if policy.allows(context, command.needs):
        return ""
    if command.needs is Capability.VIEW and context.user is None:
        return gettext(STRANGER)
    return policy.why_not(context)


def _age(context: Context) -> timedelta:
    """How long ago the message was sent (Bot API Message.date, Unix time); 0 where that is not
    known. Telegram keeps what we do not take, and we what we could not handle."""
    sent = context.incoming.message.get("date")
    if not isinstance(sent, int) or isinstance(sent, bool):
        return timedelta(0)
    age = context.now.timestamp() - sent
    if not 0 <= age <= FRESH.total_seconds():
        # It is old, or a clock is wrong: then Telegram's counts, by which it was sent.
        age = (_telegrams_time(context) or context.now.timestamp()) - sent
    latest = (context.now - BOTS_BEGAN).total_seconds()
    return timedelta(seconds=age) if 0 < age < latest else timedelta(0)


def _telegrams_time(context: Context) -> float | None:
    """Now by its own clock; None where it does not tell."""
    try:
        context.ask(get_me())
        told = client_for(context.bot).server_time()
    except (BotApiFailure, InvalidAddress, CannotDecrypt):
        return None
    off = context.now.timestamp() - told if told else 0
    if abs(off) > OFF_SECONDS:
        log.warning("this host's clock is %+.0f s off that of the Bot API server", off)
    return told


def _in_channel(context: Context) -> Handled:
    if context.incoming.kind == "edited_channel_post":
        return Handled("an edited command in a channel")
    reply(context, gettext(IN_CHANNELS))
    return Handled("a command in a channel")


def _edited(context: Context) -> Handled:
    if context.is_private:
        reply(context, gettext(EDITED))
    return Handled("an edited command is not run again")


def _unknown(context: Context, typed: Typed) -> Handled:
    reply(context, how_to_use(COMMANDS, unknown=typed.name, own=known.here(context)))
    return Handled("an unknown command")
