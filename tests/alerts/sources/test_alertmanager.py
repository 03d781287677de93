"""Alertmanager's webhook: real notifications, old versions, look-alikes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from alerts import fingerprints
from alerts.sources.incoming import Link, LinkKind, Source
from tests.alerts.sources.reading import only, read, read_file, reasons


def webhook(*alerts: Any, **more: Any) -> dict[str, Any]:
    return {"version": "4", "status": "firing", "alerts": list(alerts), **more}


def alert(**more: Any) -> dict[str, Any]:
    return {"status": "firing", "labels": {"alertname": "Down"}, **more}


def test_a_real_notification_is_read_whole() -> None:
    batch = read_file("captured_alertmanager_firing")
    assert batch.source is Source.ALERTMANAGER
    assert batch.problems == ()
    assert batch.group_key == '{}:{alertname="DiskFull"}'
    assert batch.group_labels == {"alertname": "DiskFull"}
    assert batch.receiver == "hook"
    assert batch.external_url.startswith("http://")
    assert (batch.truncated_alerts, batch.incomplete) == (0, False)
    assert [a.labels["instance"] for a in batch.alerts] == [f"db-{n}:9100" for n in range(3)]
    first = batch.alerts[0]
    assert (first.status, first.name) == ("firing", "DiskFull")
    assert first.summary == "Disk of db-0:9100 is full"
    assert first.description == '<b>95 %</b> & "rising" a_b*c [x](y) 🔥'
    assert first.starts_at is not None
    assert (first.ends_at, first.expires_at) == (None, None)
    assert first.links == (
        Link(LinkKind.SOURCE, "http://prometheus.example:9090/graph?g0.expr=up&g0.tab=1"),
        Link(LinkKind.RUNBOOK, "https://runbooks.example/DiskFull"),
    )


def test_firing_and_resolved_have_one_identity() -> None:
    """Also without the sender's fingerprint, and with it computed by us over its own labels."""
    fired = read_file("captured_alertmanager_firing")
    over = read_file("captured_alertmanager_resolved")
    by_instance = {a.labels["instance"]: a.fingerprint for a in fired.alerts}
    for resolved in over.alerts:
        assert resolved.status == "resolved"
        assert resolved.ends_at is not None
        assert resolved.fingerprint == by_instance[resolved.labels["instance"]]
        assert resolved.fingerprint == fingerprints.of_labels(resolved.labels)


def test_each_alert_has_a_status_of_its_own() -> None:
    batch = read_file("captured_alertmanager_mixed")
    assert sorted(a.status for a in batch.alerts) == ["firing", "firing", "resolved"]


def test_hidden_alerts_are_counted() -> None:
    batch = read_file("captured_alertmanager_truncated")
    assert (len(batch.alerts), batch.truncated_alerts) == (2, 3)


def test_the_receiver_loses_gos_quoting() -> None:
    assert read_file("captured_alertmanager_quoted_receiver").receiver == "dotted.name+(all)"
    quoted = webhook(alert(), receiver=r"a\\b\|c\$d\-e")
    assert read(quoted).receiver == r"a\b|c$d\-e"


def test_version_3_has_a_number_as_key_and_no_fingerprints() -> None:
    batch = read_file("alertmanager_v3")
    assert batch.group_key == "98765432109876543210"
    down = only(batch)
    assert down.fingerprint == fingerprints.of_labels({"alertname": "Down", "instance": "a:9100"})
    assert down.starts_at == datetime(2017, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)
    assert down.description == "a is down"


@pytest.mark.parametrize(
    ("now", "status"),
    [
        (datetime(2026, 3, 1, 10, 59, 59, tzinfo=UTC), "firing"),
        (datetime(2026, 3, 1, 11, 0, 0, tzinfo=UTC), "resolved"),
    ],
)
def test_without_any_status_the_end_decides(now: datetime, status: str) -> None:
    batch = read_file("alertmanager_without_version", now=now)
    assert batch.source is Source.ALERTMANAGER
    assert batch.group_key is None
    assert only(batch).status == status


def test_the_batchs_status_stands_in() -> None:
    bare = {"labels": {"alertname": "Down"}}
    assert only(read({"status": "resolved", "alerts": [bare]})).status == "resolved"


def test_newer_keys_do_not_disturb() -> None:
    batch = read_file("alertmanager_v034")
    assert batch.problems == ()
    assert only(batch).fingerprint == "0123456789abcdef"


def test_ignored_labels_are_no_part_of_the_identity() -> None:
    def pair(replica: str) -> dict[str, Any]:
        labels = {"alertname": "Down", "replica": replica}
        return webhook(alert(labels=labels, fingerprint=f"{replica}000"))

    a, b = (only(read(pair(name), ignored=("replica",))) for name in "ab")
    assert a.fingerprint == b.fingerprint == fingerprints.of_labels({"alertname": "Down"})
    assert a.labels["replica"] == "a"
    assert only(read(pair("a"))).fingerprint == "a000"
    untouched = webhook(alert(fingerprint="c000"))
    assert only(read(untouched, ignored=("replica",))).fingerprint == "c000"


def test_good_alerts_are_read_and_bad_ones_named() -> None:
    batch = read(webhook(alert(), "text", alert(labels=None), {}, alert(labels={"a": "b"})))
    assert [a.name for a in batch.alerts] == ["Down", "a=b"]
    assert reasons(batch) == [
        ("/alerts/1", "an alert must be an object"),
        ("/alerts/2", "neither labels nor annotations say what this is"),
        ("/alerts/3", "neither labels nor annotations say what this is"),
    ]
    assert all(problem.quarantined for problem in batch.problems)


