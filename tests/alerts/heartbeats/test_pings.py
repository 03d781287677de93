"""Heartbeats: pings that come, pings that don't, and the alerts that tell of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry
from accounts.tenancy import ForeignOrganization
from alerts import publish, sweep, throttles
from alerts.heartbeats import changes as heartbeats
from alerts.heartbeats import pings as heartbeat_pings
from alerts.integration_keys import forget_cached_keys
from alerts.models import (
    Alert,
    AlertGroup,
    GroupMessage,
    Heartbeat,
    HeartbeatPing,
    Integration,
    SweepMark,
    TimelineEvent,
    Trace,
)
from alerts.routes import create_route
from deliveries.models import Delivery
from tests.alerts.senders import Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def site() -> Site:
    """A site that has been up for long."""
    site = make_site()
    sweep.sweep()
    pass_time(timedelta(days=30))
    return site


def pass_time(by: timedelta) -> None:
    """As if nothing but sweeps had happened for so long."""
    mark = SweepMark.objects.get()
    SweepMark.objects.update(up_since=mark.up_since - by, swept_at=timezone.now())
    for row in Heartbeat.objects.all():
        for name in ("last_ping_at", "started_at", "due_at", "alarm_at", "down_at"):
            value = getattr(row, name)
            setattr(row, name, value and value - by)
        row.save()


def make(site: Site, name: str = "Backup", **values: Any) -> Heartbeat:
    values = {"period": 3600, "grace": 300} | values
    return heartbeats.create_heartbeat(COMMAND_LINE, site.organization, name, **values)


def send(row: Heartbeat, says: str = "", method: str = "get", **more: Any) -> Any:
    return getattr(Client(), method)(f"{url(row)}{says}", **more)


def url(row: Heartbeat) -> str:
    return f"/hooks/v1/heartbeat/{heartbeats.key_of(row)}/"


def texts() -> list[str]:
    """What the chats are told."""
    publish.publish_due()
    return [call.params["text"] for call in Delivery.objects.order_by("created_at", "sequence")]


@pytest.mark.parametrize(
    ("method", "says", "kind", "code"),
    [
        ("get", "", "success", None),
        ("head", "", "success", None),
        ("post", "", "success", None),
        ("get", "start", "start", None),
        ("get", "start/", "start", None),
        ("post", "fail/", "fail", None),
        ("get", "0", "success", 0),
        ("get", "1/", "fail", 1),
        ("get", "255", "fail", 255),
    ],
)
def test_pings_are_noted(site: Site, method: str, says: str, kind: str, code: int | None) -> None:
    row = make(site)
    response = send(row, says, method, headers={"User-Agent": "curl/8"})
    assert (response.status_code, response.content) == (200, b"" if method == "head" else b"OK\n")
    noted = HeartbeatPing.objects.get()
    assert (noted.kind, noted.exit_code, noted.method) == (kind, code, method.upper())
    assert (noted.user_agent, noted.heartbeat) == ("curl/8", row)
    assert Client().get(url(row).removesuffix("/")).status_code == 200


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("256", "get", 400),
        ("-1", "get", 400),
        ("²", "get", 400),
        ("done", "get", 400),
        ("", "delete", 405),
        ("", "put", 405),
    ],
)
def test_refusals_say_why(site: Site, path: str, method: str, status: int) -> None:
    row = make(site)
    response = send(row, path, method)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert not HeartbeatPing.objects.exists()


@pytest.mark.parametrize("key", ["th_" + "x" * 43, "nonsense", "é", "a" * 5000])
def test_an_unknown_key_is_404(key: str) -> None:
    response = Client().get(f"/hooks/v1/heartbeat/{key}/")
    assert response.status_code == 404
    assert "no heartbeat with this key" in response.json()["detail"]


def test_a_key_of_an_integration_is_no_heartbeats(site: Site) -> None:
    assert Client().get(f"/hooks/v1/heartbeat/{site.key}/").status_code == 404
    row = make(site)
    posted = Client().post(f"/hooks/v1/{heartbeats.key_of(row)}/", b"x", content_type="text/plain")
    assert posted.status_code == 404


def test_too_many_pings_are_asked_to_come_back(site: Site) -> None:
    row = make(site)
    assert send(row).status_code == 200
    while not throttles.wait_for_ping(row.key_hash):
        pass
    refused = send(row)
    assert refused.status_code == 503
    assert int(refused["Retry-After"]) > 0
    assert send(make(site, "Other")).status_code == 200


def test_a_failure_is_heard_though_there_were_too_many_pings(site: Site) -> None:
    row = make(site)
    while not throttles.wait_for_ping(row.key_hash):
        pass
    assert send(row, "0").status_code == send(row, "start").status_code == 503
    for says in ("fail", "1"):
        Heartbeat.objects.update(down_at=None, reason="")
        assert send(row, says).status_code == 200
        row.refresh_from_db()
        assert row.reason == "failed"
    while not throttles.wait_for_ping(row.key_hash, "fail"):
        pass
    refused = send(row, "fail")
    assert refused.status_code == 503
    assert str(throttles.FAILURES) in refused.json()["detail"]
    assert int(refused["Retry-After"]) > 0


def test_the_end_of_a_body_is_kept_and_the_last_pings_alone(site: Site) -> None:
    row = make(site)
    send(row, method="post", data=b"a" * 20_000 + b"\0end", content_type="text/plain")
    kept = HeartbeatPing.objects.get().body
    assert (len(kept), kept[-4:]) == (10_000, "\ufffdend")
    for _ in range(heartbeat_pings.KEPT + 5):
        heartbeat_pings.ping(row.pk, heartbeat_pings.Ping("success"))
    assert HeartbeatPing.objects.count() == heartbeat_pings.KEPT
    assert HeartbeatPing.objects.exclude(body="").count() == 0


def test_a_ping_costs_few_statements(site: Site) -> None:
    row = make(site)
    send(row)
    with CaptureQueriesContext(connection) as queries:
        send(row)
    statements = [q["sql"] for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) <= 6, statements


def test_what_is_missed_fires_once_and_the_next_ping_resolves_it(site: Site) -> None:
    row = make(site, labels={"team": "core"}, description="Nightly dump")
    send(row)
    pass_time(64 * MINUTE)
    sweep.sweep()
    assert not Alert.objects.exists()
    pass_time(MINUTE)
    sweep.sweep()
    sweep.sweep()
    stored = Alert.objects.get()
    assert (stored.status, stored.name, stored.severity) == ("firing", "Backup", "critical")
    assert stored.labels == {
        "alertname": "Backup",
        "heartbeat": "Backup",
        "severity": "critical",
        "team": "core",
    }
    assert stored.summary == "No ping for 1 h 5 min; expected every 1 h, with 5 min of grace."
    assert stored.description == "Nightly dump"
    assert Trace.objects.get().source == "heartbeat"
    assert GroupMessage.objects.get().due_at is not None
    assert "Backup" in texts()[0]
    send(row)
    stored.refresh_from_db()
    assert stored.status == "resolved"
    assert not AlertGroup.objects.get().is_open
    kinds = TimelineEvent.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["opened", "fired", "resolved", "closed"]


GONE = {"period": None, "cron": "0 3 * * *", "timezone": "US/Gone"}
"""A zone may leave the system's database."""


