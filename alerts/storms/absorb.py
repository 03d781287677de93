"""GroupMessages that a digest tells of: written in the transaction that ends their claims.

Whoever opens, feeds or leaves a storm holds its row, so that what it counts is right, and that it
does not end meanwhile. Rows of GroupMessage are locked before storms, and storms in order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.statements import Writes
from alerts.models import GroupMessage, Storm
from alerts.publish_hold import is_quiet, note_mutes
from alerts.publish_read import is_moved
from alerts.rendering.kinds import NOTHING
from alerts.rendering.kinds import Shown as MessageShown
from alerts.shown import from_json, knows_of_churn, rings_told, to_json
from alerts.storms.decisions import pause_of
from alerts.storms.divide import Apart
from alerts.storms.news import remembered
from alerts.storms.state import (
    Fresh,
    shown_from_json,
    unheard_from_json,
    unheard_to_json,
)
from deliveries import backlog, outbox
from deliveries.backlog import TakenBack
from deliveries.models import SentMessage

MERGED = "merged into a digest"


class Meanwhile(Exception):
    """A storm ended, or a call left, since it was decided what is absorbed: decide anew."""


def write(apart: Sequence[Apart], left: Sequence[GroupMessage], now: datetime) -> list[Storm]:
    """Absorb, track and put off; `left` get messages of their own again. Returns storms that began:
    of an open outage one may become.

    In the caller's transaction, which holds the rows. Raises Meanwhile.
    """
    absorbed = [one for one in apart if one.fate in ("absorbed", "missed")]
    opened = _open(absorbed, now)
    storms = _lock(apart, left)
    of_channel = {storm.channel_id: storm for storm in storms.values() if storm.closed_at is None}
    if any(one.row.channel_id not in of_channel for one in absorbed):
        raise Meanwhile
    before = {pk: storm.reason for pk, storm in storms.items()}
    taken = _take_back(absorbed, now)
    died = _died(absorbed, taken)
    rows = []
    for one in apart:
        if one.fate == "owed":
            rows.append(_put_off(one, now))
        elif one.fate == "tracked":
            rows.append(_track(one, storms, now))
        else:
            rows.append(_absorb(one, of_channel[one.row.channel_id], storms, taken, died, now))
    for row in left:
        _part(row, storms, now)
    Storm.objects.bulk_update(
        storms.values(),
        ["reason", "absorbed_at", "due_at", "joined", "parted", "revision", "unheard"],
    )
    writes = Writes()
    writes.update(GroupMessage, rows)
    note_mutes([(one.row.group, one.stands.muting) for one in apart], writes)
    writes.execute()
    return [
        storm
        for storm in of_channel.values()
        if storm.channel_id in opened or storm.reason != before[storm.pk]
    ]


def _open(absorbed: Sequence[Apart], now: datetime) -> set[UUID]:
    """A storm for every channel that has none; two that do so at once make one."""
    channels = {one.row.channel_id: one for one in absorbed}
    known = set(
        Storm.objects.filter(channel__in=channels, closed_at=None).values_list("channel", flat=True)
    )
    missing = {pk: one for pk, one in channels.items() if pk not in known}
    if missing:
        Storm.objects.bulk_create(
            [
                Storm(
                    organization_id=one.row.organization_id,
                    channel_id=channel_id,
                    reason=Storm.Reason.OUTAGE,
                    opened_at=now,
                    absorbed_at=now,
                )
                for channel_id, one in sorted(missing.items())
            ],
            ignore_conflicts=True,
        )
    return set(missing)


def _lock(apart: Sequence[Apart], left: Sequence[GroupMessage]) -> dict[UUID, Storm]:
    """The storms that change, held until the transaction ends."""
    channels = {one.row.channel_id for one in apart if one.fate in ("absorbed", "missed")}
    former = {one.row.storm_id for one in apart if one.fate != "owed"}
    former |= {row.storm_id for row in left}
    former.discard(None)
    if not channels and not former:
        return {}
    found = Storm.objects.filter(Q(channel__in=channels, closed_at=None) | Q(pk__in=former))
    rows = (
        found.select_for_update(of=("self",))
        .select_related("channel__chat", "message")
        .order_by("pk")
    )
    return {storm.pk: storm for storm in rows}


def _take_back(absorbed: Sequence[Apart], now: datetime) -> TakenBack:
    streams = [one.row.stream_id for one in absorbed if one.row.message_id is not None]
    taken = backlog.take_back(streams, MERGED, now)
    for one in absorbed:
        message = one.row.message
        is_expected = message is not None and message.state == SentMessage.State.EXPECTED
        if one.fate == "missed" and is_expected and one.row.message_id not in taken.messages:
            raise Meanwhile  # somebody sees it after all
    return taken


def _died(absorbed: Sequence[Apart], taken: TakenBack) -> set[UUID]:
    """Messages that were to be made and never will be: their calls died."""
    expected = {
        one.row.message_id
        for one in absorbed
        if one.row.message is not None
        and one.row.message.state == SentMessage.State.EXPECTED
        and one.row.message_id not in taken.messages
    }
    return set(outbox.unsent({pk for pk in expected if pk is not None}))


def _absorb(
    one: Apart,
    storm: Storm,
    storms: Mapping[UUID, Storm],
    taken: TakenBack,
    died: set[UUID],
    now: datetime,
) -> dict[str, Any]:
    row, stands = one.row, one.stands
    shown, told = from_json(row.shown)
    was_to_be_made = row.message_id in taken.messages or row.message_id in died
    if was_to_be_made:
        told = None  # nobody heard what it was to say
    if row.message is None or was_to_be_made or _is_lost(row):
        row.message = row.document = None
        shown = NOTHING
    else:
        shown = _as_it_is(row, shown, taken)
    if is_moved(row):
        row.stream = outbox.open_stream(row.organization_id, row.channel.chat)
    churning = told is not None and knows_of_churn(row.shown)
    news = stands.news(told, churning=churning)
    fresh = [Fresh(stands.facts[pk].severity, stands.names[pk]) for pk in news.fresh]
    if row.stream_id in taken.notices and not fresh and row.group.is_open:
        fresh = [Fresh(row.group.severity, row.group.title)]  # nobody heard of what it said
    if one.fate == "absorbed":
        storm.reason = Storm.Reason.STORM
    if row.storm_id != storm.pk or fresh:
        storm.joined += 1
        storm.absorbed_at = now
    unheard = unheard_from_json(storm.unheard).and_also(fresh, int(news.is_over))
    storm.unheard = unheard_to_json(unheard)
    _is_due(storm, now)
    if row.storm_id not in (None, storm.pk):
        _part(row, storms, now)
    is_news = bool(fresh) or row.repeat_at is None or row.repeat_at <= now
    return _row(
        one,
        now,
        shown=to_json(
            shown,
            remembered(told, stands.facts, news.fresh),
            churning=churning,
            rings=rings_told(row.shown),
        ),
        repeat_at=_repeat_at(row, now) if is_news else _still_repeated(row),
        storm_id=storm.pk,
        owed_at=None if row.message is None else row.owed_at or now,
    )


def _is_lost(row: GroupMessage) -> bool:
    gone = row.message is None or row.message.state == SentMessage.State.FORGOTTEN
    return gone or is_moved(row)


def _as_it_is(row: GroupMessage, shown: MessageShown, taken: TakenBack) -> MessageShown:
    """What its message shows without the calls that were taken back: not known, so all is new."""
    method = taken.edits.get(row.message_id) if row.message_id else None
    if method is not None:
        image = "" if method == "editMessageMedia" else shown.image
        shown = replace(shown, content="", keyboard="", image=image)
    if row.document_id in taken.messages:
        row.document = None
        shown = replace(shown, document="")
    elif row.document_id in taken.edits:
        shown = replace(shown, document="behind")
    return shown


def _track(one: Apart, storms: Mapping[UUID, Storm], now: datetime) -> dict[str, Any]:
    row = one.row
    storm = storms.get(row.storm_id) if row.storm_id else None
    if storm is not None:
        _is_due(storm, now)
    return _row(
        one,
        now,
        shown=_still_known(one),
        repeat_at=_still_repeated(row),
        storm_id=row.storm_id,
        owed_at=row.owed_at,
    )


def _still_known(one: Apart) -> dict[str, Any]:
    shown, told = from_json(one.row.shown)
    churning = knows_of_churn(one.row.shown)
    rings = rings_told(one.row.shown)
    return to_json(shown, remembered(told, one.stands.facts), churning=churning, rings=rings)


def _put_off(one: Apart, now: datetime) -> dict[str, Any]:
    row = one.row
    return _row(
        one,
        now,
        shown=_still_known(one),
        repeat_at=_still_repeated(row),
        storm_id=row.storm_id,
        owed_at=row.owed_at or now,
    )


def _part(row: GroupMessage, storms: Mapping[UUID, Storm], now: datetime) -> None:
    """Its storm no longer tells of it."""
    storm = storms.get(row.storm_id) if row.storm_id else None
    if storm is not None:
        storm.parted += 1
        _is_due(storm, now)


def _is_due(storm: Storm, now: datetime) -> None:
    storm.revision += 1
    message, shown = storm.message, shown_from_json(storm.shown)
    pause = pause_of(
        is_closed=storm.closed_at is not None,
        is_unsent=message is not None and message.state == SentMessage.State.EXPECTED,
        is_one=message is not None and message.kind == SentMessage.Kind.DOCUMENT,
        is_crowded=shown.crowded,
    )
    ready = datetime.fromtimestamp(shown.edited_at, now.tzinfo) + timedelta(seconds=pause)
    at = max(now, ready)
    storm.due_at = at if storm.due_at is None else min(storm.due_at, at)


def _repeat_at(row: GroupMessage, now: datetime) -> datetime | None:
    group = row.group
    interval = group.route.repeat_interval
    burns = group.is_open and group.acknowledged_at is None
    return now + timedelta(seconds=interval) if burns and interval else None


def _still_repeated(row: GroupMessage) -> datetime | None:
    burns = row.group.is_open and row.group.acknowledged_at is None
    return row.repeat_at if burns else None


def _row(one: Apart, now: datetime, *, repeat_at: datetime | None, **values: Any) -> dict[str, Any]:
    row, muting = one.row, one.stands.muting
    return {
        "id": row.pk,
        "claimed_until": None,
        "parked_at": None,
        "published_at": now,
        "sound_due_at": muting.until if muting else None,
        "repeat_at": None if is_quiet(muting) else repeat_at,
        "stream_id": row.stream_id,
        "message_id": row.message_id,
        "document_id": row.document_id,
        "muted": muting.reason if muting else "",
        **values,
    }
