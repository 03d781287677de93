"""That something changed of what mutes an organization's alerts."""

from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.models import Organization
from alerts.models import InhibitRule
from deliveries import clock, wakeup

TASK = "alerts.mute"


def muting_changed(organization_id: UUID) -> None:
    """In the transaction of the change: what is remembered of it holds no more
    (alerts/muting/known.py), and what it concerns is looked at soon (alerts/muting/effects.py)."""
    Organization.objects.filter(pk=organization_id).update(muting_version=F("muting_version") + 1)
    transaction.on_commit(wake_effects)


def sources_gone(organization_id: UUID) -> None:
    """In the transaction that takes sources away with their rows: nothing is left to mark, so each
    rule stands for them and lets go what it kept quiet (alerts/muting/inhibit_effects.py)."""
    rules = InhibitRule.objects.for_organization(organization_id).filter(enabled=True)
    if rules.update(due_at=clock.now()):
        transaction.on_commit(wake_effects)


def wake_effects() -> None:
    """Have what begins or ceases to be muted looked at soon; the beat does in any case."""
    wakeup.wake(TASK)
