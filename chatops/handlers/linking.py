"""/start with the code of a link."""

from chatops.context import Context
from chatops.handled import Handled
from chatops.linking import chat_offers, link_codes, people
from chatops.linking.link_codes import Kind, Why, WrongCode
from chatops.models import LinkCode
from chatops.replies import reply
from languages.speaking import gettext, gettext_noop

WRONG = gettext_noop(
    "This link is not valid any more: a link works once, for ten minutes, with the bot that it was "
    "made for. Please make a new one."
)
TAKEN = gettext_noop(
    "This chat is in use with this bot already, so it cannot be connected here. Use a bot of your "
    "own for it."
)
CLAIMED = gettext_noop(
    "This Telegram account is linked to another person already. If it is yours, send /unlink "
    "first, then open the link again."
)
ALMOST = gettext_noop(
    "Almost done: go back to the page where you opened this link, and say there that it was you. "
    "Did somebody send you this link? Then do nothing."
)
SHOWN = gettext_noop(
    "Go back to the page where you made this link: it now asks whether this is the chat."
)
CHOOSE_GROUP = gettext_noop("This link is for a group: open it again, and choose the group there.")
ADD_TO_CHANNEL = gettext_noop(
    "Now add me to your channel as an administrator who may post messages. I recognise it by your "
    "being the one who adds me."
)


def handle(context: Context) -> Handled | None:
    """A link was opened: `/start <code>` in private, `/start@bot <code>` in a group."""
    command = context.incoming.command
    if context.incoming.kind not in ("message", "channel_post") or command is None:
        return None
    if command.bot and command.bot.lower() != context.bot.username.lower():
        return None
    if command.name != "start" or not link_codes.is_code(command.rest):
        return None
    if link_codes.is_silenced(context):
        return Handled("too many wrong links")
    try:
        code = link_codes.find(context.bot, command.rest, context.now)
        return _opened(context, code)
    except WrongCode as wrong:
        return _wrong(context, wrong)


def _opened(context: Context, code: LinkCode) -> Handled:
    if code.kind == Kind.PERSON:
        return _person(context, code)
    seen = context.incoming.chat
    if seen is None:
        raise WrongCode(Why.OTHER_CHAT, code)
    if seen.type == "private" and code.kind != Kind.PRIVATE:
        return _announce(context, code)
    fitting = {
        Kind.PRIVATE: ("private",),
        Kind.GROUP: ("group", "supergroup"),
        Kind.CHANNEL: ("channel",),
    }
    if seen.type not in fitting[Kind(code.kind)]:
        raise WrongCode(Why.OTHER_CHAT, code)
    chat_offers.offer(
        context,
        code.organization_id,
        seen,
        code=code,
        user=code.made_by,
        message_thread_id=context.incoming.message_thread_id,
    )
    reply(context, gettext(SHOWN), owner=code.organization_id)
    return Handled("a chat was shown")


def _person(context: Context, code: LinkCode) -> Handled:
    if not context.is_private or context.sender.is_bot:
        raise WrongCode(Why.OTHER_CHAT, code)
    if people.taken(code, context.sender.id):
        raise WrongCode(Why.CLAIMED, code)
    link_codes.use(code, context)
    reply(context, gettext(ALMOST), owner=code.organization_id)
    return Handled("a link was opened")


def _announce(context: Context, code: LinkCode) -> Handled:
    """Whose doing it will be when the bot is added: a link to a channel carries no code."""
    if code.kind == Kind.GROUP:
        reply(context, gettext(CHOOSE_GROUP), owner=code.organization_id)
        return Handled("a group's link in private")
    known = LinkCode.objects.filter(pk=code.pk, used_at=None, telegram_id=None)
    if code.telegram_id != context.sender.id and not known.update(
        telegram_id=context.sender.id,
        name=context.sender.name[:160],
        username=context.sender.username,
    ):
        raise WrongCode(Why.USED, code)
    reply(context, gettext(ADD_TO_CHANNEL), owner=code.organization_id)
    return Handled("a channel is announced")


def channel_added(context: Context) -> Handled | None:
    """The bot was added to a channel, or made to post there, by somebody who holds a code."""
    seen = context.incoming.chat
    if context.incoming.kind != "my_chat_member" or seen is None or seen.type != "channel":
        return None
    if context.channels or not _is_administrator(context):
        return None
    code = _awaited(context)
    if code is None:
        return None
    try:
        chat_offers.offer(context, code.organization_id, seen, code=code, user=code.made_by)
    except WrongCode as wrong:
        link_codes.note_wrong(context, wrong)
        return Handled(f"not connected: {wrong.why}")
    return Handled("a channel was shown")


def _awaited(context: Context) -> LinkCode | None:
    """The newest open code for a channel of whoever adds the bot: they announced themselves, or are
    linked to its maker."""
    if context.bot.proven_at is None:
        return None
    rows = LinkCode.objects.filter(
        bot=context.bot,
        bot_proven_at=context.bot.proven_at,
        kind=Kind.CHANNEL,
        used_at=None,
        closed_at=None,
        expires_at__gt=context.now,
    ).order_by("-created_at")
    announced = rows.filter(telegram_id=context.sender.id).first()
    if announced is not None or context.user is None:
        return announced
    return rows.filter(telegram_id=None, made_by=context.user).first()


def _is_administrator(context: Context) -> bool:
    member = context.incoming.body.get("new_chat_member")
    return isinstance(member, dict) and member.get("status") == "administrator"


def _wrong(context: Context, wrong: WrongCode) -> Handled:
    if not link_codes.note_wrong(context, wrong):
        return Handled("too many wrong links")
    owner = wrong.row.organization_id if wrong.row is not None else None
    if wrong.why == Why.OTHER_BOT:
        owner = None  # that organization has nothing to say through this bot
    text = {Why.TAKEN: TAKEN, Why.CLAIMED: CLAIMED}.get(wrong.why, WRONG)
    reply(context, gettext(text), owner=owner)
    return Handled(f"refused a link: {wrong.why}")
