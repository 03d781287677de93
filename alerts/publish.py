"""Groups that are due → calls in the outbox.

A GroupMessage is claimed before its group is read: the claim clears `due_at`, so that a change
from then on makes it due again. What was decided and what is to be sent are committed together, and
only while the claim still holds: killed at any line, this leaves a claim that runs out and then
counts as due. What waits for a picture is put aside and committed by itself: no transaction is open
meanwhile, and no other organization's text waits.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from alerts import images
from alerts.group_views import views_of, zone_of
from alerts.images import Fetching, Wish
from alerts.models import AlertGroup, GroupMessage
from alerts.publish_claim import Claimed, claim, still_held
from alerts.publish_commit import commit
from alerts.publish_read import Ready, read
from alerts.rendering.document import render_document
from botapi import failpoints
from botapi.client import InputFile
from botapi.outbound import Fetched
from channels_app.models import NotificationChannel
from deliveries import files, wakeup
from deliveries.conflicts import is_conflict

logger = logging.getLogger(__name__)

CHUNK = 25 if settings.EMBEDDED_DATABASE else 100
RUN_SECONDS = 20.0
TRIES = 4
WISHES = 50
"""Pictures of one organization that a run waits for; in a storm the text goes without."""
AFTER_DEFECT = timedelta(minutes=1)
"""When a group that could not be rendered is tried again; the log says why."""


def publish_due(seconds: float = RUN_SECONDS, fetching: Fetching = images.fetching) -> int:
    """Publish what is due until nothing is, at most about so long; returns how many messages.

    What waits for a picture is put aside meanwhile. When work is left, the next run is woken.
    """
    published = 0
    pictures = Pictures(fetching)
    end = time.monotonic() + seconds
    is_late = False
    while True:
        claimed = None if is_late else claim(CHUNK)
        if claimed:
            failpoints.hit("publish.claimed")
            published += publish_claimed(claimed, pictures.put_aside)
            is_late = time.monotonic() > end
        for complete, look in pictures.over():
            published += publish_claimed(complete, look)
        if not claimed:
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
        except OperationalError as error:
            if not is_conflict(error):
                raise
    return _publish(claimed, look)


def _publish(claimed: Claimed, look: Look) -> int:
    """All of them or none, but for those that are put aside."""
    now = timezone.now()
    ready, unusable = read(claimed.ids, now)
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
        commit([one for one in at_once if one.row.pk in held])
        _park([pk for pk in unusable if pk in held], now)
        failpoints.hit("publish.before_commit")
    failpoints.hit("publish.committed")
    for waiting, pk in aside:
        waiting.claims.setdefault(claimed.until, []).append(pk)
    return len(at_once) + len(unusable)


def _put_off(claimed: Claimed) -> None:
    """Try again later, for one reason alone: those that brought it here would at once again."""
    with transaction.atomic():
        GroupMessage.objects.filter(pk__in=still_held(claimed)).update(
            claimed_until=None,
            sound_due_at=None,
            repeat_at=None,
            due_at=timezone.now() + AFTER_DEFECT,
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


def unpark(channel: NotificationChannel) -> int:
    """What waits for this channel is due now; returns how many messages."""
    return (
        GroupMessage.objects.for_organization(channel.organization_id)
        .filter(channel=channel, parked_at__isnull=False)
        .update(due_at=timezone.now(), parked_at=None)
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
    name, content = render_document(views_of([group])[group.pk].view, zone_of(row.channel))
    return InputFile(name, content, "text/plain")
