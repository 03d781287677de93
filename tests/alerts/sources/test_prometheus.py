"""What Prometheus and amtool post to Alertmanager's own API."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts import fingerprints
from alerts.sources.incoming import Source, Unparseable
from tests.alerts.sources.reading import NOW, only, read, read_file, reasons


def text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def test_a_firing_alert_expires() -> None:
    sent = datetime(2020, 1, 1, tzinfo=UTC)  # before any capture
    batch = read_file("captured_prometheus_firing", now=sent)
    assert batch.source is Source.PROMETHEUS
    assert batch.problems == ()
    assert {a.name for a in batch.alerts} == {"Blink", "Watchdog"}
    for alert in batch.alerts:
        assert alert.status == "firing"
        assert alert.ends_at is None
        assert alert.starts_at is not None
        assert alert.expires_at is not None
        assert alert.expires_at > alert.starts_at
        assert alert.labels["cluster"] == "east"


def test_a_past_end_means_resolved_with_the_same_identity() -> None:
    late = datetime(2100, 1, 1, tzinfo=UTC)
    firing = read_file("captured_prometheus_firing", now=datetime(2020, 1, 1, tzinfo=UTC))
    resolved = only(read_file("captured_prometheus_resolved", now=late))
    assert (resolved.status, resolved.expires_at) == ("resolved", None)
    assert resolved.ends_at is not None
    assert resolved.fingerprint in {a.fingerprint for a in firing.alerts if a.name == "Blink"}


@pytest.mark.parametrize(
    ("ends_at", "status"),
    [(NOW, "resolved"), (NOW + timedelta(microseconds=1), "firing")],
)
def test_the_end_counts_from_its_very_moment(ends_at: datetime, status: str) -> None:
    alert = only(read([{"labels": {"a": "b"}, "endsAt": text(ends_at)}]))
    assert alert.status == status
    assert (alert.ends_at, alert.expires_at) == (
        (ends_at, None) if status == "resolved" else (None, ends_at)
    )


def test_amtools_zero_times_are_unset() -> None:
    batch = read_file("captured_amtool_alert_add")
    alert = only(batch)
    assert (alert.starts_at, alert.ends_at, alert.expires_at) == (None, None, None)
    assert (alert.status, alert.name, alert.summary) == ("firing", "ByHand", "added by hand")


def test_replicas_are_one_when_their_label_is_ignored() -> None:
    pair = [{"labels": {"alertname": "A", "replica": name}} for name in "ab"]
    batch = read(pair, ignored=("replica",))
    expected = fingerprints.of_labels({"alertname": "A"})
    assert [a.fingerprint for a in batch.alerts] == [expected, expected]


def test_empty_labels_do_not_count() -> None:
    alert = only(read([{"labels": {"alertname": "A", "empty": ""}}]))
    assert alert.labels == {"alertname": "A"}
    assert alert.fingerprint == fingerprints.of_labels({"alertname": "A"})


def test_what_alertmanager_refuses_is_quarantined_in_its_words() -> None:
    batch = read(
        [
            {"labels": {"alertname": "A"}},
            {"labels": {}},
            {"annotations": {"summary": "no labels"}},
            {
                "labels": {"alertname": "B"},
                "startsAt": text(NOW),
                "endsAt": text(NOW - timedelta(seconds=1)),
            },
        ]
    )
    assert [a.name for a in batch.alerts] == ["A"]
    assert reasons(batch) == [
        ("/1/labels", "at least one label pair required"),
        ("/2/labels", "at least one label pair required"),
        ("/3/endsAt", "start time must be before end time"),
    ]


def test_nothing_good_at_all_is_refused() -> None:
    with pytest.raises(Unparseable) as refused:
        read([{"labels": {}}])
    assert refused.value.pointer == "/0/labels"
    assert "at least one label pair required" in refused.value.reason


def test_an_empty_list_is_no_error() -> None:
    assert read([]).alerts == ()
