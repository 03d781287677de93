"""Questions that nobody answered: they end, and the chat is told, so that no keyboard is left."""

from django.db import transaction

from botapi.keyboards import RemoveKeyboard
from botapi.markup import text
from chatops.conversations.engine import TIME_IS_UP
from chatops.linking.chat_language import chat_language
from chatops.models import Conversation
from chatops.one_by_one import each
from chatops.replies import tell_chat
from chatops.responding import told
from deliveries import clock
from languages.speaking import gettext, speaking

AT_ONCE = 100


def end_expired() -> int:
    """How many ended."""
    now = clock.now()
    over = Conversation.objects.filter(expires_at__lte=now).select_related(
        "chat__bot", "organization"
    )
    return each(over.order_by("expires_at")[:AT_ONCE], _end)


def _end(row: Conversation) -> int:
    with transaction.atomic():
        # Whoever answers at this moment has the row, and keeps it.
        mine = Conversation.objects.filter(pk=row.pk, turn=row.turn, expires_at=row.expires_at)
        if not mine.delete()[0]:
            return 0
        with speaking(chat_language(row.chat, row.organization)):
            words = told.html([text(gettext(TIME_IS_UP))])
        tell_chat(
            row.organization_id,
            row.chat,
            row.message_thread_id,
            words,
            RemoveKeyboard(row.chat.is_group),
            to=row.asked_in,
        )
    return 1
