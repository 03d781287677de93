"""The sweep that takes the steps of escalations that are due.

A step is one transaction. Its UPDATE of the group asks again whether it is open, unacknowledged and
still at that step: an acknowledgement that came a moment earlier ends it, of two sweeps one alone
takes it, and killed before the commit nobody was told and the next sweep takes it.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Case, F, QuerySet, When

from alerts.escalations import rules as escalating
from alerts.escalations.rules import Escalation, Rule, Rung
from alerts.ingest import wake_publish
from alerts.models import AlertGroup, EscalationStep, GroupMessage, TimelineEvent
from alerts.muting.decisions import Muting
from alerts.muting.known import muting_in
from alerts.publish_hold import is_quiet
from alerts.timeline import escalated
from botapi import failpoints
from deliveries import clock, outbox

logger = logging.getLogger(__name__)

SWEPT = 500
LOOK_AGAIN = timedelta(seconds=30)
"""How late it may be noticed that a group is muted no more."""
AFTER_DEFECT = timedelta(minutes=5)
"""When a group that could not be escalated is tried again: else it would come first in each sweep,
and many of them would keep the others out."""


def sweep(now: datetime | None = None) -> int:
    """Take what is due; returns how many steps. What fails stops no other. Raises
    OperationalError."""
    now = now or clock.now()
    # The release before acknowledges without stopping the clock.
    burning = AlertGroup.objects.filter(is_open=True, acknowledged_at=None)
    # What is muted comes by again and again: many of it must not keep a step waiting.
    held_last = Case(When(escalation__held=True, then=1), default=0)
    due = burning.filter(escalate_at__lte=now).order_by(held_last, "escalate_at")
    groups = list(
        due.select_related("organization", "route__escalation").prefetch_related(
            "route__escalation__steps__channels__chat"
        )[:SWEPT]
    )
    mutings = muting_in(groups, now)
    return sum(_guarded(group, mutings.get(group.pk), now) for group in groups)


def _guarded(group: AlertGroup, muting: Muting | None, now: datetime) -> bool:
    try:
        return _look_at(group, muting, now)
    except (OperationalError, InterfaceError):
        raise  # the database itself: the next sweep comes soon
    except Exception:  # one's defect must not keep the others from being told
        logger.exception("Group %s could not be escalated", group.pk)
        _burning(group).update(escalate_at=now + AFTER_DEFECT)
        return False


def _look_at(group: AlertGroup, muting: Muting | None, now: datetime) -> bool:
    """Whether a step was taken."""
    known = escalating.from_json(group.escalate_at, group.escalation)
    policy = group.route.escalation
    steps = list(policy.steps.all()) if policy is not None else []
    ladder: list[Rung] = []
    if policy is not None:
        afters = [step.after for step in steps]
        ladder = escalating.rungs(afters, policy.repeat_every, policy.repeat_times)
    if policy is None or known.taken >= len(ladder) or not _applies(policy.threshold, group):
        _move(group, replace(known, at=None))
        return False
    if is_quiet(muting):
        _move(group, replace(known, at=now + LOOK_AGAIN, held=True))
        return False
    if known.held:  # its own channels hear of it only now
        _move(group, replace(known, at=now + escalating.wait_of(known, ladder), held=False))
        return False
    rung = ladder[known.taken]
    try:
        return _take(group, escalating.taken(known, ladder, now), rung, steps[rung.step], now)
    except IntegrityError:
        return False  # its channel was told of the group meanwhile, or is gone: the next sweep sees


def _applies(threshold: str, group: AlertGroup) -> bool:
    return Rule(timedelta(0), threshold).applies(group.severity)


def _take(
    group: AlertGroup, after: Escalation, rung: Rung, step: EscalationStep, now: datetime
) -> bool:
    with transaction.atomic():
        if not _move(group, after):
            return False
        told = _tell(group, step, now)
        TimelineEvent.objects.create(
            organization_id=group.organization_id,
            group=group,
            at=now,
            kind=TimelineEvent.Kind.ESCALATED,
            data={
                "why": escalated(rung.after, told),
                "step": rung.step + 1,
                "minutes": rung.after,
                "channels": told,
            },
        )
        transaction.on_commit(wake_publish)
        failpoints.hit("escalation.before_commit")
    failpoints.hit("escalation.committed")
    return True


def _move(group: AlertGroup, after: Escalation) -> int:
    """Only while it burns, nobody acknowledged it, and nobody else moved it."""
    return _burning(group).update(escalate_at=after.at, escalation=escalating.to_json(after))


def _burning(group: AlertGroup) -> QuerySet[AlertGroup]:
    return AlertGroup.objects.for_organization(group.organization_id).filter(
        pk=group.pk, is_open=True, acknowledged_at=None, escalate_at=group.escalate_at
    )


def _tell(group: AlertGroup, step: EscalationStep, now: datetime) -> list[str]:
    """Have the step's channels told with a sound, and the others shown it; the names of the
    first."""
    messages = GroupMessage.objects.for_organization(group.organization_id).filter(group=group)
    channels = {channel.pk: channel for channel in step.channels.all()}
    known = set(messages.filter(channel__in=channels).values_list("channel_id", flat=True))
    messages.filter(routed=True).update(due_at=now)
    messages.filter(channel__in=known).update(due_at=now, escalation=F("escalation") + 1)
    new = [channel for pk, channel in channels.items() if pk not in known]
    streams = outbox.open_streams(group.organization_id, [channel.chat for channel in new])
    GroupMessage.objects.bulk_create(
        GroupMessage(
            organization_id=group.organization_id,
            group=group,
            channel=channel,
            stream=stream,
            due_at=now,
            escalation=1,
        )
        for channel, stream in zip(new, streams, strict=True)
    )
    return sorted(str(channel) for channel in channels.values())
