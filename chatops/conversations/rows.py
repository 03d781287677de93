"""The stored conversation of a person in a chat and topic: there is one, or none."""

from datetime import timedelta
from typing import Any

from chatops.context import Context
from chatops.models import Conversation
from chatops.replies import chat_of
from deliveries.models import SentMessage

PATIENCE = timedelta(minutes=10)
"""So long a question stays open."""


def conversation_of(context: Context) -> Conversation | None:
    """Theirs, held until the transaction ends, so that the sweep does not end it meanwhile."""
    sender = context.incoming.sender
    if context.chat is None or sender is None:
        return None
    return (
        Conversation.objects.filter(
            chat=context.chat,
            message_thread_id=context.incoming.message_thread_id or 0,
            telegram_user_id=sender.id,
        )
        .select_for_update(of=("self",))
        .select_related("prompt")
        .first()
    )


def new_conversation(context: Context, kind: str) -> Conversation:
    """One that is to be saved; the organization and the sender are known."""
    organization, sender = context.organization, context.incoming.sender
    if organization is None or sender is None:
        raise AssertionError("a conversation is with a person, about an organization")
    return Conversation(
        organization=organization,
        chat=chat_of(context),
        message_thread_id=context.incoming.message_thread_id or 0,
        telegram_user_id=sender.id,
        kind=kind,
        turn=0,
        asked_in=context.incoming.message_id,
        started_at=context.now,
    )


def ask(
    context: Context, row: Conversation, step: str, data: dict[str, Any], prompt: SentMessage
) -> None:
    """Note what was asked, and in which message."""
    row.step, row.data, row.prompt = step, data, prompt
    row.expires_at = context.now + PATIENCE
    row.save()