@pytest.mark.parametrize(
    ("labels", "annotations", "name"),
    [
        ({"alertname": " A "}, {"summary": "S"}, "A"),
        ({"alertname": ""}, {"summary": "S\n second"}, "S second"),
        ({"job": "j"}, {"title": "T"}, "T"),
        ({"job": "j"}, {"message": "M"}, "M"),
        ({"job": "j", "b": "c"}, {}, "b=c, job=j"),
        ({}, {"other": "O"}, "O"),
        ({"alertname": "x" * 300}, {}, "x" * 255 + "…"),
    ],
)
def test_an_alert_is_called_something(
    labels: dict[str, str], annotations: dict[str, str], name: str
) -> None:
    assert only(read(webhook(alert(labels=labels, annotations=annotations)))).name == name


def test_labels_become_text() -> None:
    text = (
        '{"alerts": [{"labels": {"alertname": "X", "n": 1.10, "big": 123456789012345678901234567,'
    )
    text += ' "t": true, "none": null, "list": [1, {"a": null}], "nan": NaN, "": "x"}}]}'
    batch = read(text)
    assert only(batch).labels == {
        "alertname": "X",
        "n": "1.10",
        "big": "123456789012345678901234567",
        "t": "true",
        "list": '[1,{"a":null}]',
        "nan": "NaN",
    }
    assert reasons(batch) == [
        ("/alerts/0/labels", "an entry with an empty name was ignored"),
    ]


def test_long_values_are_shortened_with_a_mark_and_stay_apart() -> None:
    long = "x" * 5_000
    one, two = (
        read(webhook(alert(labels={"alertname": "A", "path": long + ending}))) for ending in "ab"
    )
    path = only(one).labels["path"]
    assert len(path) == 4_096
    assert "…" in path
    assert path != only(two).labels["path"]
    assert only(one).fingerprint != only(two).fingerprint
    assert reasons(one) == [
        ("/alerts/0/labels/path", "label shortened from 5001 to 4096 characters")
    ]


def test_long_annotations_are_shortened() -> None:
    batch = read(webhook(alert(annotations={"description": "é" * 40_000})))
    assert only(batch).description == "é" * 32_767 + "…"
    assert reasons(batch) == [
        ("/alerts/0/annotations/description", "shortened from 40000 to 32768 characters")
    ]


def test_too_many_labels_leave_the_first_by_name() -> None:
    batch = read(webhook(alert(labels={f"l{n:03}": "v" for n in reversed(range(300))})))
    assert sorted(only(batch).labels) == [f"l{n:03}" for n in range(256)]
    assert reasons(batch) == [("/alerts/0/labels", "44 of 300 entries left out")]


def test_alerts_beyond_the_limit_are_counted() -> None:
    batch = read(webhook(*[alert()] * 5, truncatedAlerts=2), max_alerts=3)
    assert (len(batch.alerts), batch.truncated_alerts) == (3, 4)
    assert reasons(batch) == [
        ("/alerts", "5 alerts; the 2 beyond the first 3 were not read"),
    ]


@pytest.mark.parametrize(
    ("given", "count"), [(7, 7), ("7", 7), (-1, 0), (None, 0), (1e300, 10**9), ("many", 0)]
)
def test_truncated_alerts_is_a_count(given: Any, count: int) -> None:
    assert read(webhook(alert(), truncatedAlerts=given)).truncated_alerts == count


@pytest.mark.parametrize(
    ("word", "status", "is_known"),
    [
        ("firing", "firing", True),
        ("ALERTING", "firing", True),
        ("ok", "resolved", True),
        (" Recovery ", "resolved", True),
        ("up", "resolved", True),
        ("closed", "resolved", True),
        ("weird", "firing", False),
        (3, "firing", False),
        ({"state": "active"}, "firing", False),
    ],
)
def test_status_words(word: Any, status: str, is_known: bool) -> None:
    batch = read(webhook(alert(status=word)))
    assert only(batch).status == status
    expected = "unknown status word, taken as firing; use firing or resolved"
    assert reasons(batch) == ([] if is_known else [("/alerts/0/status", expected)])


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.123456789-05:00", datetime(2026, 1, 2, 8, 4, 5, 123456, tzinfo=UTC)),
        ("2026-01-02T03:04:05.1Z", datetime(2026, 1, 2, 3, 4, 5, 100000, tzinfo=UTC)),
        ("2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (1767323045, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (1767323045500, datetime(2026, 1, 2, 3, 4, 5, 500000, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00.000Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("", None),
        (0, None),
    ],
)
def test_times(given: Any, read_as: datetime | None) -> None:
    batch = read(webhook(alert(startsAt=given)))
    assert only(batch).starts_at == read_as
    assert batch.problems == ()


@pytest.mark.parametrize("given", ["soon", {}, True, 1e300, "9999-12-31T23:59:59-14:00"])
def test_what_is_not_a_time_is_said(given: Any) -> None:
    batch = read(webhook(alert(startsAt=given)))
    assert only(batch).starts_at is None
    assert reasons(batch) == [
        ("/alerts/0/startsAt", "not a time such as 2026-01-31T12:00:00Z; ignored")
    ]


def test_an_unusually_long_group_key_is_hashed() -> None:
    one, two = (read(webhook(alert(), groupKey="k" * 2_000 + end)).group_key for end in "ab")
    assert one is not None
    assert one.startswith("sha256:")
    assert one != two


def test_an_empty_list_of_alerts_is_no_error() -> None:
    assert read(webhook()).alerts == ()
