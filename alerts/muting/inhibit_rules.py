"""Inhibit rules as people change them. Whom they inhibit is decided in decisions.py."""

from typing import Any, Final

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from alerts.matchers import MAX_NAME, MatcherError, read_matchers
from alerts.models import InhibitRule
from alerts.muting.changes import muting_changed, sources_gone
from alerts.muting.inhibit_cycles import cycle_of, told
from alerts.muting.known import inhibition
from deliveries import clock

NAME_MAX: Final = 100
EQUAL_MAX: Final = 50
FIELDS: Final = ("name", "enabled", "source_matchers", "target_matchers", "equal")


class InhibitRuleRefused(ValueError):
    """The input can't become this rule: `field` says which one, the text what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def create_inhibit_rule(actor: Actor, organization: Organization, **values: Any) -> InhibitRule:
    """`values` as in `change_inhibit_rule`; both matchers are needed. Raises InhibitRuleRefused."""
    rule = InhibitRule(organization=organization)
    needed = {"source_matchers": None, "target_matchers": None}
    _apply(rule, {**needed, **values})
    with transaction.atomic():
        _check_cycle(rule)
        _is_due(rule)
        rule.save(force_insert=True)
        audit.record(actor, organization, "create", rule)
        muting_changed(organization.pk)
    return rule


def change_inhibit_rule(actor: Actor, rule: InhibitRule, **values: Any) -> InhibitRule:
    """Change what is given of FIELDS; matchers are a text or JSON, `equal` is a list of label
    names. Raises InhibitRuleRefused."""
    before = audit.snapshot(rule)
    _apply(rule, values)
    changes = audit.changes_between(before, audit.snapshot(rule))
    if not changes:
        return rule
    with transaction.atomic():
        _check_cycle(rule)
        _is_due(rule)
        rule.save()
        audit.record(actor, rule.organization_id, "change", rule, changes)
        muting_changed(rule.organization_id)
    return rule


def delete_inhibit_rule(actor: Actor, rule: InhibitRule) -> None:
    """Remove it; what it inhibited is looked at anew."""
    with transaction.atomic():
        audit.record(actor, rule.organization_id, "delete", rule)
        rule.delete()
        sources_gone(rule.organization_id)
        muting_changed(rule.organization_id)


def _check_cycle(rule: InhibitRule) -> None:
    """In the caller's transaction."""
    if not rule.enabled:
        return
    # Locked, so that two rules saved at once can't mute each other.
    Organization.objects.select_for_update(no_key=True).get(pk=rule.organization_id)
    rows = InhibitRule.objects.for_organization(rule.organization_id).filter(enabled=True)
    others = [inhibition(row) for row in rows.exclude(pk=rule.pk)]
    if cycle := cycle_of(inhibition(rule), others):
        raise InhibitRuleRefused(
            "target_matchers",
            f"Rules would mute each other, and nobody would be told: {told(cycle)}.",
        )


def _is_due(rule: InhibitRule) -> None:
    rule.changed_at = rule.due_at = clock.now()


def _apply(rule: InhibitRule, values: dict[str, Any]) -> None:
    for field in ("source_matchers", "target_matchers"):
        if field in values:
            setattr(rule, field, _matchers(field, values[field]))
    if "equal" in values:
        rule.equal = _names(values["equal"])
    if "name" in values:
        rule.name = str(values["name"]).strip()
        if len(rule.name) > NAME_MAX or "\0" in rule.name:
            raise InhibitRuleRefused("name", f"Give a name of at most {NAME_MAX} characters.")
    if "enabled" in values:
        rule.enabled = bool(values["enabled"])


def _matchers(field: str, value: Any) -> list[dict[str, str]]:
    try:
        matchers = read_matchers(value)
    except MatcherError as error:
        raise InhibitRuleRefused(field, str(error)) from None
    if not matchers:
        raise InhibitRuleRefused(field, 'Give at least one, such as severity="critical".')
    return [matcher.to_json() for matcher in matchers]


def _names(value: Any) -> list[str]:
    is_list = isinstance(value, list | tuple) and len(value) <= EQUAL_MAX
    if not is_list or not all(_is_name(name) for name in value):
        raise InhibitRuleRefused(
            "equal", f"Give a list of at most {EQUAL_MAX} label names, such as cluster."
        )
    return list(dict.fromkeys(value))


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= MAX_NAME and "\0" not in name
