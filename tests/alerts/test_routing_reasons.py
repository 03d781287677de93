"""Why routes take an alert or do not: the same decision as routing's, with a reason."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.matchers import Matcher, MatchOp, parse_matchers
from alerts.routing import RouteRule, matching_routes
from alerts.routing_reasons import Reason, explain

HERE, THERE = UUID(int=1), UUID(int=2)
NAMES, VALUES = ("a", "b"), ("", "x", "y", "xy")


def rule(number: int, matchers: str = "", **values: object) -> RouteRule:
    return RouteRule(id=UUID(int=number), matchers=parse_matchers(matchers), **values)  # type: ignore[arg-type]  # fields of RouteRule


A = rule(1, 'team="core"')
B = rule(2, 'severity=~"crit.*",team!="web"', continue_matching=True)
C = rule(3)
ELSEWHERE = rule(4, integration_ids=frozenset([THERE]))
DEFAULT = rule(9, is_default=True)


@pytest.mark.parametrize(
    ("rules", "labels", "reasons"),
    [
        ([], {}, []),
        ([A, DEFAULT], {"team": "core"}, ["taken", "not_needed"]),
        ([A, DEFAULT], {"team": "web"}, ["matcher", "default"]),
        ([A, DEFAULT], {}, ["matcher", "default"]),
        ([DEFAULT, A], {"team": "core"}, ["taken", "not_needed"]),
        ([A, B, DEFAULT], {"team": "core", "severity": "crit"}, ["taken", "ended", "not_needed"]),
        (
            [B, A, DEFAULT],
            {"team": "core", "severity": "critical"},
            ["taken", "taken", "not_needed"],
        ),
        ([B, C, A], {"severity": "critical"}, ["taken", "taken", "ended"]),
        ([ELSEWHERE, DEFAULT], {}, ["integration", "default"]),
    ],
)
def test_reasons(rules: list[RouteRule], labels: dict[str, str], reasons: list[Reason]) -> None:
    assert [one.reason for one in explain(rules, labels, HERE)] == reasons


def test_what_failed_and_who_ended_the_search_are_named() -> None:
    failed, ended = explain([B, A], {"severity": "critical", "team": "web"}, HERE)
    assert str(failed.failed) == 'team!="web"'
    assert str(ended.failed) == 'team="core"'
    _, ended = explain([A, C], {"team": "core"}, HERE)
    assert ended.ended_by == A.id


a_matcher = st.builds(
    Matcher,
    st.sampled_from(NAMES),
    st.sampled_from(MatchOp),
    st.sampled_from((*VALUES, "x|y", ".+")),
)
a_rule = st.builds(
    RouteRule,
    id=st.uuids(),
    matchers=st.lists(a_matcher, max_size=2).map(tuple),
    integration_ids=st.sampled_from([frozenset(), frozenset([HERE]), frozenset([THERE])]),
    continue_matching=st.booleans(),
    is_default=st.booleans(),
)


@given(
    st.lists(a_rule, max_size=6, unique_by=lambda one: one.id),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES)),
)
def test_it_decides_as_routing_does(rules: list[RouteRule], labels: dict[str, str]) -> None:
    verdicts = explain(rules, labels, HERE)
    assert [one.rule for one in verdicts if one.is_taken] == matching_routes(rules, labels, HERE)
    assert sorted(one.rule.id for one in verdicts) == sorted(one.id for one in rules)
    for one in verdicts:
        assert one.is_taken == (one.reason in ("taken", "default"))
        assert (one.failed is not None) == (one.reason == "matcher")
        assert (one.ended_by is not None) == (one.reason == "ended")
