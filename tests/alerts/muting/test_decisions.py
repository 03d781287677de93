"""Which alerts are muted, and how a group stands then: pure."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.matchers import parse_matchers
from alerts.muting.decisions import (
    Inhibition,
    Mute,
    Muting,
    SilenceRule,
    inhibited_by,
    mute_of,
    silenced_by,
)

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B = UUID(int=1), UUID(int=2)


def rule(source: str, target: str, *equal: str, pk: UUID = A) -> Inhibition:
    return Inhibition(pk, "rule", parse_matchers(source), parse_matchers(target), equal)


def silence(matchers: str, begin: int = 0, end: int = 1, pk: UUID = A) -> SilenceRule:
    """From and until so many hours from now."""
    return SilenceRule(pk, parse_matchers(matchers), NOW + begin * HOUR, NOW + end * HOUR)


def is_inhibited(one: Inhibition, target: dict[str, str], *firing: dict[str, str]) -> bool:
    sources = {(one.id, key) for labels in firing if (key := one.source_key(labels)) is not None}
    return inhibited_by([one], target, sources) is not None


SEVERE = rule('severity="critical"', 'severity="warning"', "cluster")


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ({"severity": "critical", "cluster": "a"}, {"severity": "warning", "cluster": "a"}, True),
        ({"severity": "critical", "cluster": "a"}, {"severity": "warning", "cluster": "b"}, False),
        ({"severity": "critical"}, {"severity": "warning"}, True),
        ({"severity": "critical", "cluster": ""}, {"severity": "warning"}, True),
        ({"severity": "critical"}, {"severity": "warning", "cluster": "a"}, False),
        ({"severity": "info"}, {"severity": "warning"}, False),
        ({"severity": "critical"}, {"severity": "info"}, False),
    ],
)
def test_a_source_inhibits_targets_with_equal_labels(
    source: dict[str, str], target: dict[str, str], expected: bool
) -> None:
    assert is_inhibited(SEVERE, target, source) is expected


def test_what_is_on_both_sides_is_not_inhibited_by_what_is_too() -> None:
    one = rule('team="db"', 'severity=~".+"', "cluster")
    both, other = {"team": "db", "severity": "info"}, {"severity": "info"}
    source_alone = {"team": "db"}
    assert not is_inhibited(one, both, both), "itself least of all"
    assert not is_inhibited(one, both, {**both, "x": "y"})
    assert is_inhibited(one, other, both)
    assert is_inhibited(one, both, source_alone)


_LABELS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["", "1", "2", "1:"]))
_MATCHERS = st.sampled_from(['a="1"', 'a!="1"', 'b=~"1|2"', 'c="",a="1"', 'b!~".+"'])


@given(_MATCHERS, _MATCHERS, st.lists(st.sampled_from(["a", "b", "c"])), _LABELS, st.lists(_LABELS))
def test_keys_decide_as_comparing_all_labels_does(
    source: str,
    target: str,
    equal: list[str],
    labels: dict[str, str],
    firing: list[dict[str, str]],
) -> None:
    one = rule(source, target, *equal)

    def has(side: str, of: dict[str, str]) -> bool:
        return all(matcher.matches(of) for matcher in parse_matchers(side))

    expected = has(target, labels) and any(
        has(source, other)
        and all(other.get(name, "") == labels.get(name, "") for name in equal)
        and not (has(source, labels) and has(target, other))
        for other in firing
    )
    assert is_inhibited(one, labels, *firing) is expected


def test_another_rule_has_other_keys() -> None:
    """What was stored for a rule before it changed does not count for it afterwards."""
    labels = {"severity": "critical", "cluster": "a"}
    changed = rule('severity="critical"', 'severity="warning"', "cluster", "zone")
    assert SEVERE.source_key(labels) != changed.source_key(labels)
    assert len(SEVERE.source_key(labels) or "") <= 32


@pytest.mark.parametrize(
    ("begin", "end", "holds"), [(-1, 1, True), (0, 1, True), (1, 2, False), (-1, 0, False)]
)
def test_a_silence_holds_from_its_start_and_not_at_its_end(
    begin: int, end: int, holds: bool
) -> None:
    found = silenced_by([silence('a="1"', begin, end)], {"a": "1"}, NOW)
    assert bool(found) is holds


def test_the_silence_that_ends_last_is_named_and_goes_before_rules() -> None:
    short, long = silence('a="1"', -1, 1), silence('b=""', -1, 2, B)
    one = rule('c="1"', 'a="1"')
    key = one.source_key({"c": "1"}) or ""
    sources = {(one.id, key)}
    assert mute_of([long, short], [one], {"a": "1"}, sources, NOW) == Mute("silenced", silence=long)
    held = Mute("inhibited", rule=one, key=key)
    assert mute_of([], [one], {"a": "1"}, sources, NOW) == held
    assert mute_of([], [one], {"a": "2"}, sources, NOW) is None


SILENCED = Mute("silenced", silence=silence('a="1"'))
INHIBITED = Mute("inhibited", rule=SEVERE)


@pytest.mark.parametrize(
    ("muting", "is_whole", "reason"),
    [
        (Muting({"1": SILENCED}, frozenset("1"), 1), True, "silenced"),
        (Muting({"1": SILENCED}, frozenset("12"), 2), False, "silenced"),
        (Muting({"1": SILENCED, "2": INHIBITED}, frozenset("12"), 2), True, "inhibited"),
        (Muting({"1": SILENCED}, frozenset("2"), 2), False, ""),
        (Muting({"1": SILENCED}, frozenset(), 1), True, ""),
        (Muting({"1": SILENCED}, frozenset(), 2), False, ""),
        (Muting({}, frozenset("1"), 1, is_timed=True), True, "timed"),
        (Muting({}, frozenset(), 1, is_timed=True), True, ""),
        (Muting({}, frozenset(), 0), False, ""),
    ],
)
def test_how_a_group_stands(muting: Muting, is_whole: bool, reason: str) -> None:
    assert (muting.is_whole, muting.reason) == (is_whole, reason)


def test_a_group_is_looked_at_when_the_first_of_its_alerts_may_be_told() -> None:
    later = Mute("silenced", silence=silence('a="1"', 0, 3, B))
    muting = Muting({"1": later, "2": SILENCED, "3": INHIBITED}, frozenset("123"), 3)
    assert muting.until == NOW + HOUR
    assert [one.id for one in muting.silences] == [A, B]
