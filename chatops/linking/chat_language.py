"""Which language a chat is spoken to, where no update says who reads it: what comes due, and what a
program answers minutes later."""

from accounts.models import Organization
from channels_app.models import Chat, NotificationChannel
from chatops.linking.identities import identity_of
from chatops.linking.preferences import language_with
from languages.speaking import first_language


def chat_language(chat: Chat | None, organization: Organization) -> str:
    """In private that of the person, where they are linked and it is known; else that of the
    organization's first channel there, else its own. None is no chat: the organization's own."""
    if chat is None:
        return first_language(organization.language)
    channels = NotificationChannel.objects.for_organization(organization).filter(chat=chat)
    first = channels.order_by("created_at").values_list("language", flat=True).first() or ""
    if chat.type == Chat.Type.PRIVATE:
        person = identity_of(chat.bot, chat.chat_id or 0)
        if person is not None:
            return language_with(person, organization, first)
    return first_language(first, organization.language)
