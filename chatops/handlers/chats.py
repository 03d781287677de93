"""Chats are connected from within Telegram: by the chooser of /newchannel, and by the button that
the bot shows where it was added without a link."""

from typing import Any, Final

from accounts.models import Membership
from accounts.permissions import Capability, may
from botapi import callback_data
from botapi.callback_data import Pressed
from botapi.errors import BotApiFailure
from botapi.keyboards import CallbackButton, InlineKeyboard, keyboard
from botapi.markup_escape import escape_html
from botapi.methods import get_chat_member
from channels_app.channels import ChannelRefused
from chatops.context import Context, as_user
from chatops.handled import Handled, toast
from chatops.handlers.linking import TAKEN
from chatops.incoming import SeenChat
from chatops.linking import arrivals, chat_offers
from chatops.linking.link_codes import LinkRefused, WrongCode
from chatops.linking.preferences import language_with
from chatops.models import ChatOffer, UnclaimedChat
from chatops.replies import answer_here, edit, reply, tell
from languages.speaking import gettext, gettext_noop, speaking

GROUP, CHANNEL = 1, 2
"""request_id of the chooser's buttons; `chat_shared` repeats it."""
CONNECT_CHOSEN, REFUSE_CHOSEN = "lc", "lr"
ADMINISTRATORS = ("creator", "administrator")
NOT_YOURS = gettext_noop(
    "Link your Telegram account first: sign in at the console and open “My Telegram”."
)
NO_RIGHT = gettext_noop("Only owners and admins of an organization can connect a chat.")
WHICH = gettext_noop(
    "You are in several organizations. Make a link at the console of the one that is meant."
)
NOT_ADMIN = gettext_noop("Only an administrator of this chat can connect it.")
GONE = gettext_noop("This offer is over.")
CHOOSE = gettext_noop(
    "Which chat shall get alerts? Choose a group or a channel that you administer."
)
NOT_THERE = gettext_noop("I am not in that chat yet. Add me there, then choose it again.")

_NO_RIGHTS: Final = dict.fromkeys(
    (
        "is_anonymous",
        "can_manage_chat",
        "can_delete_messages",
        "can_manage_video_chats",
        "can_restrict_members",
        "can_promote_members",
        "can_change_info",
        "can_invite_users",
        "can_post_stories",
        "can_edit_stories",
        "can_delete_stories",
    ),
    False,
)
"""Bot API ChatAdministratorRights: all of these have to be given."""


def handle(context: Context) -> Handled | None:
    """What was chosen after /newchannel."""
    incoming = context.incoming
    if incoming.kind != "message" or not context.is_private:
        return None
    chosen = incoming.body.get("chat_shared")
    if isinstance(chosen, dict):
        return _chosen(context, chosen)
    return None


def pressed(context: Context) -> Handled | None:
    """Buttons of this module."""
    if context.incoming.kind != "callback_query":
        return None
    button = callback_data.unpack(context.incoming.text)
    if button is None:
        return None
    if button.verb == arrivals.CONNECT:
        return _connect_here(context, button)
    if button.verb in (CONNECT_CHOSEN, REFUSE_CHOSEN):
        return _answer_offer(context, button)
    return None


def chooser() -> dict[str, Any]:
    """The reply keyboard after /newchannel (Bot API KeyboardButtonRequestChat)."""
    channel_rights = _NO_RIGHTS | {
        "can_manage_chat": True,
        "can_delete_messages": True,
        "can_post_messages": True,
        "can_edit_messages": True,
    }
    promoter = channel_rights | {"can_promote_members": True, "can_invite_users": True}
    group = {
        "request_id": GROUP,
        "chat_is_channel": False,
        "bot_is_member": True,
        "request_title": True,
        "request_username": True,
    }
    channel = {
        "request_id": CHANNEL,
        "chat_is_channel": True,
        "user_administrator_rights": promoter,
        "bot_administrator_rights": channel_rights,
        "request_title": True,
        "request_username": True,
    }
    rows = [
        [{"text": gettext("Choose a group"), "request_chat": group}],
        [{"text": gettext("Choose a channel"), "request_chat": channel}],
    ]
    return {"keyboard": rows, "one_time_keyboard": True, "resize_keyboard": True}


def _chosen(context: Context, chosen: dict[str, Any]) -> Handled:
    chat_id, request_id = chosen.get("chat_id"), chosen.get("request_id")
    if not isinstance(chat_id, int) or request_id not in (GROUP, CHANNEL):
        return Handled("a chat of nobody's question")
    membership = _manager(context)
    if membership is None:
        reply(context, escape_html(why_not_manager(context)))
        return Handled("may not connect chats")
    reason = _why_not_admin(context, chat_id)
    if reason:
        reply(context, escape_html(reason))
        return Handled("not an administrator of the chosen chat")
    title = chosen.get("title")
    seen = SeenChat(
        chat_id,
        _kind_of(chat_id, request_id),
        title if isinstance(title, str) and title else str(chat_id),
    )
    try:
        offer = chat_offers.offer(context, membership.organization, seen, user=context.user)
    except WrongCode:
        reply(context, gettext(TAKEN))
        return Handled("another organization's chat")
    reply(context, *_question(offer))
    return Handled("a chat was chosen")


