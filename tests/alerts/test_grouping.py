"""Group keys."""

import json
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from alerts.grouping import GroupKey, group_key
from alerts.routing import RouteRule
from alerts.sources.incoming import IncomingAlert, IncomingBatch, Source
from tests.alerts.sources.reading import only, read, read_file

HERE, THERE = UUID(int=1), UUID(int=2)


def key_of(
    batch: IncomingBatch,
    index: int = 0,
    *,
    group_by: tuple[str, ...] | None = None,
    integration_id: UUID = HERE,
    event_id: str = "1",
    choose_by: str = "",
) -> GroupKey:
    rule = RouteRule(id=UUID(int=7), group_by=group_by, choose_by=choose_by)
    alert = batch.alerts[index]
    key = group_key(rule, batch, alert, integration_id=integration_id, event_id=event_id)
    assert key.hash == sha256(key.text.encode()).hexdigest()
    assert key.title
    json.loads(key.text)
    return key


def alertmanager(*labels: dict[str, str], group: str | None = None, **more: Any) -> IncomingBatch:
    alerts = [{"status": "firing", "labels": item} for item in labels]
    return read({"version": "4", "groupKey": group, "alerts": alerts, **more})


def test_the_senders_group_inside_its_integration() -> None:
    batch = read_file("captured_alertmanager_firing")
    keys = {key_of(batch, index).hash for index in range(3)}
    assert len(keys) == 1
    key = key_of(batch)
    assert key.labels == {"alertname": "DiskFull"}
    assert key.title == "DiskFull"
    assert key_of(batch, integration_id=THERE).hash not in keys
    assert key_of(read_file("captured_alertmanager_resolved")).hash in keys


def test_labels_without_instance_where_the_sender_did_not_group() -> None:
    one = {"alertname": "A", "instance": "a", "job": "j"}
    batch = alertmanager(one, {**one, "instance": "b"}, {**one, "job": "k"})
    assert key_of(batch, 0).hash == key_of(batch, 1).hash
    assert key_of(batch, 0).hash != key_of(batch, 2).hash
    assert key_of(batch).labels == {"alertname": "A", "job": "j"}
    assert key_of(batch).hash != key_of(batch, integration_id=THERE).hash


def test_generic_alerts_without_labels_are_told_apart_by_name() -> None:
    batch = read([{"title": "A", "status": "firing"}, {"title": "B", "status": "firing"}])
    assert key_of(batch, 0).hash != key_of(batch, 1).hash


def test_a_generic_alert_stays_in_its_group_when_its_severity_changes() -> None:
    low, high, over = (
        read({"title": "A", "status": status, **more})
        for status, more in [
            ("firing", {"severity": "low"}),
            ("firing", {"severity": "high"}),
            ("resolved", {}),
        ]
    )
    assert key_of(low).hash == key_of(high).hash == key_of(over).hash


def test_the_routes_labels_whatever_the_sender_and_integration() -> None:
    labels = {"alertname": "A", "team": "core", "instance": "a"}
    grouped = alertmanager(labels, group="g")
    alone = read([{"labels": {**labels, "instance": "b"}}])
    by = ("team", "alertname", "missing")
    assert key_of(grouped, group_by=by).hash == key_of(alone, group_by=by).hash
    assert (
        key_of(grouped, group_by=by).hash
        == key_of(grouped, group_by=by, integration_id=THERE).hash
        == key_of(grouped, group_by=tuple(reversed(by))).hash
    )
    key = key_of(grouped, group_by=by)
    assert key.labels == {"alertname": "A", "missing": "", "team": "core"}
    assert key.title == "A (team=core)"


def test_three_dots_are_all_labels() -> None:
    one = {"alertname": "A", "instance": "a"}
    batch = alertmanager(one, {**one, "instance": "b"}, group="g")
    first, second = (key_of(batch, index, group_by=("...",)) for index in (0, 1))
    assert first.hash != second.hash
    assert first.labels == one


def test_no_labels_put_everything_together() -> None:
    batch = alertmanager({"alertname": "A"}, {"alertname": "B"})
    assert key_of(batch, 0, group_by=()).hash == key_of(batch, 1, group_by=()).hash
    assert key_of(batch, group_by=()).title == "Several alerts"
    assert key_of(alertmanager({"alertname": "A"}), group_by=()).title == "A"


@pytest.mark.parametrize("group_by", [None, (), ("alertname",)])
def test_each_event_is_a_group_of_its_own(group_by: tuple[str, ...] | None) -> None:
    batch = read({"title": "Deployed", "labels": {"app": "x"}})
    first = key_of(batch, group_by=group_by, event_id="1")
    second = key_of(batch, group_by=group_by, event_id="2")
    assert first.hash != second.hash
    assert (first.title, first.labels) == ("Deployed", {"app": "x"})


def test_keys_cannot_be_forged_by_odd_labels() -> None:
    one = key_of(alertmanager({"alertname": "A", "a": 'b", "c": "d'}))
    two = key_of(alertmanager({"alertname": "A", "a": "b", "c": "d"}))
    assert one.hash != two.hash


def test_a_long_title_is_shortened() -> None:
    alert = IncomingAlert("firing", "f", "A", labels={"a": "x" * 4_000})
    batch = IncomingBatch(Source.PROMETHEUS, (alert,))
    assert len(key_of(batch, group_by=("a",)).title) == 256
    assert only(batch) is alert


@pytest.mark.parametrize("group", [None, "{}"])
@pytest.mark.parametrize("group_by", [None, ("alertname",), ("...",)])
@pytest.mark.parametrize("label", ["team", "instance"])
def test_the_label_that_chooses_the_channel_is_one_of_the_groups(
    group: str | None, group_by: tuple[str, ...] | None, label: str
) -> None:
    base = {"alertname": "A"}
    batch = alertmanager({**base, label: "a"}, {**base, label: "b"}, base, group=group)
    keys = [key_of(batch, number, group_by=group_by, choose_by=label) for number in range(3)]
    assert len({key.hash for key in keys}) == 3
    assert [key.labels.get(label, "") for key in keys] == ["a", "b", ""]
    without = [key_of(batch, number, group_by=group_by) for number in range(3)]
    assert keys[2].text == without[2].text, "what has no such label is grouped as ever"
