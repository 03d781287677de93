"""What is deleted by age leaves time for others, and ends when the process does."""

import threading
import time
from collections.abc import Iterator

import pytest

from accounts import chunks
from accounts.chunks import FIRST, MOST, Delete, in_chunks, next_size


@pytest.fixture(autouse=True)
def running() -> Iterator[None]:
    yield
    chunks._stopped.clear()


class Rows:
    """So many rows, and how many each chunk of them had."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.asked: list[int] = []

    def delete(self, size: int) -> int:
        self.asked.append(size)
        count = min(size, self.left)
        self.left -= count
        return count


def endless(size: int) -> int:
    return size


def test_each_kind_goes_in_turn_until_nothing_is_left() -> None:
    turns: list[str] = []

    def noted(kind: str, rows: Rows) -> Delete:
        def delete(size: int) -> int:
            turns.append(kind)
            return rows.delete(size)

        return delete

    many, few = Rows(FIRST + 1), Rows(1)
    assert in_chunks({"many": noted("many", many), "few": noted("few", few)}) == {
        "many": FIRST + 1,
        "few": 1,
    }
    assert turns[:2] == ["many", "few"], "who has more does not keep the others waiting"
    assert turns.count("few") == 1
    assert (many.left, few.left) == (0, 0)


def test_a_run_begins_with_little_and_never_takes_more_than_it_may() -> None:
    rows = Rows(5 * MOST)
    in_chunks({"rows": rows.delete})
    assert rows.left == 0
    assert rows.asked[0] == FIRST
    assert max(rows.asked) <= MOST
    assert all(
        after <= 2 * before for before, after in zip(rows.asked, rows.asked[1:], strict=False)
    )


@pytest.mark.parametrize(
    ("size", "took", "expected"),
    [
        (100, 0.05, 100),
        (500, 0.1, 250),
        (500, 60.0, FIRST),
        (100, 0.03, 166),
        (100, 0.001, 200),
        (100, 0.0, 200),
        (MOST, 0.001, MOST),
        (1, 60.0, 2),
    ],
)
def test_a_chunk_is_as_large_as_the_last_ones_pace_allows(
    size: int, took: float, expected: int
) -> None:
    assert next_size(size, took, 0.05) == expected


def test_a_run_leaves_the_rest_to_the_next_one() -> None:
    assert in_chunks({"rows": endless}, run=0.0) == {"rows": 0}
    assert in_chunks({"rows": endless}, run=0.05)["rows"] >= FIRST


def test_it_rests_longer_than_it_deletes() -> None:
    spent = 0.0

    def delete(size: int) -> int:
        nonlocal spent
        started = time.monotonic()
        time.sleep(0.02)
        spent += time.monotonic() - started
        return size

    started = time.monotonic()
    in_chunks({"rows": delete}, run=0.5)
    assert spent < (time.monotonic() - started) / 3


def test_a_process_that_ends_waits_for_no_rest() -> None:
    done: list[dict[str, int]] = []
    thread = threading.Thread(target=lambda: done.append(in_chunks({"rows": endless}, run=1e6)))
    thread.start()
    chunks.stop()
    thread.join(60)
    assert done
    assert in_chunks({"rows": endless, "others": endless}) == {"rows": FIRST, "others": 0}