def ask_who_added(context: Context, seen: SeenChat) -> None:
    """The bot was made an administrator of a channel without a link: whoever did it is asked in
    private, where they may connect it."""
    membership = _manager(context)
    if membership is None:
        return
    try:
        offer = chat_offers.offer(context, membership.organization, seen, user=context.user)
    except WrongCode:
        return
    private = SeenChat(context.sender.id, "private", context.sender.name)
    with speaking(_own_language(context, offer)):
        tell(context.bot, private, offer.organization_id, *_question(offer))


def _own_language(context: Context, offer: ChatOffer) -> str:
    """Of whoever is asked in private about another chat."""
    known = context.identity
    return language_with(known, offer.organization) if known is not None else context.language


def _question(offer: ChatOffer) -> tuple[str, InlineKeyboard | None]:
    buttons = [
        CallbackButton(gettext("Connect"), callback_data.pack(CONNECT_CHOSEN, offer.pk)),
        CallbackButton(gettext("Cancel"), callback_data.pack(REFUSE_CHOSEN, offer.pk)),
    ]
    title, owner = escape_html(offer.title), escape_html(offer.organization.name)
    question = gettext("Connect <b>{title}</b> as a channel of {owner}?")
    return question.format(title=title, owner=owner), keyboard(buttons)


def _answer_offer(context: Context, button: Pressed) -> Handled:
    query = context.incoming.query_id
    offer = ChatOffer.objects.filter(pk=button.row, bot=context.bot, code=None).first()
    if offer is None or context.user is None or offer.user_id != context.user.pk:
        return Handled("an offer of somebody else", toast(query, gettext(GONE), alert=True))
    if not any(
        one.organization_id == offer.organization_id and may(one.role, Capability.MANAGE)
        for one in context.memberships
    ):
        return Handled("may not connect chats", toast(query, gettext(NO_RIGHT), alert=True))
    if button.verb == REFUSE_CHOSEN:
        chat_offers.refuse(as_user(context.user), offer)
        _say_instead(context, offer, gettext("Not connected."))
        return Handled("a chat was refused", toast(query))
    done = gettext("Connected: {title} gets alerts.").format(title=escape_html(offer.title))
    return _connect(context, offer, done)


def _connect_here(context: Context, button: Pressed) -> Handled:
    """Whoever presses has to administer the chat, and to manage channels of an organization."""
    query, seen = context.incoming.query_id, context.incoming.chat
    row = UnclaimedChat.objects.filter(pk=button.row, bot=context.bot).first()
    if row is None or seen is None or seen.id != row.chat_id:
        return Handled("nothing to connect", toast(query, gettext(GONE), alert=True))
    membership = _manager(context)
    if membership is None:
        return Handled("may not connect chats", toast(query, why_not_manager(context), alert=True))
    reason = _why_not_admin(context, row.chat_id)
    if reason:
        return Handled("not an administrator", toast(query, reason, alert=True))
    try:
        offer = chat_offers.offer(context, membership.organization, seen, user=context.user)
    except WrongCode:
        return Handled("another organization's chat", toast(query, gettext(TAKEN), alert=True))
    done = gettext("Connected by {who}.").format(who=escape_html(context.actor.name))
    return _connect(context, offer, done)


def _connect(context: Context, offer: ChatOffer, done: str) -> Handled:
    query = context.incoming.query_id
    # They were found to be a member of the offer's organization, which need not be the chat's.
    actor = as_user(context.user) if context.user is not None else context.actor
    try:
        channel = chat_offers.connect(actor, offer)
    except (LinkRefused, ChannelRefused) as refusal:
        return Handled("not connected", toast(query, str(refusal), alert=True))
    _say_instead(context, offer, done)
    told = gettext("Connected as {channel}.").format(channel=channel.name)
    return Handled("connected a chat", toast(query, told))


def _say_instead(context: Context, offer: ChatOffer, text: str) -> None:
    """In the place of the question, which the bot's owner asked where no organization was known."""
    message = answer_here(context, offer.organization_id, context.bot.organization_id)
    if message is not None:
        edit(context, message, text)


def _manager(context: Context) -> Membership | None:
    """The membership by which the sender may connect a chat; None where there is none, or several
    and none was chosen."""
    able = [one for one in context.memberships if may(one.role, Capability.MANAGE)]
    if len(able) == 1:
        return able[0]
    return context.membership if context.membership in able else None


def why_not_manager(context: Context) -> str:
    """Why there is no manager; "" where there is one."""
    if context.identity is None:
        return gettext(NOT_YOURS)
    if _manager(context) is not None:
        return ""
    able = any(may(one.role, Capability.MANAGE) for one in context.memberships)
    return gettext(WHICH) if able else gettext(NO_RIGHT)


def _why_not_admin(context: Context, chat_id: int) -> str:
    """Telegram is asked whether the sender administers the chat."""
    try:
        member = context.ask(get_chat_member(chat_id, context.sender.id))
    except BotApiFailure:
        return gettext(NOT_THERE)
    return "" if member.status in ADMINISTRATORS else gettext(NOT_ADMIN)


def _kind_of(chat_id: int, request_id: int) -> str:
    """Supergroups' and channels' numbers begin with -100 (Bot API "Chat")."""
    if request_id == CHANNEL:
        return "channel"
    return "supergroup" if str(chat_id).startswith("-100") else "group"
