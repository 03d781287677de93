"""The outbox: what a caller's transaction leaves behind."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from accounts.tenancy import ForeignOrganization
from channels_app.models import NotificationChannel
from deliveries import outbox, retrying
from deliveries.models import Delivery, SentMessage, Stream
from deliveries.outbox import Call
from tests.factories import make_bot, make_channel, make_organization

pytestmark = pytest.mark.django_db
State = Delivery.State
Priority = Delivery.Priority


@pytest.fixture
def channel() -> NotificationChannel:
    return make_channel(make_bot(make_organization()))


def text(words: str) -> Call:
    return Call("sendMessage", {"text": words, "disable_notification": True})


def edit(words: str) -> Call:
    return Call("editMessageText", {"text": words})


def sent(channel: NotificationChannel, call: Call, stream: Stream | None = None) -> SentMessage:
    return outbox.send(
        stream or outbox.open_stream(channel.organization, channel.chat),
        call,
        channel=channel,
        purpose=Delivery.Purpose.GROUP,
        priority=Priority.NORMAL,
        kind=SentMessage.Kind.TEXT,
        due_at=timezone.now(),
    )


def changed(channel: NotificationChannel, message: SentMessage, call: Call) -> Delivery:
    return outbox.change(
        message,
        call,
        channel=channel,
        purpose=Delivery.Purpose.GROUP,
        priority=Priority.HIGH,
        due_at=timezone.now() + timedelta(seconds=5),
    )


def rows(message: SentMessage) -> list[tuple[int, str, str]]:
    return [
        (row.sequence, row.method, row.state)
        for row in Delivery.objects.filter(stream=message.stream).order_by("sequence")
    ]


def test_a_send_is_an_expected_message_and_a_waiting_call(channel: NotificationChannel) -> None:
    message = sent(channel, text("one"))
    assert message.state == SentMessage.State.EXPECTED
    delivery = Delivery.objects.get(target=message)
    assert delivery.state == State.WAITING
    assert delivery.params == {"v": 1, "text": "one", "disable_notification": True}
    assert delivery.not_before == delivery.due_at


def test_numbers_of_a_stream_follow_one_another(channel: NotificationChannel) -> None:
    stream = outbox.open_stream(channel.organization, channel.chat)
    other = outbox.open_stream(channel.organization, channel.chat)
    for words in "abc":
        sent(channel, text(words), stream)
    sent(channel, text("d"), other)
    taken = Delivery.objects.filter(stream=stream).order_by("sequence")
    assert [(row.sequence, row.params["text"]) for row in taken] == [(1, "a"), (2, "b"), (3, "c")]
    assert Delivery.objects.get(stream=other).sequence == 1


def test_many_at_once_take_their_numbers_in_order(channel: NotificationChannel) -> None:
    streams = outbox.open_streams(channel.organization, [channel.chat] * 3)
    order = [0, 1, 0, 2, 0, 1]
    messages = outbox.send_many(
        [
            outbox.Send(
                stream=streams[which],
                call=text(str(index)),
                channel=channel,
                purpose=Delivery.Purpose.MESSAGE,
                priority=Priority.NORMAL,
                kind=SentMessage.Kind.TEXT,
                due_at=timezone.now(),
            )
            for index, which in enumerate(order)
        ]
    )
    found = {row.target_id: row.sequence for row in Delivery.objects.all()}
    assert [found[message.pk] for message in messages] == [1, 1, 2, 1, 3, 2]


def test_an_edit_becomes_the_waiting_send(channel: NotificationChannel) -> None:
    message = sent(channel, text("old"))
    delivery = changed(channel, message, edit("new"))
    assert rows(message) == [(1, "sendMessage", State.WAITING)]
    delivery.refresh_from_db()
    assert delivery.params == {"v": 1, "text": "new", "disable_notification": True}
    assert delivery.priority == Priority.HIGH


def test_an_edit_replaces_a_waiting_edit(channel: NotificationChannel) -> None:
    message = sent(channel, text("old"))
    settle(message)
    changed(channel, message, edit("two"))
    changed(channel, message, edit("three"))
    assert rows(message)[1:] == [(2, "editMessageText", State.WAITING)]
    assert Delivery.objects.get(sequence=2).params["text"] == "three"


def test_what_was_attempted_stays_as_it_is(channel: NotificationChannel) -> None:
    message = sent(channel, text("old"))
    Delivery.objects.filter(target=message).update(state=State.IN_FLIGHT, attempts=1)
    changed(channel, message, edit("new"))
    assert rows(message) == [
        (1, "sendMessage", State.IN_FLIGHT),
        (2, "editMessageText", State.WAITING),
    ]
    assert Delivery.objects.get(sequence=1).params["text"] == "old"


def test_deleting_what_never_left_sends_nothing(channel: NotificationChannel) -> None:
    message = sent(channel, text("old"))
    changed(channel, message, Call("deleteMessage", {}))
    assert rows(message) == [(1, "sendMessage", State.SUPERSEDED)]
    message.refresh_from_db()
    assert message.state == SentMessage.State.FORGOTTEN
    with pytest.raises(outbox.MessageGone):
        changed(channel, message, edit("new"))


def test_a_message_whose_send_died_is_sent_anew(channel: NotificationChannel) -> None:
    message = sent(channel, text("old"))
    Delivery.objects.filter(target=message).update(state=State.DEAD, attempts=3)
    changed(channel, message, edit("new"))
    assert rows(message) == [(1, "sendMessage", State.DEAD), (2, "sendMessage", State.WAITING)]


def test_a_dead_letter_goes_to_the_end_of_its_stream(channel: NotificationChannel) -> None:
    message = sent(channel, text("one"))
    other = sent(channel, text("two"), message.stream)
    dead = Delivery.objects.get(target=message)
    with pytest.raises(retrying.NotRetryable):
        retrying.retry(dead, COMMAND_LINE)
    Delivery.objects.filter(pk=dead.pk).update(state=State.DEAD, ladder=[{"step": "plain"}])
    retrying.retry(dead, COMMAND_LINE)
    dead.refresh_from_db()
    assert (dead.state, dead.ladder) == (State.WAITING, [])
    assert dead.sequence > Delivery.objects.get(target=other).sequence


def test_a_dead_letter_with_newer_state_behind_it_stays(channel: NotificationChannel) -> None:
    message = sent(channel, text("one"))
    Delivery.objects.filter(target=message).update(state=State.DEAD)
    dead = Delivery.objects.get(target=message)
    changed(channel, message, edit("new"))
    with pytest.raises(retrying.NotRetryable, match="newer"):
        retrying.retry(dead, COMMAND_LINE)


def test_rows_of_two_organizations_never_meet(channel: NotificationChannel) -> None:
    foreign = outbox.open_stream(make_organization(), channel.chat)
    with pytest.raises(ForeignOrganization):
        sent(channel, text("one"), foreign)
    message = sent(channel, text("one"))
    stranger = make_channel(make_bot(make_organization()))
    with pytest.raises(ForeignOrganization):
        changed(stranger, message, edit("two"))


def settle(message: SentMessage) -> None:
    """Pretend that the dispatcher sent it."""
    Delivery.objects.filter(target=message).update(state=State.SENT, attempts=1)
    SentMessage.objects.filter(pk=message.pk).update(
        state=SentMessage.State.SHOWN, message_id=17, sent_at=timezone.now()
    )
    message.refresh_from_db()


@pytest.mark.parametrize(
    ("state", "attempts", "maybe_sent", "expected"),
    [
        ("waiting", 0, False, [False]),
        ("parked", 0, False, [False]),
        ("waiting", 1, True, [True]),
        ("waiting", 1, False, []),
        ("in_flight", 1, False, []),
        ("dead", 1, False, [False]),
    ],
)
def test_what_is_unsent_takes_over_what_changes(
    channel: NotificationChannel, state: str, attempts: int, maybe_sent: bool, expected: list[bool]
) -> None:
    message = sent(channel, text("one"))
    row = Delivery.objects.filter(target=message)
    row.update(state=state, attempts=attempts, maybe_sent=maybe_sent)
    for hold in (False, True):
        assert list(outbox.unsent([message.pk], hold=hold).values()) == expected
    last = changed(channel, message, edit("two"))
    assert (last.method == "sendMessage") is bool(expected)
    assert last.params["text"] == "two"


def test_an_edit_that_waits_is_not_unsent(channel: NotificationChannel) -> None:
    message = sent(channel, text("one"))
    Delivery.objects.update(state="sent", attempts=1)
    SentMessage.objects.update(state="shown")
    message.refresh_from_db()
    changed(channel, message, edit("two"))
    assert outbox.unsent([message.pk]) == {}


def test_what_waits_leaves_sooner_where_newer_content_is_due(channel: NotificationChannel) -> None:
    message = sent(channel, text("one"))
    Delivery.objects.update(state=State.SENT)
    SentMessage.objects.update(state=SentMessage.State.SHOWN, message_id=5)
    message.refresh_from_db()
    later = changed(channel, message, edit("40 %"))
    now = timezone.now()
    outbox.change(
        message,
        edit("done"),
        channel=channel,
        purpose=Delivery.Purpose.GROUP,
        priority=Priority.INTERACTIVE,
        due_at=now,
    )
    later.refresh_from_db()
    assert (later.params["text"], later.due_at, later.not_before) == ("done", now, now)
    postponed = now + timedelta(seconds=30)
    Delivery.objects.filter(pk=later.pk).update(not_before=postponed)
    changed(channel, message, edit("done again"))
    later.refresh_from_db()
    assert later.not_before == postponed, "Telegram said to wait"


def test_what_is_due_together_leaves_in_the_order_given(channel: NotificationChannel) -> None:
    now = timezone.now()
    streams = [outbox.open_stream(channel.organization, channel.chat) for _ in range(4)]
    messages = outbox.send_many(
        [
            outbox.Send(
                stream=stream,
                call=text(str(number)),
                channel=channel,
                purpose=Delivery.Purpose.GROUP,
                priority=Priority.NORMAL,
                kind=SentMessage.Kind.TEXT,
                due_at=now,
            )
            for number, stream in enumerate(streams)
        ]
    )
    turns = dict(Delivery.objects.values_list("target", "turn_at"))
    assert len(set(turns.values())) == 4
    assert sorted(turns, key=lambda pk: turns[pk]) == [message.pk for message in messages]
