"""Whoever floods, or has a server that hangs, keeps nobody else waiting."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID, uuid4

import pytest
from django.db import connection

from botapi.errors import BotApiFailure
from botapi.methods import get_chat_member
from channels_app.bots import client_for, token_of
from channels_app.models import Bot
from chatops import answers, asking, processing
from chatops.context import Context
from chatops.handled import Handled, toast
from chatops.incoming import read_update
from chatops.models import InboundUpdate, Reception
from chatops.receiving import inbox
from chatops.receiving.poll_lines import LIMIT, Arrived, Line, Poll
from chatops.receiving.poller import in_turn
from tests.chatops.conftest import Talk
from tests.chatops.test_processing import message
from tests.factories import make_bot, make_organization
from tests.flows.system import eventually

THREADS = 4
"""Of a worker (config/worker.py)."""


@pytest.fixture(autouse=True)
def nobody_waits() -> None:
    """For a turn to ask, from the test before."""
    asking._turned_away.clear()


class Hanging:
    """A Bot API server that takes calls and answers none, until it is let go."""

    def __init__(self) -> None:
        self.calls = 0
        self.at_once = 0
        self.most = 0
        self._lock = threading.Lock()
        self.let_go = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.hang()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = ""

    def hang(self) -> None:
        with self._lock:
            self.calls += 1
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        self.let_go.wait(30)
        with self._lock:
            self.at_once -= 1


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    server = Hanging()
    with served(server.server) as server.url:
        yield server
        server.let_go.set()


@contextmanager
def served(server: ThreadingHTTPServer) -> Iterator[str]:
    """Its URL, while it runs."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def store(bot: Bot, *chats: int) -> None:
    """A message in each chat."""
    raw = [message(number, chat) for number, chat in enumerate(chats, 1)]
    inbox.store(bot, [(read_update(one), one) for one in raw])


def work(handler: Callable[[Context], Handled | None]) -> list[threading.Thread]:
    def run() -> None:
        processing.process_due([handler])
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for one in threads:
        one.start()
    return threads


@contextmanager
def pool(handler: Callable[[Context], Handled | None]) -> Iterator[None]:
    """The threads of a worker, which come back for more."""
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            processing.process_due([handler])
            over.wait(0.02)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for one in threads:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in threads:
            one.join()


def test_a_flood_of_ones_bots_delays_anothers_update_by_little(
    make_talk: Callable[..., Talk],
) -> None:
    flooding, other = make_talk(), make_talk()
    second = make_bot(flooding.organization, api_url=flooding.bot.api_url)
    store(flooding.bot, *range(1, 41))
    store(second, *range(1, 41))
    store(other.bot, 77, 77, 77)
    order: list[str] = []

    def note(context: Context) -> Handled:
        name = "other" if context.bot == other.bot else "flood"
        order.append(name)
        return Handled(name)

    assert processing.process_due([note]) == 83
    places = [place for place, name in enumerate(order) if name == "other"]
    assert places[0] <= 1
    assert places[-1] <= 3 * processing.BATCH, "one of a chat in each look"


def test_a_server_that_hangs_keeps_half_of_the_threads(
    make_talk: Callable[..., Talk], hanging: Hanging
) -> None:
    talk, other = make_talk(), make_talk()
    bots = [make_bot(talk.organization, api_url=hanging.url) for _ in range(3)]
    for bot in bots:
        store(bot, 1, 2, 3)

    def ask(context: Context) -> Handled:
        if context.bot in bots:
            context.ask(get_chat_member(1, 1))
        return Handled("handled")

    threads = work(ask)
    eventually(lambda: hanging.at_once == asking.PER_ORGANIZATION)
    store(other.bot, 77)
    for _ in range(2):
        processing.process_due([ask])
    # One of the threads that find out what asks may have it just now.
    eventually(lambda: InboundUpdate.objects.get(bot=other.bot).outcome == "handled", seconds=3)
    assert hanging.at_once == hanging.most == asking.PER_ORGANIZATION
    InboundUpdate.objects.all().delete()
    hanging.let_go.set()
    for one in threads:
        one.join()
    assert asking.busy() == []


def test_what_asks_nothing_does_not_wait_for_what_ones_own_bots_ask(
    make_talk: Callable[..., Talk], hanging: Hanging
) -> None:
    """Somebody who runs this at home has one organization."""
    talk = make_talk()
    slow = make_bot(talk.organization, api_url=hanging.url)
    store(slow, *range(1, 9))
    tries: list[int] = []

    def ask(context: Context) -> Handled:
        if context.bot == slow:
            tries.append(context.sender.id)
            context.ask(get_chat_member(1, 1))
        return Handled("handled")

    with pool(ask):
        eventually(lambda: hanging.at_once == asking.PER_ORGANIZATION)
        store(talk.bot, *range(70, 78))
        quick = InboundUpdate.objects.filter(bot=talk.bot, outcome="handled")
        eventually(lambda: quick.count() == 8, seconds=4)
        time.sleep(2 * processing.AGAIN.total_seconds())
        assert len(tries) == 8, "who was turned away does not try again and again"
        assert hanging.most == asking.PER_ORGANIZATION
        InboundUpdate.objects.all().delete()
        hanging.let_go.set()
    assert asking.busy() == []


