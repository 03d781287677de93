"""A reply to an alert's message is a comment, where whoever writes it may make one."""

from alerts import responding
from alerts.responding import ResponseRefused
from botapi.errors import BotApiFailure
from botapi.guard import InvalidAddress
from botapi.markup import text
from botapi.methods import set_message_reaction
from chatops.context import Context
from chatops.handled import Handled
from chatops.replies import reply
from chatops.responding import policy, targets, told
from chatops.responding.acting import of_group
from chatops.responding.pressing import actor_of
from languages.speaking import gettext

NOTED = [{"type": "emoji", "emoji": "👍"}]


def handle(context: Context) -> Handled | None:
    """None for what answers no alert. Who may not comment just talks: nobody is told."""
    incoming = context.incoming
    if incoming.kind != "message" or incoming.command is not None or not incoming.replied_to:
        return None
    if incoming.sender is None or incoming.sender.is_bot:
        return None
    group = targets.replied_group(context)
    if group is None:
        return None
    if not policy.may_act(context):
        if context.is_private:
            reply(context, told.html([text(policy.why_not(context))]))
        return Handled("a reply of somebody who may not comment")
    if not incoming.text.strip():
        return Handled("a reply without words")
    try:
        responding.comment(actor_of(context), group, incoming.text)
    except ResponseRefused as refusal:
        reply(context, of_group("", group, f": {refusal}"))
        return Handled("comment refused")
    _acknowledge(context)
    return Handled("commented")


def _acknowledge(context: Context) -> None:
    """By a reaction, which disturbs nobody and costs the group no message; where the chat takes
    none, in words."""
    incoming = context.incoming
    chat = incoming.chat
    if chat is None:
        return
    try:
        context.ask(set_message_reaction(chat.id, incoming.message_id, NOTED))
    except (BotApiFailure, InvalidAddress):
        reply(context, gettext("💬 Noted."))
