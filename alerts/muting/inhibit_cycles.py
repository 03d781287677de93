"""Inhibit rules that would mute each other's sources: nobody is told of anything then. Pure.

Alertmanager takes such rules. Here one is refused, but only where it is certain: where whatever is
one rule's target is always the next one's source, all the way round. Rules that may meet in some
alert, as regular expressions often could, are left alone.
"""

from collections.abc import Iterable

from alerts.matchers import format_matchers
from alerts.muting.decisions import Inhibition


def cycle_of(rule: Inhibition, others: Iterable[Inhibition]) -> list[Inhibition]:
    """The shortest way from the rule back to itself by two rules or more, the rule first; empty
    without one."""
    rest = [one for one in others if one.id != rule.id]
    ways = [[rule]]
    seen = {rule.id}
    while ways:
        way = ways.pop(0)
        if len(way) > 1 and _feeds(way[-1], rule):
            return way
        for one in rest:
            if one.id not in seen and _feeds(way[-1], one):
                seen.add(one.id)
                ways.append([*way, one])
    return []


def told(cycle: Iterable[Inhibition]) -> str:
    """`severity="critical" mutes severity="warning"`, …: each rule of it."""
    return "; ".join(
        f"{format_matchers(one.sources)[1:-1]} mutes {format_matchers(one.targets)[1:-1]}"
        for one in cycle
    )


def _feeds(rule: Inhibition, after: Inhibition) -> bool:
    """Whether every target of the rule is a source of the one after it."""
    return set(after.sources) <= set(rule.targets)
