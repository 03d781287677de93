"""Rules that would mute each other are refused; rules that only might are not."""

from uuid import UUID

import pytest

from accounts.audit import COMMAND_LINE
from alerts.matchers import parse_matchers
from alerts.muting.decisions import Inhibition
from alerts.muting.inhibit_cycles import cycle_of, told
from alerts.muting.inhibit_rules import InhibitRuleRefused, change_inhibit_rule, create_inhibit_rule
from tests.factories import make_organization


def rule(number: int, source: str, target: str) -> Inhibition:
    return Inhibition(UUID(int=number), "", parse_matchers(source), parse_matchers(target))


CRITICAL, WARNING, INFO = 'severity="critical"', 'severity="warning"', 'severity="info"'


@pytest.mark.parametrize(
    ("others", "source", "target", "cycle"),
    [
        ([], CRITICAL, WARNING, []),
        ([], CRITICAL, CRITICAL, []),
        ([(WARNING, INFO)], CRITICAL, WARNING, []),
        ([(WARNING, CRITICAL)], CRITICAL, WARNING, [9, 1]),
        ([(WARNING, f"{CRITICAL}, team=a")], CRITICAL, WARNING, [9, 1]),
        ([(f"{WARNING}, team=a", CRITICAL)], CRITICAL, WARNING, []),
        ([(WARNING, INFO), (INFO, CRITICAL)], CRITICAL, WARNING, [9, 1, 2]),
        ([(WARNING, INFO), (INFO, WARNING)], CRITICAL, WARNING, []),
        ([('severity=~"warning|info"', CRITICAL)], CRITICAL, WARNING, []),
    ],
)
def test_cycles(others: list[tuple[str, str]], source: str, target: str, cycle: list[int]) -> None:
    known = [rule(number, *one) for number, one in enumerate(others, start=1)]
    found = cycle_of(rule(9, source, target), known)
    assert [one.id.int for one in found] == cycle


def test_how_it_is_told() -> None:
    assert told([rule(1, CRITICAL, WARNING), rule(2, WARNING, CRITICAL)]) == (
        'severity="critical" mutes severity="warning"; severity="warning" mutes severity="critical"'
    )


@pytest.mark.django_db
def test_refused_when_it_is_made_changed_or_switched_on() -> None:
    organization = make_organization()

    def create(source: str, target: str, **values: object) -> object:
        sides = {"source_matchers": source, "target_matchers": target}
        return create_inhibit_rule(COMMAND_LINE, organization, **sides, **values)

    create(CRITICAL, WARNING)
    with pytest.raises(InhibitRuleRefused, match="mute each other") as refused:
        create(WARNING, CRITICAL)
    assert refused.value.field == "target_matchers"
    other = create_inhibit_rule(
        COMMAND_LINE, organization, source_matchers=WARNING, target_matchers=INFO
    )
    with pytest.raises(InhibitRuleRefused):
        change_inhibit_rule(COMMAND_LINE, other, target_matchers=CRITICAL)
    other.refresh_from_db()
    off = create_inhibit_rule(
        COMMAND_LINE,
        organization,
        source_matchers=INFO,
        target_matchers=CRITICAL,
        enabled=False,
    )
    with pytest.raises(InhibitRuleRefused):
        change_inhibit_rule(COMMAND_LINE, off, enabled=True)
    create_inhibit_rule(
        COMMAND_LINE, make_organization(), source_matchers=WARNING, target_matchers=CRITICAL
    )
