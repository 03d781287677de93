"""Which routes an alert takes. Pure: rules come ordered from a cached route table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from alerts.matchers import Matcher, matches_all


@dataclass(frozen=True, slots=True)
class RouteRule:
    """A route as far as choosing and grouping go.

    `integration_ids`: alerts of these integrations only; empty means of all.
    `continue_matching`: routes below are tried too after this one took an alert.
    `is_default`: takes what no other route took; its place in the order does not matter.
    `group_by`: label names, `("...",)` for all labels; None groups as the sender did.
    """

    id: UUID
    matchers: tuple[Matcher, ...] = ()
    integration_ids: frozenset[UUID] = field(default_factory=frozenset)
    continue_matching: bool = False
    is_default: bool = False
    group_by: tuple[str, ...] | None = None

    def takes(self, labels: Mapping[str, str], integration_id: UUID) -> bool:
        """Whether this rule by itself would take such an alert."""
        if self.integration_ids and integration_id not in self.integration_ids:
            return False
        return matches_all(self.matchers, labels)


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
