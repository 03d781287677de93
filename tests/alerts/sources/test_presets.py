"""What each preset makes of what its sender really sends: made by hand, with the sender's keys."""

import json
from typing import Any

import pytest

from alerts.sources.incoming import IncomingAlert, IncomingBatch
from alerts.sources.mapping import stored_form
from alerts.sources.presets import PRESETS
from tests.alerts.sources.reading import assert_contract, only
from tests.alerts.sources.test_mapping import posted

ZABBIX: Any = {
    "zabbix_url": "https://zabbix.example.org",
    "event_id": "4711",
    "event_name": "Disk space is low on /var",
    "event_value": "1",
    "event_nseverity": "4",
    "event_opdata": "Space used: 92 %",
    "event_tags": [{"tag": "scope", "value": "capacity"}, {"tag": "team", "value": "db"}],
    "host_name": "db1",
    "trigger_id": "1301",
}
KUMA: Any = {
    "heartbeat": {
        "monitorID": 3,
        "status": 0,
        "time": "2026-05-31 10:20:30.123",
        "msg": "connect ECONNREFUSED 192.0.2.7:443",
        "important": True,
        "duration": 60,
    },
    "monitor": {
        "id": 3,
        "name": "Shop",
        "url": "https://shop.example.org",
        "hostname": None,
        "type": "http",
    },
    "msg": "[Shop] [🔴 Down] connect ECONNREFUSED 192.0.2.7:443",
}
HOME: Any = {
    "entity_id": "binary_sensor.cellar_water",
    "name": "Water in the cellar",
    "state": "on",
    "device_class": "moisture",
}
SENTRY_EVENT: Any = {
    "action": "triggered",
    "actor": {"id": "sentry", "name": "Sentry", "type": "application"},
    "installation": {"uuid": "0b1c"},
    "data": {
        "event": {
            "event_id": "e4874d664c3540c1",
            "issue_id": "1117540176",
            "title": "ValueError: no such order",
            "culprit": "shop.orders in find",
            "level": "error",
            "project": 1,
            "web_url": "https://sentry.io/organizations/shop/issues/1117540176/events/e4874d/",
            "tags": [["environment", "production"]],
        },
        "triggered_rule": "Page us",
    },
}
SENTRY_ISSUE: Any = {
    "action": "resolved",
    "installation": {"uuid": "0b1c"},
    "data": {
        "issue": {
            "id": "1117540176",
            "shortId": "SHOP-1",
            "title": "ValueError: no such order",
            "culprit": "shop.orders in find",
            "level": "error",
            "status": "resolved",
            "project": {"id": "1", "slug": "shop"},
            "web_url": "https://sentry.io/organizations/shop/issues/1117540176/",
        }
    },
}
SENTRY_METRIC: Any = {
    "action": "critical",
    "installation": {"uuid": "0b1c"},
    "data": {
        "description_title": "Critical: Too many errors",
        "description_text": "1000 events in the last 10 minutes",
        "metric_alert": {
            "id": "4",
            "identifier": "1",
            "title": "Too many errors",
            "projects": ["shop"],
            "alert_rule": {"id": "7", "name": "Too many errors"},
        },
        "web_url": "https://sentry.io/organizations/shop/alerts/1/",
    },
}
GITHUB: Any = {
    "action": "completed",
    "workflow_run": {
        "id": 289782451,
        "name": "CI",
        "head_branch": "main",
        "head_sha": "3484a3fb816e",
        "run_number": 562,
        "display_title": "Fix the build",
        "event": "push",
        "status": "completed",
        "conclusion": "failure",
        "workflow_id": 2823525,
        "html_url": "https://github.com/shop/web/actions/runs/289782451",
        "actor": {"login": "ada"},
        "head_commit": {"message": "Fix the build"},
    },
    "workflow": {"id": 2823525, "name": "CI", "path": ".github/workflows/ci.yml"},
    "repository": {"full_name": "shop/web"},
    "sender": {"login": "ada"},
}


def read(preset: str, payload: Any, **changes: Any) -> IncomingBatch:
    stored = stored_form(PRESETS[preset].mapping)
    return posted(json.dumps({**payload, **changes}), stored)


def mapped(preset: str, payload: Any, **changes: Any) -> IncomingAlert:
    batch = read(preset, payload, **changes)
    assert_contract(batch)
    assert batch.problems == ()
    return only(batch)


