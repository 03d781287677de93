"""Escalation policies as people change them, and when groups begin to climb them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from accounts.tenancy import require_same_organization
from alerts.escalations.rules import Rule, begun
from alerts.models import AlertGroup, EscalationPolicy, EscalationStep, Route
from alerts.severity import Severity
from channels_app.models import NotificationChannel
from deliveries import clock

SETTINGS = ("name", "threshold", "repeat_every", "repeat_times")
NAME_MAX = 100
STEPS_MAX = 5
CHANNELS_MAX = 20
AFTER_MAX = 7 * 24 * 60
REPEATS_MAX = 20


@dataclass(frozen=True, slots=True)
class Step:
    """After so many minutes these channels are told."""

    after: int
    channels: Sequence[NotificationChannel]


class EscalationRefused(ValueError):
    """The input can't become this policy: `field` says which one, the text what to do. Of the steps
    `step`, counted from 1, and `part` say which one and which of its values, and the text names it;
    0 and "" for all of them."""

    def __init__(self, field: str, reason: str, step: int = 0, part: str = "") -> None:
        super().__init__(f"Step {step} {reason}" if step else reason)
        self.field = field
        self.reason = reason
        self.step = step
        self.part = part


def create_policy(
    actor: Actor, organization: Organization, name: str, *, steps: Iterable[Step], **values: Any
) -> EscalationPolicy:
    """`values` are those of SETTINGS. Raises EscalationRefused."""
    policy = EscalationPolicy(organization=organization)
    return _saved(actor, policy, {"name": name, **values}, list(steps), "create")


def change_policy(
    actor: Actor,
    policy: EscalationPolicy,
    *,
    steps: Iterable[Step] | None = None,
    **values: Any,
) -> EscalationPolicy:
    """Change what is given; `steps` replace all of them. Groups that are at it go on with the new
    ones at their next step. Raises EscalationRefused."""
    return _saved(actor, policy, values, None if steps is None else list(steps), "change")


def delete_policy(actor: Actor, policy: EscalationPolicy) -> None:
    """Remove it: its routes' groups escalate no further."""
    with transaction.atomic():
        audit.record(actor, policy.organization_id, "delete", policy)
        _climbing(policy.organization_id).filter(route__escalation=policy).update(
            escalate_at=None, escalation=None
        )
        policy.delete()


def rule_of(policy: EscalationPolicy | None) -> Rule | None:
    """What decides when a group begins; None without a policy or without steps."""
    first = policy.steps.order_by("after").first() if policy is not None else None
    if policy is None or first is None:
        return None
    return Rule(timedelta(minutes=first.after), policy.threshold)


def begin_anew(group: AlertGroup) -> None:
    """Its acknowledgement was taken back: in the caller's transaction."""
    route = Route.objects.for_organization(group.organization_id).filter(pk=group.route_id)
    policy = route.select_related("escalation").get().escalation
    rows = AlertGroup.objects.for_organization(group.organization_id).filter(pk=group.pk)
    begins = begun(rule_of(policy), group.severity, clock.now())
    rows.filter(is_open=True).update(escalate_at=begins.at, escalation=None)


def route_changed(route: Route) -> None:
    """What burns there unacknowledged begins with its new policy now, or escalates no further: in
    the caller's transaction."""
    rule = rule_of(route.escalation)
    _climbing(route.organization_id).filter(route=route).update(escalate_at=None, escalation=None)
    if rule is None:
        return
    bad_enough = [one for one in ("", *Severity) if rule.applies(one)]
    AlertGroup.objects.for_organization(route.organization_id).filter(
        route=route, is_open=True, acknowledged_at=None, severity__in=bad_enough
    ).update(escalate_at=clock.now() + rule.first, escalation=None)


def _climbing(organization: Any) -> Any:
    return AlertGroup.objects.for_organization(organization).filter(escalate_at__isnull=False)


def _saved(
    actor: Actor,
    policy: EscalationPolicy,
    values: dict[str, Any],
    steps: list[Step] | None,
    action: str,
) -> EscalationPolicy:
    before = {} if action == "create" else audit.snapshot(policy)
    unknown = set(values) - set(SETTINGS)
    if unknown:
        raise EscalationRefused(min(unknown), f"{min(unknown)} can't be set on a policy.")
    for field, value in values.items():
        setattr(policy, field, value)
    _check(policy)
    if steps is not None:
        _check_steps(policy, steps)
    try:
        with transaction.atomic():
            policy.save()
            changes = audit.changes_between(before, audit.snapshot(policy)) if before else {}
            if steps is not None:
                changes |= _set_steps(policy, steps)
            if changes or not before:
                audit.record(actor, policy.organization_id, action, policy, changes)
    except IntegrityError:
        raise EscalationRefused(
            "name", f"There is an escalation policy called {policy.name!r} already."
        ) from None
    return policy


def _set_steps(policy: EscalationPolicy, steps: Sequence[Step]) -> dict[str, Any]:
    """Replace them; what changed, for the audit."""
    former = policy.steps.prefetch_related("channels")
    before = [_shown(step.after, step.channels.all()) for step in former]
    after = [_shown(step.after, step.channels) for step in steps]
    if before == after:
        return {}
    policy.steps.all().delete()
    for step in steps:
        row = EscalationStep.objects.create(
            organization_id=policy.organization_id, policy=policy, after=step.after
        )
        row.channels.set(step.channels)
    return {"steps": (before, after)}


def _shown(after: int, channels: Iterable[NotificationChannel]) -> str:
    return f"after {after} min: {', '.join(sorted(str(channel) for channel in channels))}"


# --- checks --------------------------------------------------------------------------------------


def _check(policy: EscalationPolicy) -> None:
    if not policy.name.strip() or len(policy.name) > NAME_MAX:
        raise EscalationRefused("name", f"Give it a name of at most {NAME_MAX} characters.")
    if policy.threshold not in ("", *Severity):
        raise EscalationRefused("threshold", f"Use one of {', '.join(Severity)}, or leave it out.")
    if not 0 <= policy.repeat_times <= REPEATS_MAX:
        raise EscalationRefused("repeat_times", f"Repeat the last step 0 to {REPEATS_MAX} times.")
    if not 0 <= policy.repeat_every <= AFTER_MAX:
        raise EscalationRefused("repeat_every", f"Give 0 to {AFTER_MAX} minutes.")
    if policy.repeat_times and not policy.repeat_every:
        raise EscalationRefused("repeat_every", "Say after how many minutes it is repeated.")


def _check_steps(policy: EscalationPolicy, steps: Sequence[Step]) -> None:
    if not 1 <= len(steps) <= STEPS_MAX:
        raise EscalationRefused("steps", f"Give 1 to {STEPS_MAX} steps.")
    before = 0
    for number, step in enumerate(steps, start=1):
        if not before < step.after <= AFTER_MAX:
            raise EscalationRefused(
                "steps",
                f"comes after {step.after} min: give 1 to {AFTER_MAX} minutes, each "
                "step more than the one before it.",
                number,
                "after",
            )
        if not 1 <= len(step.channels) <= CHANNELS_MAX:
            raise EscalationRefused(
                "steps",
                f"needs 1 to {CHANNELS_MAX} channels to tell.",
                number,
                "channels",
            )
        require_same_organization(policy.organization_id, *step.channels)
        before = step.after
