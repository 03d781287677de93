"""Groups that are due → calls in the outbox.

A GroupMessage is claimed before its group is read: the claim clears `due_at`, so that a change
from then on makes it due again. What was decided and what is to be sent are committed together, and
only while the claim still holds: killed at any line, this leaves a claim that runs out and then
counts as due. Between claim and commit no transaction is open, since pictures are fetched there.
"""

import logging
import time
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from alerts.group_views import views_of, zone_of
from alerts.images import fetch_images
from alerts.models import AlertGroup, GroupMessage
from alerts.publish_claim import Claimed, claim, still_held
from alerts.publish_commit import commit
from alerts.publish_read import Ready, read
from alerts.rendering.document import render_document
from botapi.client import InputFile
from channels_app.models import NotificationChannel
from deliveries import files, wakeup
from deliveries.conflicts import is_conflict

logger = logging.getLogger(__name__)

CHUNK = 25 if settings.EMBEDDED_DATABASE else 100
RUN_SECONDS = 20.0
TRIES = 4
AFTER_DEFECT = timedelta(minutes=1)
"""When a group that could not be rendered is tried again; the log says why."""


def publish_due(seconds: float = RUN_SECONDS) -> int:
    """Publish what is due until nothing is, at most about so long; returns how many messages.

    When work is left, the next run is woken.
    """
    published = 0
    end = time.monotonic() + seconds
    while claimed := claim(CHUNK):
        published += publish_claimed(claimed)
        if time.monotonic() > end:
            wakeup.wake("alerts.publish")
            break
    return published


def publish_claimed(claimed: Claimed, *, with_pictures: bool = True) -> int:
    """Read, decide, commit; returns how many were published or parked.

    A group's defect keeps no other one back: what fails together is tried one by one, and what
    fails alone waits for AFTER_DEFECT. Raises OperationalError, which says nothing about a group.
    """
    try:
        return _publish_in_turn(claimed, with_pictures=with_pictures)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(claimed.ids) > 1:
            each = [Claimed((pk,), claimed.until) for pk in claimed.ids]
            return sum(publish_claimed(one, with_pictures=with_pictures) for one in each)
        logger.exception("Group message %s could not be made", claimed.ids[0])
        _put_off(claimed)
        return 0


def _publish_in_turn(claimed: Claimed, *, with_pictures: bool) -> int:
    """Start again after losing against ingest or dispatch, instead of letting the claim run out."""
    for _ in range(TRIES - 1):
        try:
            return _publish(claimed, with_pictures=with_pictures)
        except OperationalError as error:
            if not is_conflict(error):
                raise
    return _publish(claimed, with_pictures=with_pictures)


def _publish(claimed: Claimed, *, with_pictures: bool) -> int:
    """All of them or none, but for those with pictures: nobody else waits for a picture."""
    now = timezone.now()
    ready, unusable = read(claimed.ids, now)
    at_once = [one for one in ready if not (with_pictures and one.wants_picture)]
    pictured = [one for one in ready if with_pictures and one.wants_picture]
    with transaction.atomic():
        held = still_held(claimed)
        commit([one for one in at_once if one.row.pk in held])
        _park([pk for pk in unusable if pk in held], now)
    if pictured:
        _add_pictures(pictured)
        with transaction.atomic():
            held = still_held(claimed)
            commit([one for one in pictured if one.row.pk in held])
    return len(ready) + len(unusable)


def _put_off(claimed: Claimed) -> None:
    """Try again later, for one reason alone: those that brought it here would at once again."""
    with transaction.atomic():
        GroupMessage.objects.filter(pk__in=still_held(claimed)).update(
            claimed_until=None,
            sound_due_at=None,
            repeat_at=None,
            due_at=timezone.now() + AFTER_DEFECT,
        )


def _add_pictures(wanting: Sequence[Ready]) -> None:
    pictures = fetch_images({one.seen.image_url for one in wanting})
    for one in wanting:
        picture = pictures.get(one.seen.image_url)
        if picture is not None:
            one.show((picture.body, picture.content_type))


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
    publish_claimed(claim(CHUNK, channel), with_pictures=False)
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
