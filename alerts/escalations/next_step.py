"""Who is told next of a group, unless somebody acknowledges it."""

from dataclasses import dataclass
from datetime import datetime

from alerts.escalations import rules as escalating
from alerts.models import AlertGroup, EscalationPolicy


@dataclass(frozen=True, slots=True)
class NextStep:
    """Of an escalation. `to`: names of channels."""

    policy: EscalationPolicy
    number: int
    at: datetime
    to: str


def next_step(group: AlertGroup) -> NextStep | None:
    """Who is told next, unless somebody acknowledges it; None for nobody."""
    policy = group.route.escalation
    if policy is None or group.escalate_at is None or group.acknowledged_at is not None:
        return None
    steps = list(policy.steps.prefetch_related("channels"))
    ladder = escalating.rungs(
        [step.after for step in steps], policy.repeat_every, policy.repeat_times
    )
    known = escalating.from_json(group.escalate_at, group.escalation)
    if known.taken >= len(ladder):
        return None
    number = ladder[known.taken].step
    names = sorted(str(channel) for channel in steps[number].channels.all())
    return NextStep(policy, number + 1, group.escalate_at, ", ".join(names) or "nobody")
