"""An alert that resolves while its Alertmanager mutes it, of which that one tells nobody."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from alerts import expiry
from alerts.models import Alert, Silence, Upstream
from alerts.muting import effects as mute_effects
from alerts.muting.silences import state_of
from alerts.upstreams import look as upstream_look
from alerts.upstreams import sync as upstream_sync
from alerts.upstreams.changes import set_upstream
from deliveries import clock
from tests.alerts.upstreams.test_sync import Theirs, alertmanager
from tests.flows.conftest import Flow, settle
from tests.flows.system import eventually

CONFIG = """
route: {{receiver: tocsin, group_by: [alertname], group_wait: 0s, group_interval: 1s}}
receivers:
- name: tocsin
  webhook_configs: [{{url: "{url}", send_resolved: true}}]
inhibit_rules:
- {{source_matchers: [alertname="DataCenterDown"], target_matchers: [alertname="Down"]}}
"""
AT_ONCE = timedelta(0)
FORGOTTEN_SECONDS = 4.0
"""Some of its group_intervals: with the first it forgets an end that it did not tell."""
pytestmark = [
    pytest.mark.peers,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        shutil.which("prometheus-alertmanager") is None,
        reason="not installed: prometheus-alertmanager",
    ),
]


@dataclass(frozen=True)
class Pair:
    """A flow, and the Alertmanager that posts to it."""

    flow: Flow
    theirs: Theirs

    def tell(self, *instances: str, name: str = "Down", over: bool = False) -> None:
        """What Prometheus does."""
        now = clock.now()
        end = now if over else now + timedelta(minutes=5)
        alerts = [
            {
                "labels": {"alertname": name, "instance": instance, "severity": "warning"},
                "startsAt": (now - timedelta(minutes=1)).isoformat(),
                "endsAt": end.isoformat(),
            }
            for instance in instances
        ]
        self.theirs.ask("POST", "/alerts", alerts)

    def listed(self) -> list[str]:
        """What it knows."""
        return sorted(one["labels"]["instance"] for one in self.theirs.ask("GET", "/alerts"))

    def firing(self) -> list[str]:
        """What burns here."""
        rows = Alert.objects.filter(status="firing")
        return sorted(labels["instance"] for labels in rows.values_list("labels", flat=True))

    def sync(self) -> None:
        """What a worker does every few seconds."""
        Upstream.objects.update(due_at=clock.now())
        upstream_sync.sync_due(seconds=0.1)
        mute_effects.apply_due()
        settle()

    def look(self) -> None:
        """What it does every minute, and what follows when five have passed."""
        Upstream.objects.update(look_at=None)
        assert upstream_look.look_due(grace=AT_ONCE) == 1
        expiry.expire_due(timezone.now())
        settle()

    def texts(self) -> list[str]:
        """What the chat shows."""
        settle()
        return [message.text for message in self.flow.messages()]


@pytest.fixture
def pair(
    make_flow: Callable[..., Flow], live_server: Any, tmp_path: Path, settings: Any
) -> Iterator[Pair]:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    flow = make_flow(renotify_interval=0)
    config = CONFIG.format(url=f"{live_server.url}/hooks/v1/{flow.key}/")
    with alertmanager(tmp_path / "am", config=config) as url:
        set_upstream(COMMAND_LINE, flow.integration, kind="alertmanager", url=url)
        yield Pair(flow, Theirs(url))


def silenced(pair: Pair, instance: str) -> str:
    """Its ID there; it is here too."""
    matcher = {"name": "instance", "value": instance, "isRegex": False, "isEqual": True}
    pk = pair.theirs.post("", matchers=[matcher])
    pair.sync()
    assert [state_of(one) for one in Silence.objects.all()] == ["active"]
    return pk


@pytest.mark.parametrize("ends_first", ["the silence", "the alert"])
def test_what_resolves_while_it_is_silenced_there(pair: Pair, ends_first: str) -> None:
    pair.tell("1", "2", "3")
    eventually(lambda: pair.firing() == ["1", "2", "3"], what="all three")
    pk = silenced(pair, "1")
    pair.tell("1", over=True)
    eventually(lambda: pair.listed() == ["2", "3"], what="the end there")
    time.sleep(FORGOTTEN_SECONDS)
    if ends_first == "the alert":
        pair.look()
        assert pair.firing() == ["2", "3"]
    pair.theirs.ask("DELETE", f"/silence/{pk}")
    pair.sync()
    assert state_of(Silence.objects.get()) == "expired"
    if ends_first == "the silence":
        assert pair.firing() == ["1", "2", "3"], "nobody told of its end"
        pair.look()
    assert pair.firing() == ["2", "3"]
    told = pair.texts()
    if ends_first == "the alert":
        assert len(told) == 1, "it is not announced as new, now that no silence holds"
    assert "✅ 1 · resolved after" in told[0]
    assert "no longer known to its Alertmanager" in told[0]
    pair.look()
    assert (pair.firing(), pair.texts()) == (["2", "3"], told)
    pair.tell("2", "3", over=True)
    eventually(lambda: pair.firing() == [], what="the end of the others")
    assert "RESOLVED" in pair.texts()[0]


def test_what_resolves_while_it_is_inhibited_there(pair: Pair) -> None:
    pair.tell("1")
    eventually(lambda: pair.firing() == ["1"], what="the first")
    pair.tell("dc", name="DataCenterDown")
    eventually(lambda: pair.firing() == ["1", "dc"], what="what inhibits it")
    pair.sync()
    pair.look()
    assert pair.firing() == ["1", "dc"], "it knows what it mutes"
    pair.tell("1", over=True)
    eventually(lambda: pair.listed() == ["dc"], what="the end there")
    pair.look()
    assert pair.firing() == ["dc"]
    assert any("no longer known to its Alertmanager" in text for text in pair.texts())
