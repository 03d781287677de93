"""What updates tell of a bot's place in its chats is noted before a call is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.audit import SYSTEM
from channels_app.models import Chat, NotificationChannel, Verification
from chatops.incoming import read_update
from chatops.linking.membership import Change, read_change
from chatops.models import ChatOffer, UnclaimedChat
from deliveries import clock, health
from deliveries.advice import Problem
from deliveries.models import Delivery, Probe
from deliveries.probing import run_pending
from tests.chatops.conftest import Talk
from tests.chatops.linking import added, named
from tests.factories import make_channel, make_organization


@pytest.fixture
def talk(make_talk: Callable[..., Talk]) -> Talk:
    return named(make_talk())


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        ("supergroup", {"status": "left"}, {"status": "member"}, Change(False, True)),
        (
            "supergroup",
            {"status": "member"},
            {"status": "left"},
            Change(True, False, Problem.NOT_MEMBER),
        ),
        (
            "group",
            {"status": "member"},
            {"status": "kicked"},
            Change(True, False, Problem.KICKED),
        ),
        (
            "private",
            {"status": "member"},
            {"status": "kicked"},
            Change(True, False, Problem.BLOCKED),
        ),
        (
            "supergroup",
            {"status": "member"},
            {"status": "restricted", "is_member": True, "can_send_messages": False},
            Change(True, True, Problem.RESTRICTED),
        ),
        (
            "supergroup",
            {"status": "member"},
            {"status": "restricted", "is_member": True, "can_send_messages": True},
            Change(True, True),
        ),
        (
            "supergroup",
            {"status": "member"},
            {"status": "restricted", "is_member": False},
            Change(True, False, Problem.NOT_MEMBER),
        ),
        (
            "channel",
            {"status": "administrator", "can_post_messages": True},
            {"status": "administrator", "can_post_messages": False},
            Change(True, True, Problem.NOT_ADMIN, may_pass=True),
        ),
        (
            "channel",
            {"status": "left"},
            {"status": "administrator", "can_post_messages": True},
            Change(False, True),
        ),
        ("supergroup", {}, {"status": "member"}, Change(False, True)),
        ("supergroup", {"status": 5}, {"status": None}, Change(False, False, Problem.NOT_MEMBER)),
        ("supergroup", None, {"status": "member"}, None),
    ],
)
def test_changes(kind: str, before: Any, after: Any, expected: Change | None) -> None:
    body = {
        "chat": {"id": -5, "type": kind},
        "from": {"id": 7, "is_bot": False, "first_name": "Ada"},
        "old_chat_member": before,
        "new_chat_member": after,
    }
    assert read_change(read_update({"update_id": 1, "my_chat_member": body})) == expected


def group_channel(talk: Talk, **values: Any) -> NotificationChannel:
    chat = talk.telegram.create_chat("supergroup", bot=talk.telegram_bot, title="Ops")
    channel = make_channel(talk.bot, chat_id=chat.id, **values)
    Chat.objects.filter(pk=channel.chat_id).update(type="supergroup", title="Ops")
    channel.refresh_from_db()
    return channel


@pytest.mark.parametrize(
    ("kind", "after", "problem"),
    [
        ("supergroup", "kicked", Problem.KICKED),
        ("supergroup", "left", Problem.NOT_MEMBER),
        ("private", "kicked", Problem.BLOCKED),
    ],
)
def test_who_is_removed_is_disabled_before_a_call_fails(
    talk: Talk, kind: str, after: str, problem: Problem
) -> None:
    channel = group_channel(talk)
    number = channel.chat.chat_id or 0
    added(talk, number, 7, kind=kind, before="member", after=after)
    channel.refresh_from_db()
    assert not channel.enabled
    assert channel.verdict["problem"] == problem
    assert health.disabled_by_us(channel)
    assert not Delivery.objects.exists(), "nothing was sent to find that out"
    added(talk, number, 7, kind=kind, before=after, after="member")
    run_pending()
    channel.refresh_from_db()
    assert channel.enabled, "the check found that it is well"


def test_what_a_person_switched_off_stays_off(talk: Talk) -> None:
    channel = group_channel(talk)
    health.switch_off(SYSTEM, channel)
    added(talk, channel.chat.chat_id or 0, 7, before="left", after="member")
    assert not Probe.objects.exists()
    channel.refresh_from_db()
    assert not channel.enabled


def test_a_lost_right_is_noted_and_a_regained_one_checked(talk: Talk) -> None:
    chat = talk.telegram.create_chat("channel", bot=talk.telegram_bot, state="administrator")
    channel = make_channel(talk.bot, chat_id=chat.id)
    rights: dict[str, Any] = {
        "kind": "channel",
        "before": "administrator",
        "after": "administrator",
    }
    added(talk, chat.id, 7, **rights, can_post_messages=False)
    channel.refresh_from_db()
    assert (channel.enabled, channel.verification) == (True, Verification.FAILED)
    assert channel.verdict["problem"] == Problem.NOT_ADMIN
    added(talk, chat.id, 7, **rights, can_post_messages=True)
    run_pending()
    channel.refresh_from_db()
    assert (channel.verification, channel.verdict) == (Verification.OK, {})


def say(talk: Talk, chat_id: int, **fields: Any) -> None:
    value = {
        "message_id": 5,
        "date": 1,
        "chat": {"id": chat_id, "type": "supergroup", "title": "Ops"},
        "from": {"id": 7, "is_bot": False, "first_name": "Ada"},
    }
    talk.telegram.queue_update(talk.telegram_bot, "message", value | fields)
    talk.settle()


def test_a_new_title_and_lost_topics_are_noted(talk: Talk) -> None:
    channel = group_channel(talk, message_thread_id=5)
    number = channel.chat.chat_id or 0
    forum = {"id": number, "type": "supergroup", "title": "Night watch", "is_forum": True}
    say(talk, number, chat=forum, new_chat_title="Night watch")
    channel.refresh_from_db()
    assert (channel.chat.title, channel.chat.is_forum, channel.topic_problem) == (
        "Night watch",
        True,
        "",
    )
    say(talk, number, chat=forum | {"is_forum": False}, text="topics are off")
    channel.refresh_from_db()
    assert "no topics" in channel.topic_problem


@pytest.mark.parametrize("told_by", ["the group", "the supergroup"])
def test_a_group_that_became_a_supergroup_is_followed(talk: Talk, told_by: str) -> None:
    channel = make_channel(talk.bot, chat_id=-4242)
    ChatOffer.objects.create(
        organization=talk.organization,
        bot=talk.bot,
        telegram_id=7,
        chat_id=-4242,
        type="group",
        title="Ops",
        offered_at=clock.now(),
    )
    UnclaimedChat.objects.create(
        bot=talk.bot,
        chat_id=-4242,
        type="group",
        title="Ops",
        added_by=7,
        arrived_at=clock.now(),
        leave_at=clock.now(),
    )
    new = -1004242
    old = {"id": -4242, "type": "group", "title": "Ops"}
    if told_by == "the group":
        say(talk, -4242, chat=old, migrate_to_chat_id=new)
    say(talk, new, migrate_from_chat_id=-4242)
    channel.refresh_from_db()
    assert (channel.chat.chat_id, channel.enabled) == (new, True)
    assert ChatOffer.objects.get().chat_id == new
    assert UnclaimedChat.objects.get().chat_id == new


def test_a_supergroup_in_which_the_bot_only_talked_is_taken_over(talk: Talk) -> None:
    """The row of such a chat is the bot owner's, and no organization's channel."""
    owner = make_organization()
    channel = make_channel(talk.bot, chat_id=-4242)
    Chat.objects.create(organization=owner, bot=talk.bot, chat_id=-1004242)
    say(talk, -4242, migrate_to_chat_id=-1004242)
    channel.refresh_from_db()
    assert channel.enabled
    assert (channel.chat.chat_id, channel.chat.organization) == (-1004242, talk.organization)


def test_a_supergroup_of_another_organization_disables_the_channels(talk: Talk) -> None:
    mine = [make_channel(talk.bot, chat_id=-4242, name=f"Ops {number}") for number in (1, 2)]
    other = make_organization()
    theirs = make_channel(talk.bot, chat_id=-1004242)
    Chat.objects.filter(pk=theirs.chat_id).update(organization=other)
    NotificationChannel.objects.filter(pk=theirs.pk).update(organization=other)
    say(talk, -4242, migrate_to_chat_id=-1004242)
    for channel in mine:
        channel.refresh_from_db()
        assert (channel.enabled, channel.verdict["problem"]) == (False, Problem.FOREIGN_CHAT)
    theirs.refresh_from_db()
    assert theirs.enabled