@pytest.mark.parametrize(
    ("preset", "payload", "name", "status", "labels", "url"),
    [
        (
            "zabbix",
            ZABBIX,
            "Disk space is low on /var",
            "firing",
            {"severity": "high", "host": "db1", "scope": "capacity", "team": "db"},
            "https://zabbix.example.org/tr_events.php?triggerid=1301&eventid=4711",
        ),
        (
            "uptime-kuma",
            KUMA,
            "Shop",
            "firing",
            {"severity": "critical", "monitor": "Shop", "type": "http"},
            "https://shop.example.org",
        ),
        (
            "home-assistant",
            HOME,
            "Water in the cellar",
            "firing",
            {"entity_id": "binary_sensor.cellar_water", "device_class": "moisture"},
            "",
        ),
        (
            "sentry",
            SENTRY_EVENT,
            "ValueError: no such order",
            "firing",
            {"severity": "error", "project": "1", "rule": "Page us"},
            "https://sentry.io/organizations/shop/issues/1117540176/events/e4874d/",
        ),
        (
            "sentry",
            SENTRY_ISSUE,
            "ValueError: no such order",
            "resolved",
            {"severity": "error", "project": "shop"},
            "https://sentry.io/organizations/shop/issues/1117540176/",
        ),
        (
            "sentry",
            SENTRY_METRIC,
            "Too many errors",
            "firing",
            {"severity": "critical", "project": "shop"},
            "https://sentry.io/organizations/shop/alerts/1/",
        ),
        (
            "github-actions",
            GITHUB,
            "CI failed on main",
            "firing",
            {
                "severity": "high",
                "repository": "shop/web",
                "branch": "main",
                "workflow": "CI",
                "actor": "ada",
            },
            "https://github.com/shop/web/actions/runs/289782451",
        ),
    ],
)
def test_what_each_makes(
    preset: str, payload: Any, name: str, status: str, labels: dict[str, str], url: str
) -> None:
    alert = mapped(preset, payload)
    assert (alert.name, alert.status, alert.labels) == (name, status, labels)
    assert [link.url for link in alert.links] == ([url] if url else [])
    assert alert.description


@pytest.mark.parametrize(
    ("preset", "payload", "changes"),
    [
        ("zabbix", ZABBIX, {"event_value": "0"}),
        ("uptime-kuma", KUMA, {"heartbeat": {**KUMA["heartbeat"], "status": 1, "msg": "200"}}),
        ("home-assistant", HOME, {"state": "off"}),
        ("sentry", SENTRY_EVENT, SENTRY_ISSUE),
        ("sentry", SENTRY_METRIC, {"action": "resolved"}),
        (
            "github-actions",
            GITHUB,
            {"workflow_run": {**GITHUB["workflow_run"], "conclusion": "success", "id": 5}},
        ),
    ],
)
def test_an_end_is_that_of_the_alert(preset: str, payload: Any, changes: Any) -> None:
    fired, ended = mapped(preset, payload), mapped(preset, payload, **changes)
    assert (fired.status, ended.status) == ("firing", "resolved")
    assert fired.fingerprint == ended.fingerprint


@pytest.mark.parametrize(
    ("preset", "payload"),
    [
        ("github-actions", {"zen": "Keep it logically awesome.", "hook_id": 1}),
        ("github-actions", {**GITHUB, "action": "requested"}),
        (
            "github-actions",
            {**GITHUB, "workflow_run": {**GITHUB["workflow_run"], "conclusion": "cancelled"}},
        ),
        ("sentry", {"action": "created", "data": {"installation": {"status": "pending"}}}),
    ],
)
def test_what_is_no_alert_makes_none(preset: str, payload: Any) -> None:
    batch = read(preset, payload)
    assert (batch.alerts, batch.problems) == ((), ())


def test_a_test_of_uptime_kuma_is_an_event() -> None:
    alert = mapped("uptime-kuma", {"heartbeat": None, "monitor": None, "msg": "Kuma Testing"})
    assert (alert.name, alert.status, alert.labels) == ("Kuma Testing", "event", {})


def test_uptime_kuma_may_send_a_form() -> None:
    body = (
        f'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\n{json.dumps(KUMA)}\r\n--b--\r\n'
    )
    stored = stored_form(PRESETS["uptime-kuma"].mapping)
    batch = posted(body, stored, "multipart/form-data; boundary=b")
    assert only(batch).name == "Shop"


@pytest.mark.parametrize("preset", PRESETS)
def test_no_preset_fails_at_what_is_missing(preset: str) -> None:
    odd: list[Any] = [{}, [], "text", None, {"data": 5, "monitor": [], "action": "completed"}]
    for payload in odd:
        assert_contract(posted(json.dumps(payload), stored_form(PRESETS[preset].mapping)))
