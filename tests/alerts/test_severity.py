"""Reading severities from labels."""

from typing import Any

import pytest

from alerts.severity import DEFAULT, Severity, SeverityMapError, rank, worst

CRITICAL, HIGH, WARNING, INFO = Severity


@pytest.mark.parametrize(
    ("labels", "severity"),
    [
        ({"severity": "critical"}, CRITICAL),
        ({"severity": " CRIT "}, CRITICAL),
        ({"severity": "page"}, CRITICAL),
        ({"severity": "SEV-1"}, CRITICAL),
        ({"severity": "Disaster"}, CRITICAL),
        ({"severity": "Emergency"}, CRITICAL),
        ({"severity": "fatal"}, CRITICAL),
        ({"severity": "error"}, HIGH),
        ({"severity": "High"}, HIGH),
        ({"priority": "P2"}, HIGH),
        ({"severity": "major"}, HIGH),
        ({"level": "warn"}, WARNING),
        ({"severity": "Medium"}, WARNING),
        ({"severity": "minor"}, WARNING),
        ({"severity": "info"}, INFO),
        ({"severity": "notice"}, INFO),
        ({"severity": "p5"}, INFO),
        ({"severity": "none"}, None),
        ({"severity": "1"}, None),
        ({"severity": ""}, None),
        ({}, None),
        ({"other": "critical"}, None),
        ({"severity": "none", "priority": "p1"}, CRITICAL),
        ({"severity": "info", "priority": "p1"}, INFO),
    ],
)
def test_the_default_map(labels: dict[str, str], severity: Severity | None) -> None:
    assert DEFAULT.severity_of(labels) is severity


def test_order() -> None:
    assert sorted([None, *Severity], key=rank) == [None, INFO, WARNING, HIGH, CRITICAL]
    assert worst([INFO, None, HIGH, WARNING]) is HIGH
    assert worst([None]) is None
    assert worst([]) is None


def test_an_organizations_overrides() -> None:
    theirs = DEFAULT.overridden(
        {"labels": ["sev"], "values": {"1": "critical", "Page": "info", "minor": None}}
    )
    assert theirs.severity_of({"sev": "1"}) is CRITICAL
    assert theirs.severity_of({"sev": "PAGE"}) is INFO
    assert theirs.severity_of({"sev": "minor"}) is None
    assert theirs.severity_of({"sev": "major"}) is HIGH
    assert theirs.severity_of({"severity": "critical"}) is None
    assert DEFAULT.severity_of({"severity": "minor"}) is WARNING


@pytest.mark.parametrize("nothing", [None, {}, {"labels": None}])
def test_no_overrides(nothing: Any) -> None:
    assert DEFAULT.overridden(nothing) == DEFAULT


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ([1], ""),
        ({"levels": []}, "levels"),
        ({"labels": []}, "labels"),
        ({"labels": "severity"}, "labels"),
        ({"labels": [""]}, "labels"),
        ({"labels": [3]}, "labels"),
        ({"labels": ["a"] * 11}, "labels"),
        ({"values": ["critical"]}, "values"),
        ({"values": {"-": "critical"}}, "values"),
        ({"values": {"x": "bad"}}, "values.x"),
        ({"values": {"x": ["critical"]}}, "values.x"),
        ({"values": {str(n): "info" for n in range(201)}}, "values"),
    ],
)
def test_bad_overrides_name_the_part(overrides: Any, field: str) -> None:
    with pytest.raises(SeverityMapError) as refused:
        DEFAULT.overridden(overrides)
    assert refused.value.field == field
    assert refused.value.reason


def test_a_bad_word_is_told_the_good_ones() -> None:
    with pytest.raises(SeverityMapError, match="'bad' is not a severity; use critical, high, "):
        DEFAULT.overridden({"values": {"x": "bad"}})
