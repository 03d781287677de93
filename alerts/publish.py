"""Groups that are due → calls in the outbox.

A GroupMessage is claimed before its group is read: the claim clears `due_at`, so that a change
from then on makes it due again. What was decided and what is to be sent are committed together, and
only while the claim still holds: killed at any line, this leaves a claim that runs out and then
counts as due. What waits for a picture is put aside and committed by itself: no transaction is open
meanwhile, and no other organization's text waits.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q

from alerts import images
from alerts.group_views import views_of, zone_of
from alerts.images import Fetching, Wish
from alerts.models import AlertGroup, GroupMessage, Storm
from alerts.muting.known import muting_in
from alerts.publish_claim import Claimed, Floods, Size, claim, still_held
from alerts.publish_commit import commit
from alerts.publish_hold import hold, is_lost
from alerts.publish_read import Ready, load, prepare
from alerts.rendering.document import render_document
from alerts.rendering.muted import mute_note
from alerts.storms import absorb as storm_absorb
from alerts.storms import gather as storm_gather
from alerts.storms import publish as storm_publish
from alerts.storms.divide import divide
from botapi import failpoints
from botapi.client import InputFile
from botapi.outbound import Fetched
from channels_app.channel_language import language_of
from channels_app.models import NotificationChannel
from deliveries import clock, files, wakeup
from deliveries.conflicts import is_conflict
from deliveries.models import Delivery
from languages.speaking import speaking

logger = logging.getLogger(__name__)

CHUNK = 25 if settings.EMBEDDED_DATABASE else 100
RUN_SECONDS = 20.0
TRIES = 4
WISHES = 50
"""Pictures of one organization that a run waits for; in a storm the text goes without."""
AFTER_DEFECT = timedelta(minutes=1)
"""When a group that could not be rendered is tried again; the log says why."""


size = Size(CHUNK)
floods = Floods()
_closed = threading.Event()


def close() -> None:
    """Have this process claim nothing more, ever; what it has claimed it publishes."""
    _closed.set()


def publish_due(seconds: float = RUN_SECONDS, fetching: Fetching = images.fetching) -> int:
    """Publish what is due until nothing is, at most about so long; returns how many messages.

    What waits for a picture is put aside meanwhile. When work is left, the next run is woken.
    """
    published = 0
    pictures = Pictures(fetching)
    end = time.monotonic() + seconds
    is_late = False
    while True:
        claimed = None if is_late or _closed.is_set() else claim(size.number, besides=floods.now())
        if claimed:
            failpoints.hit("publish.claimed")
            began = time.monotonic()
            with floods.publishing(claimed):
                for portion in claimed.portions():
                    published += publish_claimed(portion, pictures.put_aside)
            took = time.monotonic() - began
            size.took(len(claimed.ids), took, is_flood=bool(claimed.flooding))
        more = not _closed.is_set() and storm_publish.publish_due(at_once=not claimed)
        for complete, look in pictures.over():
            published += publish_claimed(complete, look)
        if claimed or more:
            is_late = time.monotonic() > end
        if not claimed and (is_late or not more):
            if not pictures:
                break
            pictures.pause()
    if is_late:
        wakeup.wake("alerts.publish")
    return published


Look: TypeAlias = Callable[[Ready], "Fetched | Waiting | None"]
"""The picture for a message that wants one: it, none, or what to wait for."""


def without_pictures(_: Ready) -> None:
    """A Look for where nothing can be waited for."""


def publish_claimed(claimed: Claimed, look: Look = without_pictures) -> int:
    """Read, decide, commit; returns how many were published or parked.

    A group's defect keeps no other one back: what fails together is tried one by one, and what
    fails alone waits for AFTER_DEFECT. Raises OperationalError, which says nothing about a group.
    """
    try:
        return _publish_in_turn(claimed, look)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(claimed.ids) > 1:
            each = [Claimed((pk,), claimed.until) for pk in claimed.ids]
            return sum(publish_claimed(one, look) for one in each)
        logger.exception("Group message %s could not be made", claimed.ids[0])
        _put_off(claimed)
        return 0


def _publish_in_turn(claimed: Claimed, look: Look) -> int:
    """Start again after losing against ingest or dispatch, instead of letting the claim run out."""
    for _ in range(TRIES - 1):
        try:
            return _publish(claimed, look)
        except storm_absorb.Meanwhile:
            continue
        except OperationalError as error:
            if not is_conflict(error):
                raise
    return _publish(claimed, look)


def _publish(claimed: Claimed, look: Look) -> int:
    """All of them or none, but for those that are put aside."""
    now = clock.now()
    loaded = load(claimed.ids, now)
    division = divide(loaded, now)
    ready = prepare(division.alone, loaded, now)
    at_once: list[Ready] = []
    aside: list[tuple[Waiting, UUID]] = []
    for one in ready:
        found = look(one) if one.wants_picture else None
        if isinstance(found, Waiting):
            aside.append((found, one.row.pk))
            continue
        if found is not None:
            one.show((found.body, found.content_type))
        at_once.append(one)
    with transaction.atomic():
        held = still_held(claimed)
        mine = [one for one in at_once if one.row.pk in held]
        quiet = [row for row in loaded.held if row.pk in held]
        left = [one.row for one in mine] + [row for row in quiet if is_lost(row)]
        begun = storm_absorb.write(
            [one for one in division.apart if one.row.pk in held],
            [row for row in left if row.storm_id is not None],
            now,
        )
        commit(mine)
        hold(quiet, loaded.mutings)
        _park([pk for pk in loaded.unusable if pk in held], now)
        failpoints.hit("publish.before_commit")
    failpoints.hit("publish.committed")
    storm_gather.gather(begun, division.close)
    for waiting, pk in aside:
        waiting.claims.setdefault(claimed.until, []).append(pk)
    apart = len(division.apart) + len(loaded.held) + len(loaded.unusable)
    return len(at_once) + apart


def _put_off(claimed: Claimed) -> None:
    """Try again later, for one reason alone: those that brought it here would at once again."""
    with transaction.atomic():
        GroupMessage.objects.filter(pk__in=still_held(claimed)).update(
            claimed_until=None,
            sound_due_at=None,
            repeat_at=None,
            due_at=clock.now() + AFTER_DEFECT,
        )


# --- what waits for a picture --------------------------------------------------------------------


@dataclass(slots=True)
class Waiting:
    """A picture, and the messages that it holds up, by the end of their claims."""

    wish: Wish
    claims: dict[datetime, list[UUID]] = field(default_factory=dict)

    def look(self, one: Ready) -> Fetched | None:
        """A Look: what came, where the message still wants it."""
        return self.wish.picture if one.seen.image_url == self.wish.url else None


class Pictures:
    """What one run has put aside."""

    def __init__(self, fetching: Fetching, wishes: int = WISHES) -> None:
        self._fetching = fetching
        self._wishes = wishes
        self._waiting: dict[tuple[UUID, str], Waiting] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put_aside(self, one: Ready) -> Waiting | Fetched | None:
        """A Look: let the message wait, unless there is nothing to wait for."""
        owner, url = one.row.organization_id, one.seen.image_url
        waiting = self._waiting.get((owner, url))
        if waiting is None:
            wishes = sum(organization_id == owner for organization_id, _ in self._waiting)
            wish = self._fetching.wish(owner, url)
            if wishes >= self._wishes:
                return None
            if self._fetching.is_over(wish):
                return wish.picture
            waiting = self._waiting[owner, url] = Waiting(wish)
        return waiting

    def over(self) -> Iterator[tuple[Claimed, Look]]:
        """What need not wait any longer."""
        for key, waiting in list(self._waiting.items()):
            if self._fetching.is_over(waiting.wish):
                del self._waiting[key]
                for until, ids in waiting.claims.items():
                    yield Claimed(tuple(ids), until), waiting.look

    def pause(self) -> None:
        """Until a picture is here, or for the time in which others may have become due."""
        images.pause([waiting.wish for waiting in self._waiting.values()])


# --- channels that cannot be told now ------------------------------------------------------------


def _park(ids: Collection[UUID], now: datetime) -> None:
    GroupMessage.objects.filter(pk__in=ids).update(
        claimed_until=None, parked_at=now, sound_due_at=None, repeat_at=None
    )


def channel_enabled(channel: NotificationChannel) -> None:
    """For deliveries.health: what waits for this channel becomes due, and what is not too much is
    put into the outbox at once, so that the present state leaves instead of the parked one.

    In the caller's transaction, hence without pictures.
    """
    unpark(channel)
    publish_claimed(claim(CHUNK, channel))
    transaction.on_commit(lambda: wakeup.wake("alerts.publish"))


def show_at_once(row: GroupMessage, menu: str | None = None) -> None:
    """For who pressed a button of this message, `row` being as it was before: what it shows now is
    put into the outbox, before all that waits there and here. `menu`: the one that they opened.

    In the caller's transaction, hence without pictures: what was due before stays so.
    """
    now = clock.now()
    mine = GroupMessage.objects.for_organization(row.organization_id).filter(pk=row.pk, routed=True)
    values: dict[str, object] = {} if menu is None else {"menu": menu}
    if not mine.update(pressed_at=now, due_at=now, **values):
        return
    # Where another run has it, that is repeated: it is due again.
    publish_claimed(claim(1, only=row.pk))
    if row.due_at is not None or row.claimed_until is not None:
        mine.update(due_at=now)
    transaction.on_commit(lambda: wakeup.wake("alerts.publish"))


def unpark(channel: NotificationChannel) -> int:
    """What waits for this channel is due now; returns how many messages.

    Also what has only calls waiting: whether these still leave is decided anew.
    """
    now = clock.now()
    Storm.objects.for_organization(channel.organization_id).filter(
        channel=channel, due_at__isnull=False
    ).update(due_at=now)
    parked = Delivery.objects.for_organization(channel.organization_id).filter(
        channel=channel, state=Delivery.State.PARKED
    )
    return (
        GroupMessage.objects.for_organization(channel.organization_id)
        .filter(Q(parked_at__isnull=False) | Q(stream__in=parked.values("stream")), channel=channel)
        .update(due_at=now, parked_at=None)
    )


# --- the document, made when it is sent ----------------------------------------------------------


def make_document(organization_id: UUID, group_message_id: str) -> InputFile:
    """For deliveries.files: the group as it is at the moment of sending. Raises CannotMake."""
    row = (
        GroupMessage.objects.for_organization(organization_id)
        .select_related("group__organization", "channel__organization")
        .filter(pk=group_message_id)
        .first()
    )
    if row is None:
        raise files.CannotMake("the group was purged")
    group: AlertGroup = row.group
    now, zone = clock.now(), zone_of(row.channel)
    mutings = muting_in([group], now)
    view = views_of([group], now, mutings)[group.pk].view
    with speaking(language_of(row.channel)):
        if group.pk in mutings:
            note = mute_note(mutings[group.pk], zone, view.opened_at)
            view = replace(view, silenced_note=note)
        name, content = render_document(view, zone)
    return InputFile(name, content, "text/plain")
