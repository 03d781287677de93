"""Votes as updates tell them, and how long they are kept."""

from datetime import timedelta

import pytest
from django.utils import timezone

from channels_app.models import NotificationChannel
from deliveries import outbox, polls
from deliveries.answers import read_poll
from deliveries.models import Delivery, PollAnswer, SentMessage, SentPoll
from deliveries.purge import purge
from tests.factories import make_bot, make_channel, make_organization

POLL = {"id": "77", "question": "Now?", "options": [{"text": "Yes"}, {"text": "No"}]}
ANSWER = {"poll_id": "77", "user": {"id": 5, "first_name": "Ada"}, "option_ids": [1]}
LONG_AGO = timezone.now() - timedelta(days=400)


@pytest.fixture
def channel(db: None) -> NotificationChannel:
    return make_channel(make_bot(make_organization()))


def sent_poll(channel: NotificationChannel) -> SentMessage:
    stream = outbox.open_stream(channel.organization_id, channel.chat)
    message = outbox.send(
        stream,
        outbox.Call("sendPoll", {"question": "Now?"}),
        channel=channel,
        purpose=Delivery.Purpose.MESSAGE,
        priority=Delivery.Priority.NORMAL,
        kind=SentMessage.Kind.POLL,
        due_at=timezone.now(),
    )
    told = read_poll(POLL)
    assert told is not None
    polls.note(message, channel.chat.bot_id, told)
    return message


def test_an_answer_changes_and_is_taken_back(channel: NotificationChannel) -> None:
    sent_poll(channel)
    bot = channel.chat.bot
    for chosen in ([1], [0, 1], [0]):
        assert polls.record_answer(bot, ANSWER | {"option_ids": chosen})
        assert PollAnswer.objects.get().option_ids == chosen
    assert polls.record_answer(bot, ANSWER | {"option_ids": []})
    assert not PollAnswer.objects.exists()
    chat = {"poll_id": "77", "voter_chat": {"id": -100, "title": "Ops"}, "option_ids": [0]}
    assert polls.record_answer(bot, chat)
    assert PollAnswer.objects.get().voter_name == "Ops"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"poll_id": "77", "option_ids": [0]},
        ANSWER | {"poll_id": "78"},
        ANSWER | {"user": {"id": "5"}},
        ANSWER | {"option_ids": "0"},
    ],
)
def test_what_is_no_answer_of_ours(channel: NotificationChannel, answer: dict[str, object]) -> None:
    sent_poll(channel)
    assert not polls.record_answer(channel.chat.bot, answer)
    assert not PollAnswer.objects.exists()


def test_another_bots_poll_of_the_same_number_is_another(channel: NotificationChannel) -> None:
    sent_poll(channel)
    other = make_bot(make_organization())
    assert not polls.record_answer(other, ANSWER)
    assert not polls.record_poll(other, POLL | {"is_closed": True})
    assert not SentPoll.objects.get().is_closed


def test_a_poll_is_counted_and_stays_closed(channel: NotificationChannel) -> None:
    sent_poll(channel)
    bot = channel.chat.bot
    assert polls.record_poll(bot, POLL | {"total_voter_count": 3})
    assert SentPoll.objects.get().total_voter_count == 3
    assert polls.record_poll(bot, POLL | {"total_voter_count": 4, "is_closed": True})
    assert polls.record_poll(bot, POLL | {"total_voter_count": 1}), "known, but older"
    poll = SentPoll.objects.get()
    assert (poll.total_voter_count, poll.is_closed) == (4, True)


def test_votes_go_with_their_message(channel: NotificationChannel) -> None:
    sent_poll(channel)
    polls.record_answer(channel.chat.bot, ANSWER)
    purge()
    assert PollAnswer.objects.exists(), "what waits stays"
    Delivery.objects.update(state=Delivery.State.SENT, settled_at=LONG_AGO)
    purge()
    assert not SentPoll.objects.exists()
    assert not PollAnswer.objects.exists()
