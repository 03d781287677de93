"""As whom an organization's records name people who act in Telegram."""

from collections.abc import Callable
from typing import Any

from accounts.audit import Actor
from accounts.models import AuditEntry, Way
from channels_app.models import Bot
from chatops import processing
from chatops.context import make_context
from chatops.incoming import read_update
from chatops.models import TelegramIdentity
from chatops.receiving import inbox
from chatops.responding.pressing import actor_of
from tests.chatops.conftest import Talk
from tests.factories import make_channel, make_membership

ADA = 4242


def of(talk: Talk, telegram_id: int = ADA, chat_id: int = -100777, **fields: Any) -> list[Actor]:
    """Whom both name who writes there."""
    message = {
        "message_id": 1,
        "chat": {"id": chat_id, "type": "supergroup", "title": "Ops"},
        "from": {"id": telegram_id, "is_bot": False, "first_name": "Ada", "username": "ada"},
        "date": 1,
        "text": "hello",
        **fields,
    }
    update = read_update({"update_id": 1, "message": message})
    context = make_context(Bot.objects.get(pk=talk.bot.pk), update, {})
    return [context.actor, actor_of(context)]


def test_members_have_their_name_and_others_telegrams(talk: Talk) -> None:
    make_channel(talk.bot, chat_id=-100777)
    stranger = of(talk)[0]
    assert stranger.user is None
    member = talk.link(ADA, first_name="Augusta", last_name="King")
    named = Actor("Augusta King", Way.TELEGRAM, member.user)
    assert of(talk) == [named, named]
    member.delete()
    assert of(talk) == [stranger, stranger], "linked still, and nobody here"


def test_who_is_a_member_elsewhere_is_not_named_here(make_talk: Callable[..., Talk]) -> None:
    talk = make_talk()
    make_channel(talk.bot, chat_id=-100777)
    elsewhere = make_membership(user__first_name="Augusta", user__last_name="King")
    TelegramIdentity.objects.create(user=elsewhere.user, bot=talk.bot, telegram_id=ADA, name="Ada")
    for actor in of(talk):
        assert actor.user is None
        assert "Augusta" not in actor.name
        assert elsewhere.user.email not in actor.name


def test_a_channel_whose_posts_come_to_its_group_is_no_person(talk: Talk) -> None:
    """Telegram forwards them under a name of its own (Bot API is_automatic_forward)."""
    make_channel(talk.bot, chat_id=-100777)
    sender = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
    post: dict[str, Any] = {
        "from": sender,
        "sender_chat": {"id": -1001, "type": "channel", "title": "News"},
    }
    assert of(talk, **post)[1] == Actor("an anonymous admin", Way.TELEGRAM)


def test_who_unlinks_themselves_is_named_where_they_are_a_member(talk: Talk) -> None:
    """By a bot of an organization that they are none of."""
    Bot.objects.update(api_url="")
    elsewhere = make_membership()
    TelegramIdentity.objects.create(user=elsewhere.user, telegram_id=ADA, name="Ada")
    message = {
        "message_id": 1,
        "chat": {"id": ADA, "type": "private", "first_name": "Ada"},
        "from": {"id": ADA, "is_bot": False, "first_name": "Ada"},
        "date": 1,
        "text": "/unlink",
        "entities": [{"type": "bot_command", "offset": 0, "length": 7}],
    }
    raw = {"update_id": 1, "message": message}
    inbox.store(talk.bot, [(read_update(raw), raw)])
    processing.process_due()
    entry = AuditEntry.objects.get(action="unlink")
    assert (entry.actor, entry.organization) == (elsewhere.user, elsewhere.organization)
