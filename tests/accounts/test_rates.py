"""Rates: counted for all processes in Redis, in this one when Redis is stopped or frozen."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from accounts.rates import RateCounter
from tests import clock


class Clock:
    now = 6000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("redis-server is not installed")
    socket = Path("/tmp") / f"tocsin-rates-{os.getpid()}.sock"
    server = subprocess.Popen(
        [binary, "--port", "0", "--unixsocket", str(socket), "--save", ""],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    for _ in range(200):
        if socket.exists():
            break
        time.sleep(0.02)
    yield f"unix://{socket}", server
    server.send_signal(signal.SIGCONT)
    server.kill()
    server.wait()
    socket.unlink(missing_ok=True)


def test_the_limit_holds_and_frees_itself() -> None:
    clock = Clock()
    counter = RateCounter("", clock)
    assert [counter.hit("a", 3) for _ in range(3)] == [0, 0, 0]
    assert counter.hit("a", 3) == 61
    assert counter.hit("b", 3) == 0
    clock.now += 120
    assert counter.hit("a", 3) == 0


def test_the_window_slides() -> None:
    clock = Clock()
    counter = RateCounter("", clock)
    for _ in range(10):
        counter.hit("a", 10)
    clock.now += 60  # the whole last window still counts at its start
    assert counter.hit("a", 10) > 0
    clock.now += 30
    assert counter.hit("a", 10) == 0


def test_a_sender_a_little_over_its_limit_is_slowed_and_not_silenced() -> None:
    clock = Clock()
    counter = RateCounter("", clock)
    accepted = 0
    for _ in range(10 * 66):  # ten minutes of one tenth more than the limit
        accepted += counter.hit("a", 60) == 0
        clock.now += 60 / 66
    assert 590 <= accepted <= 660


@pytest.mark.parametrize("limit", [1, 60, 199, 200, 999, 6000])
def test_high_limits_are_exact_too(limit: int) -> None:
    clock = Clock()
    counter = RateCounter("", clock)
    assert [counter.hit("a", limit) for _ in range(limit)] == [0] * limit
    assert counter.hit("a", limit) == 61
    clock.now += 90  # half of the window before still counts
    accepted = sum(counter.hit("a", limit) == 0 for _ in range(limit))
    assert accepted == limit // 2


@pytest.mark.parametrize("later", [0, 60])
def test_a_lowered_limit_counts_what_happened_alone(later: int) -> None:
    """Not what was taken of the former one, in this window or the one before."""
    clock = Clock()
    counter = RateCounter("", clock)
    assert [counter.hit("a", 12_000) for _ in range(2)] == [0, 0]
    clock.now += later
    assert [counter.hit("a", 3) == 0 for _ in range(3)] == [True, False, False]


def test_the_wait_is_as_long_as_it_takes() -> None:
    clock = Clock()
    counter = RateCounter("", clock)
    for _ in range(10):
        counter.hit("a", 10)
    clock.now += 60
    wait = counter.hit("a", 10)
    assert 6 <= wait <= 7, "one of ten frees itself in a tenth of the window"
    clock.now += wait
    assert counter.hit("a", 10) == 0


def test_two_processes_share_one_count(redis_server: tuple[str, "subprocess.Popen[bytes]"]) -> None:
    url, _ = redis_server
    first, second = RateCounter(url), RateCounter(url)
    results = [counter.hit("shared", 3) for counter in (first, second, first, second, first)]
    assert results[:3] == [0, 0, 0]
    assert min(results[3:]) > 0
    with redis.Redis.from_url(url, decode_responses=True) as server:
        kept = [int(str(server.get(key))) for key in server.keys("rate:shared:*")]
    assert sum(kept) == 3, "what is refused is not counted"


def test_a_frozen_redis_costs_a_moment_once(
    redis_server: tuple[str, "subprocess.Popen[bytes]"],
) -> None:
    url, server = redis_server
    counter = RateCounter(url)
    assert counter.hit("a", 100) == 0
    server.send_signal(signal.SIGSTOP)
    started = clock.now()
    assert counter.hit("a", 100) == 0
    first = clock.now() - started
    started = clock.now()
    assert all(counter.hit("a", 100) == 0 for _ in range(50))
    rest = clock.now() - started
    assert first < 2
    assert rest < 2, "it is asked no more: that would take a tenth of a second each time"


def test_a_stopped_redis_is_replaced_by_a_local_count(
    redis_server: tuple[str, "subprocess.Popen[bytes]"],
) -> None:
    url, server = redis_server
    server.kill()
    server.wait()
    counter = RateCounter(url)
    assert [counter.hit("a", 2) == 0 for _ in range(3)] == [True, True, False]


def test_processes_share_a_high_limit_without_asking_for_every_event(
    redis_server: tuple[str, "subprocess.Popen[bytes]"],
) -> None:
    url, _ = redis_server
    counters = [RateCounter(url, Clock()) for _ in range(3)]
    server = redis.Redis.from_url(url)
    before = server.info("stats")["total_commands_processed"]
    accepted = sum(counters[n % 3].hit("a", 2000) == 0 for n in range(2400))
    asked = server.info("stats")["total_commands_processed"] - before
    assert 2000 - 2 * 10 <= accepted <= 2000
    # Three commands for each of 200 lots; the rest is for those that were refused.
    assert asked < 3 * 200 + 2 * 3 * (2400 - accepted) + 100
