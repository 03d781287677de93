"""Choosing routes."""

from uuid import UUID

import pytest

from alerts.matchers import parse_matchers
from alerts.routing import Destinations, RouteRule, matching_routes

HERE, THERE = UUID(int=1), UUID(int=2)


def rule(
    number: int,
    matchers: str = "",
    *,
    only: frozenset[UUID] = frozenset(),
    goes_on: bool = False,
    is_default: bool = False,
) -> RouteRule:
    return RouteRule(
        id=UUID(int=number),
        matchers=parse_matchers(matchers),
        integration_ids=only,
        continue_matching=goes_on,
        is_default=is_default,
    )


DEFAULT = rule(9, is_default=True)
CORE = rule(1, 'team="core"')
CRITICAL = rule(2, 'severity="critical"')
CORE_ON = rule(3, 'team="core"', goes_on=True)
THERE_ONLY = rule(4, only=frozenset([THERE]))


@pytest.mark.parametrize(
    ("rules", "labels", "expected"),
    [
        ([], {}, []),
        ([DEFAULT], {}, [DEFAULT]),
        ([CORE, DEFAULT], {"team": "core"}, [CORE]),
        ([DEFAULT, CORE], {"team": "core"}, [CORE]),
        ([CORE, DEFAULT], {"team": "web"}, [DEFAULT]),
        ([CORE], {"team": "web"}, []),
        ([CORE, CRITICAL], {"team": "core", "severity": "critical"}, [CORE]),
        ([CORE_ON, CRITICAL], {"team": "core", "severity": "critical"}, [CORE_ON, CRITICAL]),
        ([CORE_ON, CRITICAL, DEFAULT], {"team": "core"}, [CORE_ON]),
        ([CORE_ON, CORE, CRITICAL], {"team": "core", "severity": "critical"}, [CORE_ON, CORE]),
        ([THERE_ONLY, CORE], {"team": "core"}, [CORE]),
    ],
)
def test_matching_routes(
    rules: list[RouteRule], labels: dict[str, str], expected: list[RouteRule]
) -> None:
    assert matching_routes(rules, labels, HERE) == expected


def test_rules_of_an_integration() -> None:
    assert matching_routes([THERE_ONLY, DEFAULT], {}, THERE) == [THERE_ONLY]
    assert matching_routes([THERE_ONLY, DEFAULT], {}, HERE) == [DEFAULT]


@pytest.mark.parametrize(
    ("choose_by", "labels", "expected"),
    [
        ("", {"team": "core"}, ("own", "too")),
        ("", {"": "core"}, ("own", "too")),
        ("team", {"team": "core"}, ("Core",)),
        ("team", {"team": "Core"}, ("own", "too")),
        ("team", {"team": ""}, ("own", "too")),
        ("team", {"other": "core"}, ("own", "too")),
    ],
)
def test_destinations(choose_by: str, labels: dict[str, str], expected: tuple[str, ...]) -> None:
    to = Destinations(("own", "too"), choose_by, {"core": "Core"})
    assert to.of(labels) == expected