@pytest.mark.parametrize("by", ["sweep", "ping"])
def test_of_a_schedule_that_cannot_be_read_the_owner_hears_once(
    site: Site, by: str, caplog: pytest.LogCaptureFixture
) -> None:
    row = make(site)
    send(row)
    Heartbeat.objects.update(**GONE)
    if by == "sweep":
        Heartbeat.objects.update(alarm_at=timezone.now() - MINUTE)
        SweepMark.objects.update(up_since=timezone.now() - 2 * MINUTE)  # it would be spared
    for _ in range(3):
        sweep.sweep() if by == "sweep" else send(row)
    row.refresh_from_db()
    assert (row.reason, row.alarm_at) == ("schedule", None)
    stored = Alert.objects.get()
    assert (stored.status, stored.episode) == ("firing", 1)
    assert "'US/Gone' is not known here" in stored.summary
    assert caplog.records == []
    with pytest.raises(heartbeats.HeartbeatRefused, match="US/Gone"):
        heartbeats.change_heartbeat(COMMAND_LINE, row, grace=60)
    heartbeats.change_heartbeat(COMMAND_LINE, row, timezone="America/New_York")
    stored.refresh_from_db()
    assert stored.status == "resolved"
    row.refresh_from_db()
    assert row.alarm_at is not None


def test_one_that_cannot_be_resumed_is_refused(site: Site) -> None:
    row = make(site)
    send(row)
    heartbeats.pause(COMMAND_LINE, row)
    Heartbeat.objects.update(**GONE)
    with pytest.raises(heartbeats.HeartbeatRefused, match="US/Gone") as refused:
        heartbeats.resume(COMMAND_LINE, row)
    assert refused.value.field == "timezone"


