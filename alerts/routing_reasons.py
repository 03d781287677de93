"""Why an alert takes the routes that it takes, rule by rule. Pure.

Decides as routing.matching_routes does (a test compares them), and says why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from alerts.matchers import Matcher
from alerts.routing import RouteRule

Reason = Literal["taken", "integration", "matcher", "ended", "default", "not_needed"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """About one rule. `is_taken`: the alert goes there.

    `reason`: `taken`: it matches; `integration`: it takes those of other integrations alone;
    `matcher`: `failed` does not hold; `ended`: the rule `ended_by` took the alert and does not
    continue; `default`: no other rule took it; `not_needed`: another one did.
    """

    rule: RouteRule
    is_taken: bool
    reason: Reason
    failed: Matcher | None = None
    ended_by: UUID | None = None


def explain(
    rules: Iterable[RouteRule], labels: Mapping[str, str], integration_id: UUID
) -> list[Verdict]:
    """One verdict for each rule, in the order in which they are tried; the default one last."""
    verdicts: list[Verdict] = []
    defaults: list[RouteRule] = []
    ended_by: UUID | None = None
    for rule in rules:
        if rule.is_default:
            defaults.append(rule)
        elif ended_by is not None:
            verdicts.append(Verdict(rule, is_taken=False, reason="ended", ended_by=ended_by))
        else:
            verdicts.append(_tried(rule, labels, integration_id))
            if verdicts[-1].is_taken and not rule.continue_matching:
                ended_by = rule.id
    is_needed = not any(verdict.is_taken for verdict in verdicts)
    for rule in defaults:
        found = _tried(rule, labels, integration_id)
        if not is_needed:
            found = Verdict(rule, is_taken=False, reason="not_needed")
        elif found.is_taken:
            found = Verdict(rule, is_taken=True, reason="default")
        verdicts.append(found)
        is_needed = False
    return verdicts


def _tried(rule: RouteRule, labels: Mapping[str, str], integration_id: UUID) -> Verdict:
    if rule.integration_ids and integration_id not in rule.integration_ids:
        return Verdict(rule, is_taken=False, reason="integration")
    for matcher in rule.matchers:
        if not matcher.matches(labels):
            return Verdict(rule, is_taken=False, reason="matcher", failed=matcher)
    return Verdict(rule, is_taken=True, reason="taken")
