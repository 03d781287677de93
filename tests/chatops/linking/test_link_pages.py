"""The console's pages of links: shown once, to whom they were made for, and following Telegram."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.models import Organization, Role
from channels_app.models import NotificationChannel
from chatops.linking import telling
from chatops.linking.identities import identity_of
from chatops.linking.link_codes import Kind
from chatops.models import ChatOffer, LinkCode, TelegramIdentity
from deliveries import clock
from languages.speaking import gettext, speaking
from tests.chatops.conftest import Talk
from tests.chatops.linking import issue, named
from tests.console import Person

MINE = "/chatops/linkcode/"


@pytest.fixture
def talk(make_talk: Callable[..., Talk]) -> Talk:
    return named(make_talk())


def code_in(page: str) -> str:
    found = re.search(r"(?:start|startgroup)=(link-[\w-]+)", page)
    assert found, page
    return found[1]


def state_of(row: LinkCode) -> str:
    return f"{MINE}{row.pk}/state/"


def test_a_person_links_their_account(talk: Talk) -> None:
    person, chat = Person(talk.organization, Role.VIEWER), talk.private_chat()
    assert "not linked yet" in person.read(f"{MINE}mine/")
    page = person.send(f"{MINE}link/", 200, bot=talk.bot.pk)
    assert '<svg viewBox="' in page
    assert "Bots and chats → Open a link" in page, "Telegram knows no bot of the sandbox"
    row = LinkCode.objects.get()
    assert "hx-get" in person.read(state_of(row))
    assert code_in(page) not in person.read(state_of(row)), "it is shown once"
    talk.say(chat, f"/start {code_in(page)}")
    asked = person.read(state_of(row))
    assert "Is that you?" in asked
    assert chat.title in asked
    assert 'id="link-code" hx-swap-oob="true"' in asked
    assert "hx-get" not in asked
    person.send(f"{MINE}{row.pk}/press/confirm/")
    identity = identity_of(talk.bot, chat.id)
    assert identity is not None
    assert identity.user == person.membership.user
    assert str(identity) in person.read(f"{MINE}mine/")
    talk.settle()
    assert "is linked to" in talk.texts(chat)[-1]
    person.send(f"{MINE}unlink/", account=identity.pk)
    assert identity_of(talk.bot, chat.id) is None


def test_who_was_linked_is_told_in_the_organizations_language_until_theirs_is_known(
    talk: Talk,
) -> None:
    Organization.objects.filter(pk=talk.organization.pk).update(language="de")
    person, chat = Person(talk.organization), talk.private_chat()
    page = person.send(f"{MINE}link/", 200, bot=talk.bot.pk)
    talk.say(chat, f"/start {code_in(page)}")
    person.send(f"{MINE}{LinkCode.objects.get().pk}/press/confirm/")
    talk.settle()
    with speaking("de"):
        expected = gettext(telling.LINKED).format(email=person.membership.user.email)
    assert talk.texts(chat)[-1] == expected


def test_not_me_links_nobody(talk: Talk) -> None:
    person = Person(talk.organization)
    page = person.send(f"{MINE}link/", 200, bot=talk.bot.pk)
    talk.say(talk.private_chat(), f"/start {code_in(page)}")
    row = LinkCode.objects.get()
    person.send(f"{MINE}{row.pk}/press/refuse/")
    assert "Nothing was linked" in person.read(f"{MINE}mine/")
    person.send(f"{MINE}{row.pk}/press/confirm/")
    assert "any more" in person.read(f"{MINE}mine/")
    assert not TelegramIdentity.objects.exists()


def test_a_link_is_its_makers_alone(talk: Talk) -> None:
    person, other = Person(talk.organization), Person(talk.organization)
    person.send(f"{MINE}link/", 200, bot=talk.bot.pk)
    row = LinkCode.objects.get()
    other.read(state_of(row), 404)
    other.send(f"{MINE}{row.pk}/press/refuse/", 403)
    other.send(f"{MINE}{row.pk}/connect/", 404, name="x")
    Person().read(state_of(row), 404)
    identity = TelegramIdentity.objects.create(
        user=person.membership.user, telegram_id=5, name="Ada"
    )
    other.send(f"{MINE}unlink/", 404, account=identity.pk)
    row.refresh_from_db()
    assert row.closed_at is None


def test_a_link_that_nobody_opened_says_so(talk: Talk) -> None:
    person = Person(talk.organization)
    person.send(f"{MINE}link/", 200, bot=talk.bot.pk)
    LinkCode.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    page = person.read(state_of(LinkCode.objects.get()))
    assert "time is over" in page
    assert "hx-get" not in page


def test_a_chat_is_connected_with_a_name(talk: Talk) -> None:
    person = Person(talk.organization, Role.ADMIN)
    assert "Choose the chat in Telegram" in person.read("/channels_app/notificationchannel/add/")
    assert "A group" in person.read(f"{MINE}chat/")
    page = person.send(f"{MINE}chat/", 200, bot=talk.bot.pk, kind="group")
    chat = talk.telegram.create_chat("supergroup", bot=talk.telegram_bot, title="<Ops & all>")
    name = talk.telegram_bot.username
    talk.say(chat, f"/start@{name} {code_in(page)}", from_id=talk.private_chat().id)
    row = LinkCode.objects.get()
    asked = person.read(state_of(row))
    assert "&lt;Ops &amp; all&gt;" in asked
    assert "(supergroup)" in asked
    refused = person.send(f"{MINE}{row.pk}/connect/", 302, name="Ops")
    channel = NotificationChannel.objects.get()
    assert str(channel.pk) in refused
    assert "not on offer" in person.send(f"{MINE}{row.pk}/connect/", 200, name="Ops 2")
    assert channel.name in person.read(state_of(row))


def test_a_refused_name_leaves_the_chat_on_offer(talk: Talk) -> None:
    person = Person(talk.organization, Role.ADMIN)
    row, code = issue(talk, Kind.PRIVATE, person.membership)
    talk.say(talk.private_chat(), f"/start {code}")
    person.send(f"{MINE}{row.pk}/connect/", 302, name="Ops")
    row, code = issue(talk, Kind.PRIVATE, person.membership)
    talk.say(talk.private_chat(), f"/start {code}")
    page = person.send(f"{MINE}{row.pk}/connect/", 200, name="Ops")
    assert "There is a channel called" in page
    assert "Is this the chat?" in page
    assert ChatOffer.objects.get(code=row).closed_at is None
    person.send(f"{MINE}{row.pk}/press/refuse/")
    assert NotificationChannel.objects.count() == 1


def test_connecting_needs_the_right_to(talk: Talk) -> None:
    person = Person(talk.organization, Role.RESPONDER)
    person.read(f"{MINE}chat/", 403)
    person.send(f"{MINE}chat/", 403, bot=talk.bot.pk, kind="group")
    row, code = issue(talk, Kind.PRIVATE, person.membership)
    talk.say(talk.private_chat(), f"/start {code}")
    person.send(f"{MINE}{row.pk}/connect/", 403, name="Ops")
    assert not NotificationChannel.objects.exists()


@pytest.mark.parametrize(
    ("role", "seen"), [(Role.OWNER, True), (Role.ADMIN, True), (Role.VIEWER, False)]
)
def test_admins_see_who_is_linked_by_name(talk: Talk, role: str, seen: bool) -> None:
    linked = talk.link(4242)
    page = Person(talk.organization, role).read("/accounts/membership/")
    assert ("Linked" in page) == seen
    assert "4242" not in page
    assert linked.user.email in page
    page = Person(talk.organization, role).read(f"/accounts/membership/{linked.pk}/change/")
    assert ("<b>Linked" in page) == seen
    assert "4242" not in page
    other = Person(talk.organization, Role.RESPONDER).membership
    page = Person(talk.organization, role).read(f"/accounts/membership/{other.pk}/change/")
    assert ("No Telegram account is linked" in page) == seen


def test_an_owner_unlinks_a_member(talk: Talk) -> None:
    linked = talk.link(4242)
    path = f"/accounts/membership/{linked.pk}/press/unlink/"
    Person(talk.organization, Role.ADMIN).send(path, 403)
    assert TelegramIdentity.objects.exists()
    Person(talk.organization).send(path)
    assert not TelegramIdentity.objects.exists()


def test_privacy_mode_is_told_where_it_matters(talk: Talk) -> None:
    person = Person(talk.organization)
    path = f"/channels_app/bot/{talk.bot.pk}/change/"
    assert "Privacy mode" not in person.read(path), "it is not known"
    talk.bot.facts = {"can_read_all_group_messages": False}
    talk.bot.save()
    assert "Privacy mode is on" in person.read(path)
    talk.bot.facts = {"can_read_all_group_messages": True}
    talk.bot.save()
    assert "Privacy mode" not in person.read(path)