def test_several_organizations_together_leave_a_thread_to_what_is_quick(
    make_talk: Callable[..., Talk], hanging: Hanging
) -> None:
    other = make_talk()
    owners = [make_organization() for _ in range(3)]
    bots = [make_bot(owner, api_url=hanging.url) for owner in owners]
    for bot in bots:
        store(bot, *range(1, 9))

    def ask(context: Context) -> Handled:
        if context.bot in bots:
            context.ask(get_chat_member(1, 1))
        return Handled("handled")

    with pool(ask):
        eventually(lambda: hanging.at_once == asking.IN_ALL)
        store(other.bot, 77)
        eventually(lambda: InboundUpdate.objects.get(bot=other.bot).outcome == "handled")
        assert hanging.at_once == hanging.most == asking.IN_ALL < THREADS
        InboundUpdate.objects.all().delete()
        hanging.let_go.set()
    assert asking.busy() == []


def test_who_waits_to_ask_comes_before_who_has_asked() -> None:
    first, second, third, late = (uuid4() for _ in range(4))
    asking._begin(first)
    asking._begin(first)
    asking._begin(second)
    for owner in (third, late):
        with pytest.raises(asking.Busy):
            asking._begin(owner)
    asking._end(first)
    for owner in (first, second, late):
        with pytest.raises(asking.Busy):
            asking._begin(owner)
    asking._begin(third)
    for owner in (first, second, third):
        asking._end(owner)
    asking._begin(late)
    asking._begin(second)
    asking._end(late)
    asking._end(second)
    assert asking.busy() == []


def test_who_gave_up_waiting_holds_nobody_up() -> None:
    first, second, gone = (uuid4() for _ in range(3))
    for owner in (first, first, second):
        asking._begin(owner)
    with pytest.raises(asking.Busy):
        asking._begin(gone)
    asking._end(first)
    eventually(lambda: begins(second))
    for owner in (first, second, second):
        asking._end(owner)


def begins(owner: UUID) -> bool:
    try:
        asking._begin(owner)
    except asking.Busy:
        return False
    return True


def test_an_update_asks_for_a_short_time_alone(talk: Talk, hanging: Hanging) -> None:
    bot = make_bot(talk.organization, api_url=hanging.url)
    store(bot, 1)

    def ask(context: Context) -> Handled:
        failures = 0
        for number in range(3):
            try:
                context.ask(get_chat_member(1, number))
            except BotApiFailure:
                failures += 1
        return Handled(f"{failures} failures")

    processing.process_due([ask])
    row = InboundUpdate.objects.get()
    assert row.outcome == "3 failures"
    assert row.handled_at is not None
    assert (row.handled_at - row.received_at).total_seconds() < asking.SECONDS + 5
    assert hanging.calls == 2, "there was no time for a third"


def test_answers_to_servers_that_hang_leave_threads_to_others(
    make_talk: Callable[..., Talk], hanging: Hanging
) -> None:
    talk, other = make_talk(), make_talk()
    bots = [make_bot(talk.organization, api_url=hanging.url) for _ in range(5)]
    for bot in [*bots, other.bot]:
        store(bot, *range(1, 5))
    updates = InboundUpdate.objects.select_related("bot")
    for update in updates.filter(bot__in=bots):
        answers.submit(update, toast("1"))
    eventually(lambda: hanging.at_once == answers.PER_BOT)
    for update in updates.filter(bot=other.bot)[:1]:
        answers.submit(update, toast("1"))
    eventually(lambda: len(other.telegram.calls(bot=other.telegram_bot)) == 1)
    hanging.let_go.set()
    assert answers.idle(20)
    assert hanging.most == answers.PER_BOT


def test_answers_beyond_what_a_bot_may_have_under_way_follow_at_once(talk: Talk) -> None:
    """Everybody at home presses the buttons of one bot."""
    store(talk.bot, *range(1, 13))
    talk.telegram.set_latency(0.1)
    try:
        for update in InboundUpdate.objects.select_related("bot"):
            answers.submit(update, toast(str(update.update_id)))
        assert answers.idle(answers.PATIENCE.total_seconds() - 2)
    finally:
        talk.telegram.set_latency(0)
    assert len(talk.telegram.calls("answerCallbackQuery", bot=talk.telegram_bot)) == 12


class Generous(BaseHTTPRequestHandler):
    """A Bot API server that answers getUpdates with all there is, whatever the limit."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        numbers = range(max(1, asked.get("offset", 0)), 2 * LIMIT + 51)
        body = json.dumps({"ok": True, "result": [message(one, 77) for one in numbers]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_a_server_that_sends_all_at_once_is_heard_bit_by_bit(db: None) -> None:
    heard: list[list[int]] = []

    def keep(poll: Poll, arrived: Arrived, offset: int) -> None:
        heard.append([incoming.update_id for incoming, _ in arrived])
        assert offset == heard[-1][-1] + 1

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Generous)) as url:
        bot = make_bot(make_organization(), api_url=url)
        line = Line(bot.pk, token_of(bot), client_for(bot), (), url)
        poll = Poll(line, 0, keep, lambda poll: None, lambda: True)
        poll.start()
        eventually(lambda: sum(map(len, heard)) >= 2 * LIMIT + 50)
        poll.stopped.set()
        eventually(lambda: not poll.is_alive)
    assert list(map(len, heard)) == [LIMIT, LIMIT, 50]
    assert heard[2][-1] == 2 * LIMIT + 50


def test_free_bots_are_polled_in_turn_by_organization() -> None:
    many, few, none = (uuid4() for _ in range(3))
    owners = [many, many, many, few, many, few, none]
    rows = [
        Reception(bot=Bot(organization_id=owner), offset=place)
        for place, owner in enumerate(owners)
    ]
    assert [row.offset for row in in_turn(rows, {many: 1})] == [3, 6, 0, 5, 1, 2, 4]
    assert [row.offset for row in in_turn(rows, {})] == [0, 3, 6, 1, 5, 2, 4]
