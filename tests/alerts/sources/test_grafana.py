"""Grafana's unified alerting webhook in all its variants."""

from typing import Any

import pytest

from alerts.sources.incoming import Link, LinkKind, Source
from tests.alerts.sources.reading import only, read, read_file, reasons

OPS = "https://grafana.example/ops/"


def urls(alert_links: tuple[Link, ...]) -> dict[LinkKind, str]:
    return {link.kind: link.url for link in alert_links}


def test_a_firing_alert_with_picture_and_links() -> None:
    batch = read_file("grafana_firing_with_image")
    assert batch.source is Source.GRAFANA
    assert batch.problems == ()
    assert batch.receiver == "telegram (ops)"
    assert batch.title == "[FIRING:1] Queue too long Mail (mx-1 warning)"
    assert batch.message.startswith("**Firing**")
    assert batch.external_url == OPS
    queue = only(batch)
    assert (queue.status, queue.fingerprint) == ("firing", "1f0c2d3e4a5b6c7d")
    assert queue.values == {"B": 1204.5, "C": 1.0}
    assert queue.value_text == "B=1204.5, C=1"
    assert queue.image_url == "https://images.example/f3b1.png"
    assert list(urls(queue.links)) == [
        LinkKind.SOURCE,
        LinkKind.PANEL,
        LinkKind.DASHBOARD,
        LinkKind.SILENCE,
        LinkKind.RUNBOOK,
    ]
    assert urls(queue.links)[LinkKind.SOURCE] == f"{OPS}alerting/grafana/f3b1/view?orgId=1"


def test_each_alert_has_a_status_of_its_own() -> None:
    batch = read_file("grafana_mixed")
    assert [(a.status, a.ends_at is None) for a in batch.alerts] == [
        ("firing", True),
        ("resolved", False),
    ]


def test_firing_and_resolved_have_one_identity() -> None:
    fired = only(read_file("grafana_firing_with_image"))
    resolved = only(read_file("grafana_resolved"))
    assert resolved.status == "resolved"
    assert resolved.fingerprint == fired.fingerprint


def test_no_values_at_all() -> None:
    batch = read_file("grafana_values_null")
    assert (only(batch).values, only(batch).value_text) == ({}, "")
    assert batch.truncated_alerts == 4


def test_value_string_before_9_4() -> None:
    queue = only(read_file("grafana_value_string_only"))
    assert queue.values == {"B0": 0.000123}
    assert queue.value_text == "B0=0.000123, B1=null"


def test_a_value_string_forwarded_as_annotation() -> None:
    alert = {
        "labels": {"alertname": "A"},
        "annotations": {"__value_string__": "[ var='A' labels={} value=3 ]"},
    }
    assert only(read({"version": "1", "alerts": [alert]})).value_text == "A=3"


def test_the_test_buttons_relative_url_is_resolved() -> None:
    found = urls(only(read_file("grafana_test_button")).links)
    assert found[LinkKind.SOURCE] == f"{OPS}?orgId=1"


def test_urls_without_scheme_get_one() -> None:
    batch = read_file("grafana_without_scheme")
    found = urls(only(batch).links)
    assert batch.external_url == "http://localhost:3000/"
    assert found[LinkKind.SOURCE] == "http://localhost:3000/alerting/grafana/f3b1/view"
    assert LinkKind.DASHBOARD not in found


def test_without_an_external_url_a_relative_one_stays() -> None:
    alert = {"labels": {"alertname": "A"}, "generatorURL": "?orgId=1"}
    found = urls(only(read({"version": "1", "alerts": [alert]})).links)
    assert found == {LinkKind.SOURCE: "?orgId=1"}


@pytest.mark.parametrize("key", ["valueString", "values", "silenceURL", "dashboardURL", "imageURL"])
def test_a_custom_payload_without_version_is_known_by_its_alerts(key: str) -> None:
    alert = {"labels": {"alertname": "A"}, key: None}
    assert read({"alerts": [alert]}).source is Source.GRAFANA


@pytest.mark.parametrize(
    ("values", "numbers", "text"),
    [
        ({"A": 1, "B": None}, {"A": 1.0}, "A=1, B=no value"),
        ({"A": "NaN"}, {}, "A=NaN"),
        ({"B": 2.5, "A": 1e20}, {"A": 1e20, "B": 2.5}, "A=1e+20, B=2.5"),
        ({"A": {"x": 1}}, {}, 'A={"x":1}'),
    ],
)
def test_values(values: Any, numbers: dict[str, float], text: str) -> None:
    alert = {"labels": {"alertname": "A"}, "values": values}
    read_alert = only(read({"version": "1", "alerts": [alert]}))
    assert (read_alert.values, read_alert.value_text) == (numbers, text)


def test_values_of_a_wrong_type_are_said() -> None:
    alert = {"labels": {"alertname": "A"}, "values": [1], "valueString": "free text"}
    batch = read({"version": "1", "alerts": [alert]})
    assert only(batch).value_text == "free text"
    assert reasons(batch) == [("/alerts/0/values", "should be numbers by name; ignored")]


def test_a_url_of_absurd_length_is_left_out() -> None:
    alert = {"labels": {"alertname": "A"}, "panelURL": "http://g/" + "x" * 9_000, "imageURL": 5}
    batch = read({"version": "1", "alerts": [alert]})
    assert (only(batch).links, only(batch).image_url) == ((), "")
    assert [problem.pointer for problem in batch.problems] == [
        "/alerts/0/panelURL",
        "/alerts/0/imageURL",
    ]
