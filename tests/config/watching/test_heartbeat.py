"""The heartbeat reaches a real server while alerts are delivered, and stops when they are not."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import override_settings
from django.utils import timezone

from botapi.outbound import FetchFailed, GuardRefused, OutboundPolicy, ping
from config.watching import facts, heartbeat
from config.watching.heartbeat import Heartbeat
from deliveries import outbox, tally
from deliveries.calls import Call
from deliveries.models import Lane, Mark
from tests import clock
from tests.botapi.servers import Answer, HttpProxy, ScriptedServer, drip, http, raw, silence
from tests.deliveries.conftest import until
from tests.factories import make_bot, make_channel, make_organization
from tests.sandbox.process import ROOT

OK = raw(http(200, b"OK", "text/plain"), keep=False)


def alive(at: datetime | None = None) -> None:
    """Workers do all their work at this moment, by default now."""
    for name in (tally.DISPATCHED, tally.PUBLISHED, tally.SWEPT):
        Mark.objects.update_or_create(name=name, defaults={"at": at or timezone.now()})
    facts.cached.forget()


@contextmanager
def beating(url: str) -> Iterator[None]:
    stop = threading.Event()
    thread = Heartbeat(url, 0.1, stop, facts.Reader(0))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)


@pytest.mark.django_db(transaction=True)
def test_it_goes_out_while_all_is_well_and_stops_and_comes_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with ScriptedServer(*[OK] * 500) as server, caplog.at_level(logging.WARNING):
        alive()
        with beating(f"{server.url}/s3cret?x=1"):
            until(lambda: len(server.requests) >= 3)
            alive(timezone.now() - timedelta(minutes=3))
            until(lambda: "no heartbeat is sent" in caplog.text)
            seen = len(server.requests)
            time.sleep(1)
            assert len(server.requests) <= seen + 1, "one may have been on its way"
            seen = len(server.requests)
            alive()
            until(lambda: len(server.requests) > seen)
        assert {request.target for request in server.requests} == {"/s3cret?x=1"}
    assert "No worker dispatches" in caplog.text
    assert "sent again" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_stuck_lane_stops_it(stuck: Callable[[], None]) -> None:
    alive()
    assert heartbeat.look().delivers
    stuck()
    alive()
    verdict = heartbeat.look()
    assert not verdict.delivers
    assert "stuck" in " ".join(verdict.reasons)


@pytest.fixture
def stuck(transactional_db: None) -> Callable[[], None]:
    def make() -> None:
        bot = make_bot(make_organization())
        channel = make_channel(bot)
        outbox.send(
            outbox.open_stream(channel.organization_id, channel.chat),
            Call("sendMessage", {"text": "x"}),
            channel=channel,
            purpose="group",
            priority=3,
            kind="text",
            due_at=timezone.now() - timedelta(minutes=3),
        )
        soon = timezone.now() + timedelta(seconds=10)
        Lane.objects.create(bot=bot, holder="frozen", leased_until=soon)

    return make


def test_an_unreachable_server_is_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    beat = Heartbeat("http://127.0.0.1:9/s3cret", 60, threading.Event())
    with caplog.at_level(logging.WARNING):
        beat.send()
    assert "did not arrive: 127.0.0.1" in caplog.text
    assert "s3cret" not in caplog.text


# --- the call -------------------------------------------------------------------------------------

LOCAL = OutboundPolicy(allowed_hosts=frozenset({"127.0.0.1"}))


@pytest.mark.parametrize("status", [200, 201, 204])
def test_any_success_will_do(status: int) -> None:
    with ScriptedServer(raw(http(status, b""), keep=False)) as server:
        ping(server.url, total_timeout=60, policy=LOCAL)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_everything_else_is_a_failure(status: int) -> None:
    with ScriptedServer(raw(http(status, b"", Location="/x"), keep=False)) as server:
        with pytest.raises(FetchFailed, match=str(status)):
            ping(server.url, total_timeout=60, policy=LOCAL)
        assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [silence(8), drip(http(200, b"OK"), interval=0.2)])
def test_it_has_a_deadline(answer: Answer) -> None:
    started = clock.now()
    with (
        ScriptedServer(answer) as server,
        pytest.raises(FetchFailed, match="not loaded within"),
    ):
        ping(server.url, total_timeout=1, policy=LOCAL)
    assert clock.now() - started < 8


def test_the_host_that_the_operator_named_is_allowed_and_no_other() -> None:
    with ScriptedServer(OK) as server, override_settings(OUTBOUND_ALLOWED_HOSTS=frozenset()):
        policy = heartbeat.policy_for(server.url)
        ping(server.url, total_timeout=60, policy=policy)
        with pytest.raises(GuardRefused):
            ping(server.url, total_timeout=60, policy=OutboundPolicy())
        with pytest.raises(GuardRefused):
            ping("http://127.0.0.1:9/", total_timeout=60, policy=policy)


def test_it_goes_through_the_proxy_where_calls_do() -> None:
    with HttpProxy() as proxy, override_settings(OUTBOUND_PROXY=proxy.url):
        policy = heartbeat.policy_for("http://hc.example.org/x")
        assert policy.proxy == proxy.url
        assert not policy.allows("hc.example.org", 80)


# --- from a whole worker --------------------------------------------------------------------------


@contextmanager
def worker(folder: Path, url: str) -> Iterator["subprocess.Popen[bytes]"]:
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/test.sqlite3",
        "CELERY_BROKER_URL": "memory://",
        "HEARTBEAT_URL": url,
        "HEARTBEAT_SECONDS": "1",
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True)
    process = subprocess.Popen([sys.executable, "manage.py", "worker"], cwd=ROOT, env=env)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_worker_sends_it_until_it_dies(tmp_path: Path) -> None:
    with ScriptedServer(*[OK] * 500) as server, worker(tmp_path, server.url) as process:
        until(lambda: len(server.requests) >= 2, 90)
        process.kill()
        process.wait()
        time.sleep(0.5)
        seen = len(server.requests)
        time.sleep(3)
        assert len(server.requests) == seen
