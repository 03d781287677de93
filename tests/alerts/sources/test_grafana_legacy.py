"""Grafana's old dashboard alerts: one rule, one alert."""

from typing import Any

import pytest

from alerts.sources.incoming import Link, LinkKind, Source
from tests.alerts.sources.reading import only, read, read_file, reasons

RULE_URL = "http://grafana.example:3000/d/abc/db?fullscreen&edit&tab=alert&panelId=3&orgId=1"


def test_alerting() -> None:
    batch = read_file("grafana_legacy_alerting")
    assert batch.source is Source.GRAFANA_LEGACY
    assert (batch.group_key, batch.title) == (None, "[Alerting] CPU high")
    cpu = only(batch)
    assert (cpu.status, cpu.name) == ("firing", "CPU high")
    assert cpu.labels == {"alertname": "CPU high", "team": "db", "severity": "P2"}
    assert cpu.description == "CPU above 90 %"
    assert cpu.values == {"db-1": 97.25}
    assert cpu.value_text == "db-1=97.25, db-2=no value"
    assert cpu.links == (Link(LinkKind.SOURCE, RULE_URL),)
    assert cpu.image_url == "https://images.example/cpu.png"


@pytest.mark.parametrize(
    ("name", "status", "value_text"),
    [
        ("grafana_legacy_ok", "resolved", ""),
        ("grafana_legacy_paused", "resolved", ""),
        ("grafana_legacy_no_data", "firing", "no data"),
    ],
)
def test_other_states_of_the_same_rule(name: str, status: str, value_text: str) -> None:
    """Same identity and, so that they take the same route, the same labels."""
    fired = only(read_file("grafana_legacy_alerting"))
    other = only(read_file(name))
    assert (other.status, other.value_text) == (status, value_text)
    assert other.fingerprint == fired.fingerprint
    assert other.labels == fired.labels


def test_version_4_0_wrote_other_names() -> None:
    batch = read_file("grafana_legacy_4_0")
    assert batch.source is Source.GRAFANA_LEGACY
    assert only(batch).links == (Link(LinkKind.SOURCE, RULE_URL),)
    assert only(batch).image_url == "https://images.example/cpu.png"


def identity(**rule: Any) -> str:
    return only(read({"ruleName": "R", "state": "alerting", **rule})).fingerprint


def test_rules_are_told_apart() -> None:
    url = "http://g.example/d/1"
    assert identity(ruleId=1, orgId=1) == identity(ruleId=1, orgId=1, ruleName="renamed")
    assert identity(ruleId=1, orgId=1) != identity(ruleId=1, orgId=2)
    assert identity(ruleId=1, orgId=1) != identity(ruleId=2, orgId=1)
    elsewhere = "http://other.example/d/1"
    assert identity(ruleId=1, ruleUrl=url) != identity(ruleId=1, ruleUrl=elsewhere)
    assert identity(ruleId=0, ruleUrl=url) != identity(ruleId=0, ruleUrl=elsewhere)
    assert identity(ruleId=0, ruleUrl=url) == identity(ruleUrl=url, state="ok")


def test_the_test_button() -> None:
    batch = read_file("grafana_legacy_test_button")
    assert only(batch).name == "Test notification"
    assert batch.problems == ()


def test_without_a_rule_name_the_title_loses_its_state() -> None:
    assert only(read({"ruleId": 3, "state": "ok", "title": "[OK] CPU"})).name == "CPU"


def test_series_of_one_name_are_numbered() -> None:
    matches = [{"metric": "m", "value": n} for n in (1, 2)]
    alert = only(read({"ruleName": "R", "state": "alerting", "evalMatches": matches}))
    assert alert.values == {"m": 1.0, "m #2": 2.0}
    assert alert.value_text == "m=1, m=2"


def test_what_is_wrong_is_said() -> None:
    batch = read({"ruleName": "R", "evalMatches": [3], "state": "weird", "tags": "a,b"})
    assert only(batch).status == "firing"
    assert reasons(batch) == [
        ("/tags", "should be an object of texts; ignored"),
        ("/evalMatches/0", "should be an object; ignored"),
        ("/state", "unknown status word, taken as firing; use firing or resolved"),
    ]
