"""Reading severities from labels."""

from typing import Any

import pytest

from alerts.severity import DEFAULT, Severity, SeverityMapError, rank, worst

CRITICAL, HIGH, WARNING, INFO = Severity


# What senders write: Prometheus' mixins (none, page, ticket), syslog, Zabbix, PagerDuty, Opsgenie,
# Nagios, and the numbered scales.
WORDS = {
    CRITICAL: "critical crit CRIT fatal Emergency emerg Disaster panic page blocker urgent alert"
    " highest P0 P1 p1 sev0 SEV-1 sev_1 s1",
    HIGH: "high High error err major severe P2 sev2 s2",
    WARNING: "warning warn minor Medium moderate Average ticket P3 sev3 s3",
    INFO: "info information informational informative notice low lowest debug trace verbose trivial"
    " none None ok OK P4 p5 sev4 sev5 s4",
    None: "1 5 unknown undefined red Watchdog",
}


@pytest.mark.parametrize(
    ("word", "severity"), [(w, severity) for severity, text in WORDS.items() for w in text.split()]
)
def test_words_of_senders(word: str, severity: Severity | None) -> None:
    assert DEFAULT.severity_of({"severity": word}) is severity


@pytest.mark.parametrize(
    ("labels", "severity"),
    [
        ({"severity": " CRIT "}, CRITICAL),
        ({"severity": "Not classified"}, None),
        ({"priority": "P2"}, HIGH),
        ({"level": "warn"}, WARNING),
        ({"severity": ""}, None),
        ({}, None),
        ({"other": "critical"}, None),
        ({"severity": "red", "priority": "p1"}, CRITICAL),
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
