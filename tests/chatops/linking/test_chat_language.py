"""Which language a chat is spoken to, where no update says who reads it."""

import pytest

from channels_app.models import Chat, NotificationChannel
from chatops.linking.chat_language import chat_language
from chatops.models import TelegramIdentity
from tests.factories import make_bot, make_channel, make_membership, make_organization

pytestmark = pytest.mark.django_db
PRIVATE, GROUP = Chat.Type.PRIVATE, Chat.Type.SUPERGROUP


@pytest.mark.parametrize(
    ("kind", "chosen", "app", "channel", "expected"),
    [
        (GROUP, "", "", "", "es"),
        (GROUP, "", "", "de", "de"),
        (GROUP, "ru", "ru", "", "es"),
        (PRIVATE, "ru", "de", "de", "ru"),
        (PRIVATE, "", "ru", "de", "ru"),
        (PRIVATE, "", "", "", "es"),
        (PRIVATE, None, "", "de", "de"),
        (PRIVATE, None, "", "", "es"),
    ],
)
def test_whose_language_it_is(
    kind: str, chosen: str | None, app: str, channel: str, expected: str
) -> None:
    """`chosen` and `app`: the person's, None for somebody who is not linked."""
    member = make_membership(organization=make_organization(language="es"))
    chat = make_channel(make_bot(member.organization), language=channel).chat
    chat.type = kind
    chat.save()
    if chosen is not None:
        TelegramIdentity.objects.create(
            user=member.user,
            telegram_id=chat.chat_id or 0,
            language=chosen,
            app_language=app,
        )
    assert chat_language(chat, member.organization) == expected


def test_the_first_channel_counts() -> None:
    bot = make_bot(make_organization(language="es"))
    first = make_channel(bot, language="de")
    make_channel(bot, chat_id=first.chat.chat_id, language="ru", message_thread_id=7)
    assert chat_language(first.chat, bot.organization) == "de"
    NotificationChannel.objects.filter(pk=first.pk).delete()
    assert chat_language(first.chat, bot.organization) == "ru"


def test_another_organizations_channel_does_not_count() -> None:
    chat = make_channel(make_bot(make_organization(language="de")), language="de").chat
    assert chat_language(chat, make_organization(language="ru")) == "ru"


def test_another_bots_word_for_who_it_is_does_not_count() -> None:
    member = make_membership(organization=make_organization(language="es"))
    chat = make_channel(make_bot(member.organization)).chat
    chat.type = PRIVATE
    other = make_bot(make_organization())
    TelegramIdentity.objects.create(
        user=member.user, telegram_id=chat.chat_id or 0, bot=other, language="ru"
    )
    assert chat_language(chat, member.organization) == "es"


def test_no_chat_is_spoken_to_in_the_organizations_language() -> None:
    assert chat_language(None, make_organization(language="es")) == "es"
