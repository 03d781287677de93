"""Updates are handled once in effect, in the order of their chat, whatever happens between."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from alerts.models import AlertGroup
from chatops import answers, processing
from chatops.context import Context
from chatops.handled import Handled
from chatops.incoming import read_update
from chatops.models import InboundUpdate
from chatops.receiving import inbox
from chatops.responding.pressing import START_LINKING
from chatops.routing import HANDLERS
from deliveries.models import Delivery
from tests.chatops.conftest import Talk

State = InboundUpdate.State


def message(update_id: int, chat: int, text: str = "/start", **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "message_id": update_id,
        "chat": {"id": chat, "type": "private", "first_name": "Ada"},
        "from": {"id": chat, "is_bot": False, "first_name": "Ada"},
        "date": 1,
        "text": text,
    }
    if text.startswith("/"):
        length = len(text.split(" ", maxsplit=1)[0])
        body["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
    return {"update_id": update_id, "message": body | fields}


def press(update_id: int, data: str = "no data of ours") -> dict[str, Any]:
    query = {
        "id": "4241234567890123456",
        "from": {"id": 77, "is_bot": False, "first_name": "Ada"},
        "chat_instance": "1",
        "data": data,
    }
    return {"update_id": update_id, "callback_query": query}


def store(talk: Talk, *raw: dict[str, Any]) -> int:
    return inbox.store(talk.bot, [(read_update(one), one) for one in raw])


def test_a_repeated_update_changes_nothing(talk: Talk) -> None:
    assert store(talk, message(5, 77)) == 1
    assert store(talk, message(5, 77, "/start again"), message(6, 77, "hello")) == 1
    assert processing.process_due() == 2
    assert talk.outcomes() == ["greeted a stranger", "said what I can do"]
    assert store(talk, message(5, 77)) == 0
    assert processing.process_due() == 0
    assert Delivery.objects.filter(purpose=Delivery.Purpose.ANSWER).count() == 2


def test_a_chats_updates_wait_for_each_other_and_not_for_another_chats(talk: Talk) -> None:
    store(talk, message(1, 77), message(2, 77, "two"), message(3, 88, "other"))
    heads = processing._heads()
    assert [head.update_id for head in heads] == [1, 3]
    assert processing._claim(heads[0])
    assert [head.update_id for head in processing._heads()] == [3]
    twin = InboundUpdate.objects.get(update_id=1)
    assert not processing._claim(twin), "nobody takes what somebody works on"


def test_who_was_too_slow_changes_nothing(talk: Talk) -> None:
    store(talk, message(1, 77))
    slow, quick = processing._heads()[0], processing._heads()[0]
    assert processing._claim(slow)
    InboundUpdate.objects.update(claimed_until=slow.received_at - timedelta(seconds=1))
    quick.refresh_from_db()
    assert processing._claim(quick)
    processing._work_on(quick, HANDLERS)
    processing._work_on(slow, HANDLERS)
    assert Delivery.objects.filter(purpose=Delivery.Purpose.ANSWER).count() == 1


def test_what_cannot_be_read_is_done_with_and_says_so(talk: Talk) -> None:
    store(talk, message(1, 77))
    InboundUpdate.objects.update(payload={"update_id": 1})
    processing.process_due()
    assert talk.outcomes() == ["not read: an update has a field that says what happened"]


def test_a_defect_is_tried_again_and_given_up_visibly(talk: Talk) -> None:
    store(talk, message(1, 77), message(2, 77, "behind it"))

    def broken(context: Context) -> Handled | None:
        if context.incoming.text == "/start":
            raise ZeroDivisionError
        return None

    for attempt in range(1, len(processing.RETRIES) + 1):
        processing.process_due([broken])
        row = InboundUpdate.objects.get(update_id=1)
        assert (row.state, row.attempts) == (State.WAITING, attempt)
        assert InboundUpdate.objects.get(update_id=2).state == State.WAITING, "in order"
        InboundUpdate.objects.filter(update_id=1).update(not_before=row.received_at)
    processing.process_due([broken])
    row = InboundUpdate.objects.get(update_id=1)
    assert row.state == State.DEAD
    assert row.outcome == "ZeroDivisionError"
    assert InboundUpdate.objects.get(update_id=2).state == State.DONE


def test_what_the_database_refuses_each_time_is_put_off_and_stops_nobody(talk: Talk) -> None:
    store(talk, message(1, 77), message(2, 88, "other"))

    def refused(context: Context) -> Handled | None:
        if context.incoming.text == "/start":
            list(AlertGroup.objects.filter(title__icontains="x" * 60_000))
            raise OperationalError("statement timeout")  # PostgreSQL takes the pattern
        return None

    assert processing.process_due([refused]) == 2
    row = InboundUpdate.objects.get(update_id=1)
    assert (row.state, row.attempts, row.outcome) == (State.WAITING, 1, "OperationalError")
    assert row.not_before > row.received_at
    assert row.claimed_until is None
    assert InboundUpdate.objects.get(update_id=2).state == State.DONE


def test_a_press_is_answered_although_its_handler_fails_and_is_soon_given_up(talk: Talk) -> None:
    store(talk, press(1))

    def broken(context: Context) -> Handled | None:
        raise ZeroDivisionError

    for _ in processing.QUERY_RETRIES:
        processing.process_due([broken])
        assert answers.idle(20)
        calls = talk.telegram.calls(bot=talk.telegram_bot, method="answerCallbackQuery")
        assert [call.parameters["text"] for call in calls] == [processing.SORRY], "once"
        row = InboundUpdate.objects.get()
        assert row.state == State.WAITING
        InboundUpdate.objects.update(not_before=row.received_at)
    processing.process_due([broken])
    assert InboundUpdate.objects.get().state == State.DEAD


@pytest.mark.parametrize("dies", [False, True])
def test_a_query_is_answered_even_when_whoever_handled_it_died(talk: Talk, dies: bool) -> None:
    store(talk, press(1))
    head = processing._heads()[0]
    assert processing._claim(head)
    handled = processing._handle(head, HANDLERS)
    assert handled is not None
    assert handled.answer is not None
    if not dies:
        answers.submit(head, handled.answer)
        assert answers.idle(20)
    else:
        InboundUpdate.objects.update(answer_due_at=head.received_at)
        assert answers.resume() == 1
        assert answers.idle(20)
    calls = talk.telegram.calls(bot=talk.telegram_bot, method="answerCallbackQuery")
    assert len(calls) == 1
    assert InboundUpdate.objects.get().answer_due_at is None


def process_that_ended() -> str:
    said = "from deliveries import processes; print(processes.name())"
    ended = subprocess.run([sys.executable, "-c", said], check=True, capture_output=True, text=True)
    return ended.stdout.strip()


def test_what_a_process_that_is_gone_claimed_is_not_waited_for(talk: Talk) -> None:
    store(talk, message(1, 77), message(2, 78))
    for head in processing._heads():
        assert processing._claim(head)
    InboundUpdate.objects.filter(update_id=1).update(claimed_by=process_that_ended())
    assert processing.process_due() == 0
    assert processing.free_what_the_gone_claimed() == 1
    assert processing.process_due() == 1
    states = InboundUpdate.objects.order_by("update_id").values_list("state", flat=True)
    assert list(states) == [State.DONE, State.WAITING], "ours is under way"
    assert processing.free_what_the_gone_claimed() == 0


def test_an_answer_that_telegram_would_not_take_any_more_is_let_go(talk: Talk) -> None:
    store(talk, press(1))
    head = processing._heads()[0]
    assert processing._claim(head)
    assert processing._handle(head, HANDLERS) is not None
    long_ago = head.received_at - 2 * answers.LIFETIME
    InboundUpdate.objects.update(answer_due_at=head.received_at, received_at=long_ago)
    assert answers.resume() == 0
    assert InboundUpdate.objects.get().answer_due_at is None


def test_where_nothing_waits_nothing_is_written(talk: Talk) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert processing.process_due() == 0
    assert [one["sql"] for one in queries if not one["sql"].startswith("SELECT")] == []


@pytest.mark.parametrize("words", ["/start", f"/start {START_LINKING}", "/start of a poster"])
def test_a_stranger_is_greeted_in_private(make_talk: Callable[..., Talk], words: str) -> None:
    """Also where a button that only members may press, or an inline query, led them."""
    talk = make_talk()
    chat = talk.private_chat()
    talk.say(chat, words)
    assert ["I do not know you yet" in text for text in talk.texts(chat)] == [True]


def test_the_link_behind_a_refused_press_says_where_to_go(make_talk: Callable[..., Talk]) -> None:
    talk = make_talk()
    chat = talk.private_chat()
    talk.say(chat, "/start link")
    assert ["http://testserver/chatops/linkcode/mine/" in text for text in talk.texts(chat)] == [
        True
    ]
    talk.link(chat.id, first_name="Ada")
    talk.say(chat, "/start link")
    assert "Your account is linked already." in talk.texts(chat)[-1]