def test_one_that_cannot_be_decided_stops_no_other(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """A row may be another version's."""
    broken = {"labels": ["no", "labels"]}
    rows = [make(site, name, period=None, cron="0 3 * * *") for name in ("Broken", "Next")]
    now = timezone.now()
    Heartbeat.objects.update(last_ping_at=now - 3 * DAY, alarm_at=now - MINUTE)
    Heartbeat.objects.filter(pk=rows[0].pk).update(alarm_at=now - 2 * MINUTE, **broken)
    SweepMark.objects.update(up_since=now - 10 * DAY)
    sweep.sweep()
    sweep.sweep()
    rows[1].refresh_from_db()
    assert rows[1].down_at
    rows[0].refresh_from_db()
    assert rows[0].down_at is None
    assert rows[0].alarm_at is not None
    assert rows[0].alarm_at > now + 59 * MINUTE
    assert len(caplog.records) == 1


def test_one_that_was_never_pinged_is_never_missed(site: Site) -> None:
    make(site)
    pass_time(timedelta(days=3))
    sweep.sweep()
    assert not Alert.objects.exists()


def test_a_failure_fires_at_once_with_what_the_job_said(site: Site) -> None:
    row = make(site)
    send(row, "3", "post", data=b"disk full", content_type="text/plain")
    stored = Alert.objects.get()
    assert (stored.status, stored.summary) == ("firing", "It reported a failure (exit code 3).")
    assert stored.description == "disk full"
    send(row, "4")
    stored.refresh_from_db()
    assert stored.summary == "It reported a failure (exit code 4)."
    assert TimelineEvent.objects.filter(kind="fired").count() == 1
    send(row, "0")
    stored.refresh_from_db()
    assert stored.status == "resolved"


def test_a_run_that_does_not_finish_fires(site: Site) -> None:
    row = make(site)
    send(row, "start")
    pass_time(6 * MINUTE)
    sweep.sweep()
    assert Alert.objects.get().summary == "It started 6 min ago and has not finished."


def test_heartbeats_take_routes_as_any_alert(site: Site) -> None:
    row = make(site, labels={"team": "db"}, severity="warning")
    source = Integration.objects.get(kind="heartbeat")
    create_route(
        COMMAND_LINE,
        site.organization,
        "Databases",
        matchers='team="db"',
        integrations=[source],
        channels=site.channels,
    )
    send(row, "fail")
    group = AlertGroup.objects.get()
    assert (group.route.name, group.severity) == ("Databases", "warning")


def test_our_outage_gives_each_one_fresh_period(site: Site) -> None:
    row = make(site)
    send(row)
    pass_time(59 * MINUTE)
    for mark in SweepMark.objects.all():
        mark.swept_at -= 30 * MINUTE
        mark.save()
    pass_moments(10 * MINUTE)
    sweep.sweep()
    assert not Alert.objects.exists()
    row.refresh_from_db()
    assert row.excused_at is not None
    assert row.due_at is not None
    assert timedelta(minutes=59) < row.due_at - timezone.now() <= timedelta(hours=1)
    pass_moments(66 * MINUTE)
    sweep.sweep()
    assert Alert.objects.get().status == "firing"


def pass_moments(by: timedelta) -> None:
    """As if the heartbeats' moments had been so much earlier, and sweeps as they were."""
    row = Heartbeat.objects.get()
    for name in ("last_ping_at", "due_at", "alarm_at"):
        setattr(row, name, getattr(row, name) - by)
    row.save()


def test_pausing_ends_its_alert_and_resuming_begins_anew(site: Site) -> None:
    row = make(site)
    send(row, "fail")
    row = heartbeats.pause(COMMAND_LINE, row)
    assert Alert.objects.get().status == "resolved"
    assert "paused" in send(row, "fail").content.decode()
    assert Alert.objects.get().status == "resolved"
    pass_time(timedelta(days=2))
    sweep.sweep()
    assert Alert.objects.get().status == "resolved"
    row = heartbeats.resume(COMMAND_LINE, row)
    assert row.due_at is not None
    assert row.due_at > timezone.now() + 59 * MINUTE
    actions = AuditEntry.objects.filter(object_type="heartbeat").values_list("action", flat=True)
    assert set(actions) == {"create", "pause", "resume"}


def test_deleting_ends_its_alert_and_its_url(site: Site) -> None:
    row = make(site)
    send(row, "fail")
    path = url(row)
    heartbeats.delete_heartbeat(COMMAND_LINE, row)
    assert Alert.objects.get().status == "resolved"
    assert Client().get(path).status_code == 404


def test_a_new_key_replaces_the_former_one(site: Site) -> None:
    row = make(site)
    former = url(row)
    heartbeats.rotate_key(COMMAND_LINE, row)
    assert Client().get(former).status_code == 404
    assert send(row).status_code == 200
    before = row.key_encrypted
    heartbeats.rekey(row)
    assert row.key_encrypted != before
    assert heartbeats.ping_url(row).endswith(url(row))


def test_another_schedule_begins_when_it_is_given(site: Site) -> None:
    row = make(site)
    send(row)
    pass_time(50 * MINUTE)
    row = heartbeats.change_heartbeat(COMMAND_LINE, row, period=600)
    assert row.due_at is not None
    assert 9 * MINUTE < row.due_at - timezone.now() <= 10 * MINUTE
    row = heartbeats.change_heartbeat(COMMAND_LINE, row, cron="0 3  * * *", timezone="Asia/Tokyo")
    assert (row.period, row.cron) == (None, "0 3 * * *")
    assert row.due_at is not None
    assert (row.due_at.hour, row.due_at.minute) == (18, 0)
    row = heartbeats.change_heartbeat(COMMAND_LINE, row, period=600)
    assert row.cron == ""
    due = row.due_at
    assert heartbeats.change_heartbeat(COMMAND_LINE, row, description="x").due_at == due


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"period": 5}, "period"),
        ({"period": 400 * 86_400}, "period"),
        ({"period": None}, "period"),
        ({"period": 60, "cron": "0 3 * * *"}, "period"),
        ({"grace": 1}, "grace"),
        ({"cron": "61 * * * *", "period": None}, "cron"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"severity": "awful"}, "severity"),
        ({"severity": ""}, "severity"),
        ({"labels": ["a"]}, "labels"),
        ({"labels": {"a": 1}}, "labels"),
        ({"labels": {"a": ""}}, "labels"),
        ({"matchers": 'a="b'}, "matchers"),
        ({"matchers": 'a="b"'}, "integration"),
        ({"enabled": False}, "enabled"),
        ({"description": "x" * 1001}, "description"),
    ],
)
def test_what_is_no_heartbeat_is_refused(site: Site, values: dict[str, Any], field: str) -> None:
    with pytest.raises(heartbeats.HeartbeatRefused) as refused:
        make(site, **values)
    assert refused.value.field == field
    assert not Heartbeat.objects.exists()


