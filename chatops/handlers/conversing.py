"""What people answer to a question of ours; and to one that is not open any more."""

from botapi.keyboards import RemoveKeyboard
from chatops.context import Context
from chatops.conversations.engine import NOT_YOURS, OVER, said
from chatops.conversations.registry import DIALOGUES
from chatops.conversations.rows import conversation_of
from chatops.handled import Handled
from chatops.models import Conversation
from chatops.replies import reply, said_here
from deliveries.models import Delivery, SentMessage
from languages.speaking import gettext

QUESTIONS = ("keyboard", "force_reply")


def handle(context: Context) -> Handled | None:
    """None for what answers nothing."""
    incoming = context.incoming
    if incoming.kind != "message" or incoming.command is not None:
        return None
    if incoming.sender is None or incoming.sender.is_bot:
        return None
    row = conversation_of(context)
    if row is not None:
        handled = said(context, row, DIALOGUES.get(row.kind))
        if handled is not None:
            return handled
    asked = said_here(context)
    if asked is None or not _is_question(asked):
        return None
    if Conversation.objects.filter(chat=asked.chat_id, prompt=asked).exists():
        reply(context, gettext(NOT_YOURS))
        return Handled("somebody else's question")
    reply(context, gettext(OVER), RemoveKeyboard(not context.is_private))
    return Handled("an answer to a question that is over")


def _is_question(message: SentMessage) -> bool:
    """Whether it brought a keyboard in the place of the letters, or asked for a reply."""
    sent = Delivery.objects.for_organization(message.organization_id).filter(target=message)
    markup = (sent.order_by("sequence").values_list("params", flat=True).first() or {}).get(
        "reply_markup"
    )
    return isinstance(markup, dict) and any(name in markup for name in QUESTIONS)
