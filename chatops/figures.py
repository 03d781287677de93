"""How updates come in and are handled; nothing here names a tenant."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min, Q, QuerySet

from channels_app.models import Bot
from chatops.models import InboundUpdate, Reception
from chatops.receiving import inbox

COUNTED_MAX = 50_000
POLL_SILENT = timedelta(minutes=3)
"""A poll ends after 50 seconds at the latest, and is written down then."""
AGREE_WITHIN = timedelta(minutes=2)

State = InboundUpdate.State
Updates = Bot.Updates


@dataclass(frozen=True, slots=True)
class UpdateFigures:
    """`receiving` and `not_receiving`: enabled bots whose updates shall come, by whether they do.
    `waiting`, `dead`: updates, up to COUNTED_MAX. `late_by`: how long the oldest has waited."""

    receiving: int = 0
    not_receiving: int = 0
    waiting: int = 0
    dead: int = 0
    late_by: timedelta = timedelta(0)


def read(now: datetime) -> UpdateFigures:
    """The figures of `now`, by the database's clock."""
    wanted = Bot.objects.filter(enabled=True, proven_at__isnull=False).exclude(updates=Updates.NONE)
    wanted_count = wanted.filter(proven_at__lt=now - AGREE_WITHIN).count()
    receiving = _receiving(now).count() if wanted_count else 0
    waiting = InboundUpdate.objects.filter(state=State.WAITING)
    due = waiting.filter(not_before__lte=now).exclude(inbox.is_patient(now))
    oldest = due.aggregate(at=Min("received_at"))["at"]
    return UpdateFigures(
        receiving=receiving,
        not_receiving=max(0, wanted_count - receiving),
        waiting=waiting[:COUNTED_MAX].count(),
        dead=InboundUpdate.objects.filter(state=State.DEAD)[:COUNTED_MAX].count(),
        late_by=max(timedelta(0), now - oldest) if oldest else timedelta(0),
    )


def _receiving(now: datetime) -> QuerySet[Reception]:
    """Of those, the ones that were agreed on, and polled lately where they are to be polled."""
    polled = Q(bot__updates=Updates.POLLING, polled_at__gt=now - POLL_SILENT)
    return Reception.objects.filter(
        polled | Q(bot__updates=Updates.WEBHOOK),
        is_settled=True,
        bot__enabled=True,
        bot__proven_at__lt=now - AGREE_WITHIN,
    )
