"""Processes that die, stop or freeze: POSTs are answered, and nothing that was accepted is lost."""

import threading
import time

import pytest
import requests

from tests import clock
from tests.alerts.senders import alert, webhook
from tests.flows.system import Stage, System, eventually
from tests.sandbox.process import SandboxMessage

pytestmark = pytest.mark.timeout(600)

ANSWER_SECONDS = 0.4
"""Within this time a POST is answered on however busy a machine: less than the shortest time that
somebody waits for the broker (deliveries/wakeup.py, SOCKET_SECONDS)."""
ALERTS = 16
"""More than are told before the kill; a chat takes one a second."""
SWEPT_SECONDS = 30.0
"""Within this time the sweep has delivered what no wake-up told of: 5 s where nothing else runs."""


def latencies(stage: Stage, posts: int, prefix: str) -> list[float]:
    """POST different alerts on one connection; how many seconds each answer took, sorted."""
    times = []
    with requests.Session() as session:
        session.trust_env = False
        session.post(stage.ingest_url, json=webhook(alert(f"{prefix}Warm")), timeout=60)
        for number in range(posts):
            started = clock.now()
            answer = session.post(
                stage.ingest_url, json=webhook(alert(f"{prefix}{number}")), timeout=60
            )
            times.append(clock.now() - started)
            assert answer.status_code == 202, answer.text
    return sorted(times)


def assert_quick(times: list[float], usual: list[float]) -> None:
    """All but one in twenty, as measured by what is usual: other programs share this machine."""
    assert times[len(times) * 95 // 100 - 1] <= max(ANSWER_SECONDS, 2 * usual[-1]), times
    assert times[-1] <= max(5 * ANSWER_SECONDS, 4 * usual[-1]), times


def test_frozen_redis_delays_no_post_and_the_sweep_delivers(system: System) -> None:
    stage = system.make_stage()
    usual = latencies(system.make_stage(), 20, "Usual")
    with system.frozen("redis"):
        assert_quick(latencies(stage, 40, "Frozen"), usual)
        assert_all_shown(stage, ["Frozen39"], SWEPT_SECONDS)


def test_killed_redis_delays_no_post_and_is_started_again(system: System) -> None:
    stage, fresh = system.make_stage(), system.make_stage()
    usual = latencies(system.make_stage(), 20, "Usual")
    killed = system.kill("redis")
    assert_quick(latencies(stage, 40, "Killed"), usual)
    assert_all_shown(stage, ["Killed39"], SWEPT_SECONDS)
    system.wait_restarted("redis", killed)
    # In a chat of its own: what the first one has to hear yet leaves at its chat's pace.
    assert fresh.post(webhook(alert("Afterwards"))).status_code == 202
    fresh.wait_for("Afterwards", seconds=SWEPT_SECONDS)


def test_wakeups_work_again_after_redis_came_back(system: System) -> None:
    stage = system.make_stage()

    def is_quick() -> bool:
        name = f"Quick{time.monotonic_ns()}"
        stage.post(webhook(alert(name), groupKey=name))
        started = clock.now()
        stage.wait_for(name, seconds=10)
        return clock.now() - started < 1.0

    eventually(is_quick, seconds=40, what="delivery by wake-up")


class Sender(threading.Thread):
    """POSTs one alert after the other, whatever happens; remembers which were accepted."""

    def __init__(self, stage: Stage, prefix: str, count: int, pause: float) -> None:
        super().__init__(daemon=True)
        self.accepted: list[str] = []
        self.refused = 0
        self._stage, self._prefix, self._count, self._pause = stage, prefix, count, pause

    def run(self) -> None:
        """As Alertmanager does: what failed is sent again."""
        for number in range(self._count):
            name = f"{self._prefix}{number:02}x"
            while not self._post(name):
                self.refused += 1
                time.sleep(0.1)
            self.accepted.append(name)
            time.sleep(self._pause)

    def _post(self, name: str) -> bool:
        try:
            # Each of its own group: every one is a message of its own.
            return self._stage.post(webhook(alert(name))).status_code == 202
        except requests.RequestException:
            return False


def whole_text(stage: Stage) -> str:
    """What the chat and its documents tell now."""
    return "\n".join(
        [m.text for m in stage.messages()] + [document(stage, m) for m in documents(stage)]
    )


def documents(stage: Stage) -> list[SandboxMessage]:
    """The chat's documents."""
    return [message for message in stage.messages() if message.kind == "document"]


def document(stage: Stage, message: SandboxMessage) -> str:
    """A document's text, as a person downloads it."""
    file = stage.telegram.api(stage.bot, "getFile", file_id=message.message["document"]["file_id"])
    url = f"{stage.telegram.url}/file/bot{stage.bot.token}/{file['result']['file_path']}"
    return requests.get(url, timeout=60).text


def assert_all_shown(stage: Stage, names: list[str], seconds: float) -> None:
    """Every name is in the chat or its document."""

    def missing() -> list[str]:
        text = whole_text(stage)
        return [name for name in names if name not in text]

    def nothing_missing() -> bool:
        assert not (left := missing()), left
        return True

    eventually(nothing_missing, seconds, what="the last accepted alert")


def test_web_killed_while_alerts_come_in_loses_nothing_accepted(system: System) -> None:
    stage = system.make_stage()
    sender = Sender(stage, "Web", ALERTS, 0.05)
    sender.start()
    eventually(lambda: len(sender.accepted) >= ALERTS // 4, what="the first alerts")
    killed = system.kill("web")
    sender.join(60)
    assert not sender.is_alive()
    assert len(sender.accepted) == ALERTS
    assert sender.refused, "the web process was not seen to be away"
    system.wait_restarted("web", killed)
    assert_all_shown(stage, sender.accepted, 40)


def test_worker_killed_while_it_sends_loses_nothing(system: System) -> None:
    stage = system.make_stage()
    stage.telegram.fault("delay", bot=stage.bot, seconds=0.5, count=None)
    sender = Sender(stage, "Work", ALERTS, 0.05)
    sender.start()
    stage.telegram.wait_for_calls("sendMessage", 1, bot=stage.bot)
    killed = system.kill("worker")
    sender.join(60)
    assert not sender.is_alive()
    assert sender.refused == 0, "the web process needs no worker"
    stage.telegram.clear_faults()
    eventually(lambda: system.pid("worker") != killed, what="a new worker")
    # Whether the call under way arrives is unknown: its chat is left alone until it cannot.
    assert_all_shown(stage, sender.accepted, 90)
    # One call was under way: at most that one came twice.
    firsts = [
        m for m in stage.messages() if m.kind == "text" and "reply_to_message" not in m.message
    ]
    assert len(firsts) <= 2, stage.texts()


def test_all_killed_at_once_and_started_anew_by_up(system: System) -> None:
    stage = system.make_stage()
    assert stage.post(webhook(alert("JustBefore"))).status_code == 202
    for name in ("worker", "web", "redis"):
        system.kill(name)
    # Whoever claimed it may be dead: its claim runs out first, or its call may still arrive.
    stage.wait_for("JustBefore", seconds=100)
    eventually(lambda: stage.post(webhook(alert("JustAfter"))).status_code == 202, seconds=40)
    stage.wait_for("JustAfter", seconds=60)
