"""Alerts whose sender falls silent end when their integration says."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from alerts import expiry
from alerts.integrations import change_integration, set_mapping
from alerts.models import Alert
from alerts.resolve_timeout import OF_DIRECT_ALERTS, problem_of, with_end
from alerts.sources.incoming import AlertStatus, IncomingAlert, IncomingBatch, Source
from deliveries import clock
from tests.alerts.senders import Site, alert, make_site, webhook

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("source", "seconds", "status", "said", "end"),
    [
        ("alertmanager", 3600, "firing", None, NOW + HOUR),
        ("alertmanager", None, "firing", None, None),
        ("alertmanager", 3600, "resolved", None, None),
        ("generic", 3600, "firing", None, NOW + HOUR),
        ("generic", 3600, "event", None, None),
        ("prometheus", None, "firing", None, NOW + OF_DIRECT_ALERTS),
        ("prometheus", 3600, "firing", None, NOW + HOUR),
        ("prometheus", 3600, "firing", NOW + SECOND, NOW + SECOND),
        ("prometheus", None, "resolved", None, None),
    ],
)
def test_when_it_ends(
    source: str,
    seconds: int | None,
    status: AlertStatus,
    said: datetime | None,
    end: datetime | None,
) -> None:
    alerts = (IncomingAlert(status, "a", "A", expires_at=said),)
    batch = with_end(IncomingBatch(Source(source), alerts), seconds, NOW)
    assert [one.expires_at for one in batch.alerts] == [end]


@pytest.mark.parametrize(
    ("seconds", "fits"),
    [
        (None, True),
        (60, True),
        (59, False),
        (2_592_000, True),
        (2_592_001, False),
        ("60", False),
        (True, False),
    ],
)
def test_how_long_it_may_be(seconds: object, fits: bool) -> None:
    assert (problem_of(seconds) == "") is fits


PAYLOADS: dict[str, Callable[[], Any]] = {
    "alertmanager": lambda: webhook(alert()),
    "grafana": lambda: webhook(alert(values={"A": 1.0}), version="1"),
    "our own": lambda: {"title": "Down", "status": "firing"},
    "without an end": lambda: [{"labels": {"alertname": "Down"}}],
}


def told(site: Site, payload: Any) -> Alert:
    assert site.post(payload).status_code == 202
    return Alert.objects.get(organization=site.organization)


@pytest.mark.django_db
@pytest.mark.parametrize("sender", PAYLOADS)
def test_each_repeat_moves_the_end_on(sender: str) -> None:
    site = make_site(resolve_timeout=3600)
    payload = PAYLOADS[sender]
    first = told(site, payload())
    assert first.expires_at == first.last_received_at + HOUR
    again = told(site, payload())
    assert again.episode == 1
    assert again.expires_at == again.last_received_at + HOUR > first.expires_at
    assert expiry.expire_due(again.expires_at - SECOND) == 0
    assert expiry.expire_due(again.expires_at) == 1
    over = Alert.objects.get(organization=site.organization)
    assert (over.status, over.ended_by, over.expires_at) == ("resolved", "expired", None)
    assert over.ends_at == again.expires_at
    fires = told(site, payload())
    assert (fires.status, fires.episode) == ("firing", 2)
    assert fires.expires_at == fires.last_received_at + HOUR


@pytest.mark.django_db
def test_a_mapped_one_ends_too() -> None:
    rules = {"title": {"expression": "name"}, "status": {"expression": "state"}}
    site = make_site(kind="mapped", resolve_timeout=3600)
    set_mapping(COMMAND_LINE, site.integration, {"rules": rules})
    found = told(site, {"name": "Disk", "state": "firing"})
    assert found.status == "firing"
    assert found.expires_at == found.last_received_at + HOUR


@pytest.mark.django_db
def test_without_one_it_burns_and_a_change_holds_from_the_next_word_on() -> None:
    site = make_site()
    assert told(site, webhook(alert())).expires_at is None
    assert expiry.expire_due(clock.now() + timedelta(days=365)) == 0
    change_integration(COMMAND_LINE, site.integration, resolve_timeout=60)
    assert Alert.objects.get().expires_at is None
    found = told(site, webhook(alert()))
    assert found.expires_at == found.last_received_at + timedelta(seconds=60)
    change_integration(COMMAND_LINE, site.integration, resolve_timeout=None)
    assert told(site, webhook(alert())).expires_at is None


@pytest.mark.django_db
def test_prometheus_own_end_stays() -> None:
    site = make_site(resolve_timeout=3600)
    end = clock.now().replace(microsecond=0) + timedelta(minutes=4)
    found = told(site, [{"labels": {"alertname": "Down"}, "endsAt": end.isoformat()}])
    assert found.expires_at == end
