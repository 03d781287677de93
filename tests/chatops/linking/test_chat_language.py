"""Which language a chat is spoken to, where no update says who reads it."""

import pytest

from accounts.models import Organization
from channels_app.models import Chat, NotificationChannel
from chatops import processing
from chatops.incoming import read_update
from chatops.linking.chat_language import chat_language
from chatops.models import TelegramIdentity
from chatops.receiving import inbox
from deliveries.models import Delivery
from languages.speaking import gettext, speaking
from tests.chatops.conftest import Talk
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
        (PRIVATE, "", "", "de", "de"),
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


@pytest.mark.parametrize(
    ("code", "kept", "spoken"), [("", "ru", "ru"), ("de", "de", "de"), ("fr", "", "es")]
)
def test_an_app_that_does_not_say_its_language_has_not_changed_it(
    talk: Talk, code: str, kept: str, spoken: str
) -> None:
    """In private with a person whose organization speaks Spanish."""
    Organization.objects.filter(pk=talk.organization.pk).update(language="es")
    talk.link(77)
    TelegramIdentity.objects.update(app_language="ru")
    app = {"language_code": code} if code else {}
    ada = {"id": 77, "is_bot": False, "first_name": "Ada", **app}
    told = {"id": 77, "type": "private", "first_name": "Ada"}
    entities = [{"type": "bot_command", "offset": 0, "length": 5}]
    message = {
        "message_id": 1,
        "date": 1,
        "chat": told,
        "from": ada,
        "text": "/help",
        "entities": entities,
    }
    update = {"update_id": 1, "message": message}
    inbox.store(talk.bot, [(read_update(update), update)])
    processing.process_due()
    assert TelegramIdentity.objects.get().app_language == kept
    with speaking(spoken):
        assert gettext("What I can do") in Delivery.objects.get().params["text"]
