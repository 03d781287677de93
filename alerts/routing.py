"""Which routes an alert takes. Pure: rules come ordered from a cached route table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from alerts.matchers import Matcher, matches_all

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RouteRule:
    """A route as far as choosing and grouping go.

    `integration_ids`: alerts of these integrations only; empty means of all.
    `continue_matching`: routes below are tried too after this one took an alert.
    `is_default`: takes what no other route took; its place in the order does not matter.
    `group_by`: label names, `("...",)` for all labels; None groups as the sender did.
    `choose_by`: the label whose value chooses the channel, which alerts of a group therefore share;
    "" for none.
    """

    id: UUID
    matchers: tuple[Matcher, ...] = ()
    integration_ids: frozenset[UUID] = field(default_factory=frozenset)
    continue_matching: bool = False
    is_default: bool = False
    group_by: tuple[str, ...] | None = None
    choose_by: str = ""

    def takes(self, labels: Mapping[str, str], integration_id: UUID) -> bool:
        """Whether this rule by itself would take such an alert."""
        if self.integration_ids and integration_id not in self.integration_ids:
            return False
        return matches_all(self.matchers, labels)


@dataclass(frozen=True, slots=True)
class Destinations(Generic[T]):
    """A route's channels, whatever stands for one: its `own`, unless the value of the label
    `choose_by` is among the `chosen`."""

    own: tuple[T, ...] = ()
    choose_by: str = ""
    chosen: Mapping[str, T] = field(default_factory=dict)

    def of(self, labels: Mapping[str, str]) -> tuple[T, ...]:
        """Those of an alert with these labels, or of the group that it is in: a label by which the
        route chooses is a label of its groups. A missing one chooses nothing."""
        chosen = self.chosen.get(labels.get(self.choose_by, "")) if self.choose_by else None
        return self.own if chosen is None else (chosen,)


def matching_routes(
    rules: Iterable[RouteRule], labels: Mapping[str, str], integration_id: UUID
) -> list[RouteRule]:
    """The routes an alert takes, in order: the first that matches, and those after it as long as
    each says `continue_matching`. The default route is taken when there is no other."""
    taken: list[RouteRule] = []
    default: RouteRule | None = None
    is_open = True
    for rule in rules:
        if rule.is_default:
            default = default or rule
        elif is_open and rule.takes(labels, integration_id):
            taken.append(rule)
            is_open = rule.continue_matching
    if not taken and default is not None and default.takes(labels, integration_id):
        return [default]
    return taken
