"""Since when senders could reach us, as far as sweeps can tell: they stop when we do.

An alert that ends by itself is one whose sender fell silent. After a time in which nothing ran here
its silence says nothing: were it believed, chats would hear a false "resolved", and a minute later
that all of it fires again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, F, When

from alerts.models import SweepMark
from deliveries.lanes import Clock

GAP = timedelta(seconds=60)
"""Sweeps come every 5 seconds. Later than this, nobody was there; or the clock jumped.

No less: a run of a purge may hold a thread for 50 seconds (accounts/chunks.py), and where all that
sweep are busy so, the mark is late though every sender was heard. Such a gap would excuse a backup
that failed, for a day. What is lost in a shorter outage is sent again by those who try for so long,
as our snippets do (alerts/heartbeats/snippets.py).
"""
GRACE = timedelta(minutes=5)
"""How long senders have after a gap. Prometheus repeats what fires every minute; one that starts
together with us reads its rules and evaluates them first."""


@dataclass(frozen=True, slots=True)
class Uptime:
    """By the database's clock: when this was asked, and since when there has been no gap."""

    now: datetime
    since: datetime

    @property
    def hears_senders(self) -> bool:
        """Whether a sender's silence is its own."""
        return self.now - self.since >= GRACE


def note_sweep() -> Uptime:
    """Note that somebody sweeps now. One UPDATE, so that of two at once one alone finds the gap;
    killed before it, the next one finds it."""
    now = Clock().time()
    marks = SweepMark.objects.filter(pk=1)
    gap = [When(swept_at__lt=now - GAP, then=now), When(swept_at__gt=now + GAP, then=now)]
    if not marks.update(up_since=Case(*gap, default=F("up_since")), swept_at=now):
        SweepMark.objects.get_or_create(pk=1, defaults={"swept_at": now, "up_since": now})
    return Uptime(now, marks.get().up_since)