def test_names_are_unique_in_an_organization(site: Site) -> None:
    row = make(site)
    with pytest.raises(heartbeats.HeartbeatRefused, match="called 'Backup' already"):
        make(site)
    other = make(site, "Other")
    with pytest.raises(heartbeats.HeartbeatRefused, match="called 'Backup' already"):
        heartbeats.change_heartbeat(COMMAND_LINE, other, name=row.name)
    make(make_site())


def test_the_source_takes_a_name_that_is_free(site: Site) -> None:
    site.integration.name = "Heartbeats"
    site.integration.save()
    make(site)
    make(site, "Other")
    assert Integration.objects.get(kind="heartbeat").name == "Heartbeats 2"


def test_another_organizations_integration_is_refused(site: Site) -> None:
    with pytest.raises(ForeignOrganization):
        make(site, integration=make_site().integration, matchers='a="b"')


# --- alerts that ping ----------------------------------------------------------------------------


def watchdog(site: Site) -> Heartbeat:
    row = make(site, "Watchdog", integration=site.integration, matchers='alertname="Watchdog"')
    forget_cached_keys()
    return row


def test_a_matching_firing_alert_is_a_ping(site: Site) -> None:
    row = watchdog(site)
    assert site.post(webhook(alert("Other"))).status_code == 202
    assert site.post(webhook(alert("Watchdog", "resolved"))).status_code == 202
    row.refresh_from_db()
    assert row.last_ping_at is None
    assert site.post(webhook(alert("Watchdog"))).status_code == 202
    assert Heartbeat.objects.exclude(last_ping_at=None).exists()
    site.post(webhook(alert("Watchdog")))
    assert HeartbeatPing.objects.get().method == "alert"  # a second one a moment later is spared
    pass_time(66 * MINUTE)
    sweep.sweep()
    down = Alert.objects.get(integration__kind="heartbeat")
    assert down.status == "firing"
    site.post(webhook(alert("Watchdog")))
    down.refresh_from_db()
    assert down.status == "resolved"


def test_a_ping_that_fails_fails_no_alert_and_no_other_ping(site: Site) -> None:
    row = watchdog(site)
    Heartbeat.objects.update(labels=["no", "labels"], down_at=timezone.now())
    other = make(site, "Xtra", integration=site.integration, matchers='alertname="Watchdog"')
    assert site.post(webhook(alert("Watchdog"))).status_code == 202
    assert Alert.objects.filter(name="Watchdog").count() == 1
    assert HeartbeatPing.objects.get().heartbeat == other
    assert not row.history.exists()


def test_who_has_no_such_heartbeat_pays_nothing_for_it(site: Site) -> None:
    def cost() -> int:
        forget_cached_keys()
        site.post(webhook(alert("Watchdog")))
        with CaptureQueriesContext(connection) as queries:
            site.post(webhook(alert("Watchdog")))
        return len(queries)

    before = cost()
    make(site)
    assert cost() == before
    row = watchdog(site)
    assert cost() > before
    heartbeats.delete_heartbeat(COMMAND_LINE, row)
    assert cost() == before
