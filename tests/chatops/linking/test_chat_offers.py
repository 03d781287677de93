"""Chats that people show from within Telegram: what is on offer, and what becomes a channel."""

from collections.abc import Callable

import pytest

from accounts.models import Role
from channels_app.loans import lend_bot
from channels_app.models import NotificationChannel
from chatops.linking import chat_offers, link_codes
from chatops.linking.link_codes import Kind, LinkRefused
from chatops.models import ChatOffer, LinkCode
from deliveries import clock
from deliveries.models import Probe
from tests.chatops.conftest import Talk
from tests.chatops.linking import (
    actor_of,
    added,
    group,
    issue,
    last,
    member,
    named,
    refusals,
    start,
)
from tests.factories import make_channel, make_membership


@pytest.fixture
def talk(make_talk: Callable[..., Talk]) -> Talk:
    return named(make_talk())


def test_a_group_is_connected_once_that_is_confirmed(talk: Talk) -> None:
    who, chat = member(talk), group(talk)
    row, code = issue(talk, Kind.GROUP, who)
    start(talk, chat, code)
    assert "Go back" in last(talk, chat)
    offer = ChatOffer.objects.get(code=row)
    assert (offer.chat_id, offer.type, offer.title) == (chat.id, "supergroup", "Operations")
    assert not NotificationChannel.objects.exists()
    channel = chat_offers.connect(actor_of(who), offer, name="Ops")
    assert (channel.chat.chat_id, channel.chat.title, channel.name) == (
        chat.id,
        "Operations",
        "Ops",
    )
    assert Probe.objects.filter(channel=channel, kind=Probe.Kind.CHANNEL).exists()
    with pytest.raises(LinkRefused, match="not on offer"):
        chat_offers.connect(actor_of(who), offer, name="Again")


def test_a_topic_is_the_one_in_which_the_link_was_used(talk: Talk) -> None:
    who, chat = member(talk), group(talk, topics=["Alerts"])
    _, code = issue(talk, Kind.GROUP, who)
    start(talk, chat, code, message_thread_id=chat.topics["Alerts"])
    channel = chat_offers.connect(actor_of(who), ChatOffer.objects.get())
    assert channel.message_thread_id == chat.topics["Alerts"]
    assert channel.name == "Operations"


def test_a_private_chat_is_shown_in_private(talk: Talk) -> None:
    who, chat = member(talk), talk.private_chat()
    _, code = issue(talk, Kind.PRIVATE, who)
    talk.say(chat, f"/start {code}")
    assert chat_offers.connect(actor_of(who), ChatOffer.objects.get()).chat.type == "private"


@pytest.mark.parametrize("announced", [True, False], ids=["by who started", "by who is linked"])
def test_a_channel_is_known_by_who_adds_the_bot(talk: Talk, announced: bool) -> None:
    who, private = member(talk), talk.private_chat()
    row, code = issue(talk, Kind.CHANNEL, who)
    if announced:
        talk.say(private, f"/start {code}")
        assert "administrator who may post" in last(talk, private)
    else:
        linked = talk.link(private.id)
        LinkCode.objects.filter(pk=row.pk).update(made_by=linked.user)
    added(talk, -100777, 999_111, kind="channel", after="administrator", can_post_messages=True)
    assert not ChatOffer.objects.exists(), "somebody else adds it to theirs"
    added(talk, -100555, private.id, kind="channel", after="administrator", can_post_messages=True)
    offer = ChatOffer.objects.get()
    assert (offer.chat_id, offer.type, offer.code) == (-100555, "channel", row)


def test_a_thief_of_a_channels_link_shows_who_they_are(talk: Talk) -> None:
    who, thief, mine = member(talk), talk.private_chat(), talk.private_chat()
    row, code = issue(talk, Kind.CHANNEL, who)
    talk.say(thief, f"/start {code}")
    talk.say(mine, f"/start {code}")
    assert "not valid any more" in last(talk, mine)
    added(talk, -100555, thief.id, kind="channel", after="administrator", can_post_messages=True)
    assert ChatOffer.objects.get().telegram_id == thief.id
    assert chat_offers.refuse(actor_of(who), ChatOffer.objects.get())
    with pytest.raises(LinkRefused):
        chat_offers.connect(actor_of(who), ChatOffer.objects.get())
    row.refresh_from_db()
    assert row.closed_at is not None


def test_another_organizations_chat_is_refused_without_a_name(talk: Talk) -> None:
    """On a bot that both use."""
    borrower = make_membership(role=Role.ADMIN)
    lend_bot(actor_of(member(talk)), talk.bot, borrower.organization)
    chat = group(talk)
    theirs = make_channel(talk.bot, chat_id=chat.id)
    row, code = issue(talk, Kind.GROUP, borrower)
    start(talk, chat, code)
    assert "in use with this bot already" in last(talk, chat)
    assert theirs.organization.name not in last(talk, chat)
    row.refresh_from_db()
    assert row.used_at is None
    assert refusals(borrower.organization) == ["the chat is another organization's"]
    assert refusals(talk.organization) == []
    assert not ChatOffer.objects.exists()


def test_a_chat_that_became_anothers_meanwhile_is_not_connected(talk: Talk) -> None:
    borrower = make_membership(role=Role.ADMIN)
    lend_bot(actor_of(member(talk)), talk.bot, borrower.organization)
    chat = group(talk)
    _, code = issue(talk, Kind.GROUP, borrower)
    start(talk, chat, code)
    make_channel(talk.bot, chat_id=chat.id)
    offer = ChatOffer.objects.get()
    with pytest.raises(ValueError, match="another organization"):
        chat_offers.connect(actor_of(borrower), offer)
    assert not NotificationChannel.objects.for_organization(borrower.organization).exists()


@pytest.mark.parametrize(
    ("kind", "place"), [(Kind.PRIVATE, "supergroup"), (Kind.CHANNEL, "supergroup")]
)
def test_a_link_for_another_kind_of_chat_is_refused(talk: Talk, kind: Kind, place: str) -> None:
    _, code = issue(talk, kind)
    start(talk, group(talk), code)
    assert refusals(talk.organization) == ["it was for another kind of chat"]
    assert not ChatOffer.objects.exists()


def test_an_offer_is_over_after_an_hour(talk: Talk) -> None:
    who = member(talk)
    _, code = issue(talk, Kind.GROUP, who)
    start(talk, group(talk), code)
    ChatOffer.objects.update(offered_at=clock.now() - chat_offers.CONFIRM_WITHIN)
    with pytest.raises(LinkRefused):
        chat_offers.connect(actor_of(who), ChatOffer.objects.get())


def test_names_that_are_taken_get_a_number(talk: Talk) -> None:
    make_channel(talk.bot, name="Operations")
    assert chat_offers.free_name(talk.organization.pk, "Operations") == "Operations 2"
    assert chat_offers.free_name(talk.organization.pk, "x" * 300) == "x" * 96
    assert chat_offers.free_name(talk.organization.pk, " ") == "Telegram"


def test_codes_are_never_told_again(talk: Talk) -> None:
    row, code = issue(talk, Kind.GROUP)
    link = link_codes.link_of(row, code)
    assert link == f"https://t.me/{talk.telegram_bot.username}?startgroup={code}"
    assert code not in str(list(LinkCode.objects.values()))
    assert len(code) <= 64
