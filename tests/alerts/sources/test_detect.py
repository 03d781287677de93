"""Telling the sources apart, and what the integration's kind changes."""

import re
from pathlib import Path
from typing import Any

import pytest

from alerts.sources.detect import Kind
from alerts.sources.incoming import Source, Unparseable
from tests.alerts.sources.reading import PAYLOADS, assert_contract, read, reasons
from tests.reference import REFERENCE

OURS = sorted(PAYLOADS.glob("*.json"))
THEIRS = sorted((REFERENCE / "payloads").glob("*.json"))

EXPECTED = [
    (r"(captured_)?alertmanager_|am_webhook_", Source.ALERTMANAGER),
    (r"grafana_legacy_", Source.GRAFANA_LEGACY),
    (r"grafana_", Source.GRAFANA),
    (r"captured_(prometheus|amtool_alert)_|prometheus_post|amtool_alert", Source.PROMETHEUS),
    (r"generic_", Source.GENERIC),
]


def expected_source(path: Path) -> Source | None:
    return next((source for pattern, source in EXPECTED if re.match(pattern, path.stem)), None)


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_our_payloads(path: Path) -> None:
    batch = read(path.read_bytes())
    assert batch.source is expected_source(path)
    assert batch.alerts
    assert_contract(batch)


@pytest.mark.skipif(not THEIRS, reason="the reference payloads are not beside this checkout")
def test_reference_payloads() -> None:
    known = [path for path in THEIRS if expected_source(path)]
    assert len(known) >= 20
    for path in known:
        batch = read(path.read_bytes())
        assert (path.name, batch.source) == (path.name, expected_source(path))
        assert (path.name, batch.problems) == (path.name, ())
        assert batch.alerts
        assert_contract(batch)


ALERT = {"labels": {"alertname": "A"}}


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ({"version": "4", "alerts": [ALERT]}, Source.ALERTMANAGER),
        ({"version": 4, "alerts": [ALERT]}, Source.ALERTMANAGER),
        ({"version": "1", "alerts": [ALERT]}, Source.GRAFANA),
        ({"version": "1", "alerts": None}, Source.GRAFANA),
        ({"alerts": ALERT}, Source.ALERTMANAGER),
        ({"ruleId": 1, "state": "ok", "ruleName": "R"}, Source.GRAFANA_LEGACY),
        ({"evalMatches": [], "title": "T"}, Source.GRAFANA_LEGACY),
        ({"ruleName": "R", "title": "T"}, Source.GENERIC),
        ({"alerts": 5, "title": "T"}, Source.GENERIC),
        ([ALERT], Source.PROMETHEUS),
        (["text", ALERT], Source.PROMETHEUS),
        ([{**ALERT, "title": "T"}], Source.GENERIC),
        ([{**ALERT, "status": "firing"}], Source.GENERIC),
        ([{"title": "T"}], Source.GENERIC),
    ],
)
def test_shapes(body: Any, source: Source) -> None:
    assert read(body).source is source


@pytest.mark.parametrize(
    ("kind", "body", "source", "is_noted"),
    [
        ("alertmanager", {"version": "1", "alerts": [ALERT]}, Source.ALERTMANAGER, False),
        ("grafana", {"version": "4", "alerts": [ALERT]}, Source.GRAFANA, False),
        ("grafana", {"ruleId": 1, "ruleName": "R", "state": "ok"}, Source.GRAFANA_LEGACY, False),
        ("prometheus", [{**ALERT, "status": "firing"}], Source.PROMETHEUS, False),
        ("generic", {"alerts": [], "title": "T"}, Source.GENERIC, False),
        ("generic", [{"labels": {"alertname": "A"}}], Source.GENERIC, False),
        ("alertmanager", {"title": "T"}, Source.GENERIC, True),
        ("prometheus", {"version": "4", "alerts": [ALERT]}, Source.ALERTMANAGER, True),
        ("generic", {"version": "4", "alerts": [ALERT]}, Source.ALERTMANAGER, True),
        ("grafana", [ALERT], Source.PROMETHEUS, True),
    ],
)
def test_the_kind_is_kept_where_it_can_be(
    kind: Kind, body: Any, source: Source, is_noted: bool
) -> None:
    batch = read(body, kind=kind)
    assert batch.source is source
    expected = f"read as {source}: it cannot be the {kind} that this integration expects"
    assert reasons(batch) == ([("", expected)] if is_noted else [])


def test_a_refusal_points_at_the_first_bad_alert() -> None:
    with pytest.raises(Unparseable) as refused:
        read({"version": "4", "alerts": [1, {}]})
    assert refused.value.pointer == "/alerts/0"
    assert refused.value.reason == "No alert could be read: an alert must be an object."


def test_problems_are_capped_and_quarantined_ones_come_first() -> None:
    noisy = [{"title": "T", "labels": 1} for _ in range(150)]
    batch = read([*noisy, 5])
    assert len(batch.problems) == 101
    assert (batch.problems[0].pointer, batch.problems[0].quarantined) == ("/150", True)
    assert batch.problems[-1].reason == "51 more problems are not listed"
