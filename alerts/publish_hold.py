"""What is held back: groups of which their channels know nothing, while nothing may be told.

Such a message stays in its row, with the reason (`GroupMessage.muted`) and with when to look again;
what is over before that is never told, and an event is over from the start. A channel that shows a
group keeps being told how it stands, without a sound.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import new_id
from accounts.statements import Writes
from alerts.models import AlertGroup, GroupMessage, InhibitedGroup, Status, TimelineEvent
from alerts.muting.decisions import Muting
from deliveries import clock
from deliveries.models import SentMessage

CHUNK = 100 if settings.EMBEDDED_DATABASE else 1_000
"""Messages in one transaction; SQLite's one writer may hold everybody up for 10 ms."""

AT_LATEST = timedelta(minutes=10)
"""What is inhibited is looked at again by then, whatever became of the mark that its source ended:
the next look is the net below all others."""


def is_quiet(muting: Muting | None) -> bool:
    """Whether nothing of the group may be heard of."""
    return muting is not None and muting.is_whole


def is_held(row: GroupMessage, muting: Muting | None, *, is_told: bool) -> bool:
    """Whether its channel is told nothing. `is_told`: it shows something of the group."""
    if is_told:
        return False
    was_muted = bool(row.muted) and row.group.status == Status.RESOLVED
    return was_muted or is_quiet(muting)


def is_lost(row: GroupMessage) -> bool:
    """Whether its message is gone from Telegram: held, it leaves its storm with it."""
    return row.message is not None and row.message.state == SentMessage.State.FORGOTTEN


def is_repeated(row: GroupMessage, muting: Muting | None, now: datetime) -> bool:
    """Whether what still burns is told again: its interval has passed, or its route's quiet hours
    have, in which nobody was told."""
    is_due = row.repeat_at is not None and row.repeat_at <= now
    is_timed = muting is not None and muting.is_timed
    return is_due or (row.muted == GroupMessage.Muted.TIMED and not is_timed)


def hold(rows: Sequence[GroupMessage], mutings: Mapping[UUID, Muting]) -> None:
    """In the caller's transaction, which holds the rows."""
    if not rows:
        return
    writes = Writes()
    writes.update(GroupMessage, [_held(row, mutings.get(row.group_id)) for row in rows])
    note_mutes([(row.group, mutings.get(row.group_id)) for row in rows], writes)
    writes.execute()


def _held(row: GroupMessage, muting: Muting | None) -> dict[str, object]:
    waits = muting if row.group.is_open else None  # nothing of what is over waits to be told
    lost = is_lost(row)
    return {
        "id": row.pk,
        "claimed_until": None,
        "parked_at": None,
        "sound_due_at": _look_at(waits) if waits else None,
        "repeat_at": None,
        "message_id": None if lost else row.message_id,
        "storm_id": None if lost else row.storm_id,  # whose digest would seem to tell of it
        "muted": waits.reason if waits else "",
    }


def _look_at(muting: Muting) -> datetime | None:
    if muting.reason != GroupMessage.Muted.INHIBITED:
        return muting.until
    net = clock.now() + AT_LATEST
    return min(muting.until or net, net)


def muted_as(reason: GroupMessage.Muted) -> QuerySet[GroupMessage]:
    """What is muted so. SQLite takes the index of what is muted only where it reads its condition;
    without it, it reads the whole table."""
    return GroupMessage.objects.exclude(muted="").filter(muted=reason)


def release(rows: QuerySet[GroupMessage]) -> int:
    """Have those looked at anew that are not due and wait for nothing else, some at a time; returns
    how many.

    Not what is over: nobody is told of it any more, and published just now it has lost the mark
    that would say so. Which ones is asked once: those that are published meanwhile are read anew in
    any case, and in a flood there would always be some more.
    """
    free = rows.filter(due_at=None, parked_at=None, group__is_open=True).order_by()
    # Not in order: SQLite would go through all for it.
    ids = sorted(free.values_list("pk", flat=True))
    return sum(
        free.filter(pk__in=ids[start : start + CHUNK]).update(due_at=clock.now())
        for start in range(0, len(ids), CHUNK)
    )


def note_mutes(found: Sequence[tuple[AlertGroup, Muting | None]], writes: Writes) -> None:
    """By what groups are inhibited, and a line in a group's timeline for each silence that begins
    to hold for it."""
    held = {
        (group.pk, mute.key): group
        for group, muting in found
        if muting is not None
        for mute in muting.muted
        if mute.key
    }
    writes.insert(
        InhibitedGroup,
        [
            {
                "id": new_id(),
                "organization_id": group.organization_id,
                "group_id": group.pk,
                "key": key,
            }
            for (_, key), group in sorted(held.items(), key=lambda one: one[0])
        ],
        on_conflict="(group_id, key) DO NOTHING",
    )
    _note_silences(found, writes)


def _note_silences(found: Sequence[tuple[AlertGroup, Muting | None]], writes: Writes) -> None:
    holding = {
        (group.pk, silence.id): (group, silence)
        for group, muting in found
        if muting is not None
        for silence in muting.silences
    }
    if not holding:
        return
    kind = TimelineEvent.Kind.SILENCED
    rows = TimelineEvent.objects.filter(group__in={pk for pk, _ in holding}, kind=kind)
    known = {(pk, data.get("silence")) for pk, data in rows.values_list("group_id", "data")}
    now = clock.now()
    writes.insert(
        TimelineEvent,
        [
            {
                "id": new_id(),
                "organization_id": group.organization_id,
                "group_id": group.pk,
                "alert_id": None,
                "at": now,
                "kind": kind,
                "actor_id": silence.by,
                "actor_name": silence.author,
                "way": silence.way,
                "data": {
                    "silence": str(silence.id),
                    "until": silence.ends_at.isoformat(),
                    "why": silence.comment,
                },
            }
            for group, silence in holding.values()
            if (group.pk, str(silence.id)) not in known
        ],
    )
