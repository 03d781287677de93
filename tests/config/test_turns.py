"""Who asks a lot makes nobody else wait."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial

import pytest

from config.turns import Turns


@contextmanager
def one_thread_is_busy(turns: Turns[str, None]) -> Iterator[None]:
    """Whatever is submitted inside waits until its end."""
    over = threading.Event()

    def work() -> None:
        over.wait(20)

    turns.submit("somebody", work)
    yield
    over.set()


def test_each_of_those_who_wait_is_served_in_turn() -> None:
    turns: Turns[str, None] = Turns(1, "test")
    served: list[str] = []
    asked = [*["loud"] * 100, "quiet", "quiet", "other"]
    with one_thread_is_busy(turns):
        futures = [turns.submit(who, partial(served.append, who)) for who in asked]
    for future in futures:
        future.result(20)
    assert served[:6] == ["loud", "quiet", "other", "loud", "quiet", "loud"]
    assert sorted(served) == sorted(asked)


def test_whoever_comes_finds_a_thread_free() -> None:
    turns: Turns[str, str] = Turns(3, "test")
    over = threading.Event()

    def work() -> str:
        over.wait(20)
        return "loud"

    futures = [turns.submit("loud", work) for _ in range(10)]
    assert turns.submit("quiet", lambda: "quiet").result(20) == "quiet"
    assert not any(future.done() for future in futures)
    over.set()
    assert [future.result(20) for future in futures] == ["loud"] * 10
    assert turns.submit("loud", lambda: "again").result(20) == "again"


def test_an_answer_and_a_defect_reach_who_asked() -> None:
    turns: Turns[str, float] = Turns(2, "test")
    assert turns.submit("a", lambda: 1 / 2).result(20) == 0.5
    failed = turns.submit("a", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        failed.result(20)
    assert turns.submit("a", lambda: 3.0).result(20) == 3.0


def test_what_was_given_up_is_not_called() -> None:
    turns: Turns[str, None] = Turns(1, "test")
    served: list[str] = []
    with one_thread_is_busy(turns):
        assert turns.submit("a", partial(served.append, "a")).cancel()
        other = turns.submit("b", partial(served.append, "b"))
    other.result(20)
    assert served == ["b"]


class Together:
    """What was served together; each time it goes on once it is allowed to."""

    def __init__(self, *, at_once: bool = True) -> None:
        self.served: list[list[str]] = []
        self.begun = threading.Semaphore(0)
        self.may_go_on = threading.Semaphore(1000 if at_once else 0)

    def __call__(self, some: list[tuple[str, Future[None]]]) -> None:
        self.served.append([asked for asked, _ in some])
        self.begun.release()
        self.may_go_on.acquire(timeout=20)
        for _, future in some:
            future.set_result(None)


def test_what_may_be_served_together_is_in_turn_and_up_to_the_next_that_may_not() -> None:
    together = Together()
    turns: Turns[str, None] = Turns(1, "test", together, most=3)
    with one_thread_is_busy(turns):
        futures = [turns.submit_together(who, f"{who}{n}") for n in (1, 2) for who in "abb"]
        futures.append(turns.submit("c", lambda: None))
        futures += [turns.submit_together("d", "d1"), turns.submit_together("d", "d2")]
    for future in futures:
        future.result(20)
    assert together.served == [["a1", "b1"], ["d1", "a2", "b1"], ["d2", "b2"], ["b2"]]


def test_who_wants_little_does_not_wait_for_a_flood_that_is_served_with_him() -> None:
    together = Together()
    turns: Turns[str, None] = Turns(1, "test", together, most=8)
    with one_thread_is_busy(turns):
        futures = [turns.submit_together("loud", f"loud{n}") for n in range(12)]
        futures.append(turns.submit_together("quiet", "quiet"))
    for future in futures:
        future.result(20)
    assert together.served[0] == ["loud0", "quiet"]
    assert [len(some) for some in together.served] == [2, 8, 3]


def test_two_floods_are_served_together() -> None:
    together = Together()
    turns: Turns[str, None] = Turns(1, "test", together, most=4)
    with one_thread_is_busy(turns):
        futures = [turns.submit_together(who, who) for who in "ab" * 6]
    for future in futures:
        future.result(20)
    assert together.served[:2] == [["a", "b", "a", "b"]] * 2
    assert sum(map(len, together.served)) == 12


def test_others_wait_for_those_that_are_served_together_until_enough_of_them_do() -> None:
    together = Together(at_once=False)
    turns: Turns[str, None] = Turns(3, "test", together, most=2, held_seconds=1000.0)
    futures = [turns.submit_together("a", "a1")]
    assert together.begun.acquire(timeout=20)
    futures += [turns.submit_together("b", "b1"), turns.submit_together("c", "c1")]
    assert together.begun.acquire(timeout=20)
    assert together.served == [["a1"], ["b1", "c1"]]
    together.may_go_on.release(1000)
    for future in futures:
        future.result(20)


def test_what_is_held_up_holds_up_nobody_else() -> None:
    together = Together(at_once=False)
    turns: Turns[str, None] = Turns(3, "test", together, most=9, held_seconds=0.0)
    futures = [turns.submit_together("a", "a1")]
    assert together.begun.acquire(timeout=20)
    futures.append(turns.submit_together("b", "b1"))
    assert together.begun.acquire(timeout=20)
    turns.submit("c", lambda: None).result(20)
    together.may_go_on.release(1000)
    for future in futures:
        future.result(20)


def test_a_defect_reaches_all_that_were_served_together() -> None:
    def fail(some: list[tuple[str, Future[None]]]) -> None:
        some[0][1].set_result(None)
        raise ZeroDivisionError

    turns: Turns[str, None] = Turns(1, "test", fail, most=9)
    with one_thread_is_busy(turns):
        first, second, given_up = (turns.submit_together(who, who) for who in "abc")
        assert given_up.cancel()
    first.result(20)
    with pytest.raises(ZeroDivisionError):
        second.result(20)
    assert turns.submit("a", lambda: None).result(20) is None
