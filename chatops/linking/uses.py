"""What people have in a chat besides what is sent there."""

from channels_app.models import Chat
from chatops.models import Conversation, Reminder


def is_in_use(chat: Chat) -> bool:
    """Whether people talk there to another organization than the chat's, or are reminded."""
    return any(
        model.objects.filter(chat=chat).exclude(organization=chat.organization_id).exists()
        for model in (Conversation, Reminder)
    )
