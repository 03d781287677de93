"""What people did about a group, what keeps it quiet and who is told next, as its page and the list
say it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.console_cells import moment
from accounts.models import Organization
from alerts.escalations import rules as escalating
from alerts.escalations.next_step import next_step
from alerts.models import Alert, AlertGroup, InhibitSource, Status
from alerts.muting.decisions import Inhibition, Muting
from alerts.muting.known import muting_in
from deliveries import clock

LOOKED_AT = 200
"""Inhibited alerts of a group whose sources are looked for."""
SOURCES = 5
"""Of a rule that are named."""


def mutings_of(organization: Organization, groups: Sequence[AlertGroup]) -> dict[UUID, Muting]:
    """What mutes those that are open now; by group ID, without those that nothing mutes."""
    still = [group for group in groups if group.is_open]
    for group in still:
        group.organization = organization
    return muting_in(still, clock.now())


def what_is_done(group: AlertGroup, muting: Muting | None) -> list[SafeString]:
    """Who is on it, whose it is, that others were told, and what keeps it quiet."""
    said = []
    if group.acknowledged_at is not None:
        said.append(format_html("acknowledged by {}", group.acknowledged_by))
    if group.assigned_name:
        said.append(format_html("assigned to {}", group.assigned_name))
    if group.is_open and (escalated := escalating.from_json(None, group.escalation)).taken:
        said.append(format_html("escalated after {} min", escalated.after))
    if muting is None:
        return said
    if muting.until is not None:
        which = _which(muting, "silenced")
        said.append(format_html("{}silenced until {}", which, moment(muting.until)))
    if rules := _rules_of(muting):
        by = format_html(" by {}", rules[0].name) if len(rules) == 1 else ""
        said.append(format_html("{}inhibited{}", _which(muting, "inhibited"), by))
    if muting.is_timed and muting.burning:
        said.append(format_html("{}", "quiet hours of its route"))
    return said


def _which(muting: Muting, how: str) -> str:
    """ "2 of 5 ", or "" for all of what burns."""
    number = sum(one.how == how for one in muting.muted)
    return "" if number == len(muting.burning) else f"{number} of {len(muting.burning)} "


def _rules_of(muting: Muting) -> list[Inhibition]:
    """Those that inhibit some of what burns in it."""
    return list({one.rule.id: one.rule for one in muting.muted if one.rule is not None}.values())


def shown_standing(group: AlertGroup, muting: Muting | None) -> dict[str, Any]:
    """For the group's page: the silences that hold for what burns in it, the one that ends first
    before; the rules that inhibit it; whether its route tells nothing now; who is told next."""
    return {
        "silences": muting.silences if muting is not None else (),
        "inhibitors": _inhibitors(group, muting) if muting is not None else (),
        "is_timed": muting is not None and muting.is_timed and bool(muting.burning),
        "is_quiet": muting is not None and muting.is_whole,
        "next_step": next_step(group) if group.is_open else None,
    }


def _inhibitors(group: AlertGroup, muting: Muting) -> Sequence[tuple[Inhibition, list[Alert], int]]:
    """Each rule, the alerts that fire for it, and how many more."""
    rules = _rules_of(muting)
    if not rules:
        return ()
    inhibited = [
        pk for pk, mute in muting.mutes.items() if mute.rule is not None and pk in muting.burning
    ]
    targets = Alert.objects.for_organization(group.organization_id).filter(
        pk__in=inhibited[:LOOKED_AT]
    )
    labels = list(targets.values_list("labels", flat=True))
    keys = {key for rule in rules for one in labels for key in rule.target_keys(one)}
    rows = InhibitSource.objects.for_organization(group.organization_id).filter(
        rule__in=[rule.id for rule in rules], key__in=keys, alert__status=Status.FIRING
    )
    sources: dict[UUID, list[Alert]] = {rule.id: [] for rule in rules}
    for row in rows.select_related("alert").order_by("alert__starts_at", "id"):
        sources[row.rule_id].append(row.alert)
    return [(rule, sources[rule.id][:SOURCES], len(sources[rule.id]) - SOURCES) for rule in rules]
