"""Storms that are due → their digest, document and replies in the outbox.

Claimed and committed as groups are (alerts/publish.py). Read before the transaction, so the digest
may be a moment old; whatever comes meanwhile makes the storm due again.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q, Window
from django.db.models.functions import Random, RowNumber

from alerts.group_views import channel_view, policy_of, zone_of
from alerts.models import Storm
from alerts.publish_claim import Term
from alerts.rendering import storm as rendering
from alerts.rendering.storm import StormView, render_storm
from alerts.rendering.storm_document import render_storm_document
from alerts.rendering.view_model import RenderedMessage, content_hash
from alerts.storms import calls
from alerts.storms.decisions import (
    CALM_WAITING,
    EDIT_SECONDS,
    UNSENT_SECONDS,
    Notice,
    Plan,
    Rendered,
    Standing,
    becomes_one,
    has_nothing_to_say,
    is_over,
    make_plan,
    room,
)
from alerts.storms.divide import has_many_chats, limits_of
from alerts.storms.read import document_rows, view_of
from alerts.storms.state import (
    shown_from_json,
    shown_to_json,
    unheard_from_json,
    unheard_to_json,
)
from botapi import failpoints
from botapi.client import InputFile
from botapi.limits import CAPTION_MAX
from botapi.markup import Node
from channels_app.channel_language import language_of
from channels_app.models import NotificationChannel
from deliveries import backlog, clock, files, outbox, waiting
from deliveries.calls import Call
from deliveries.conflicts import is_conflict
from deliveries.models import Delivery, SentMessage
from languages.speaking import speaking

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.15
"""While groups are being published, storms are looked for so often, and told for so long."""
AFTER_DEFECT = timedelta(minutes=1)
DISABLED = timedelta(minutes=1)
"""When to look again at a storm whose channel cannot be told."""
_TRIED = 5
"""Storms of which one is taken, should others be quicker with the first ones."""
_GONE = SentMessage.State.FORGOTTEN
term = Term()
"""Of its own: whoever is slow to count a large storm need not keep groups for longer."""
_looked_at = 0.0
_telling = threading.Lock()
_asked = threading.Event()
"""Somebody wanted to while another thread was at it: what he knew of may have come too late."""


def publish_due(*, at_once: bool, seconds: float = LOOK_SECONDS) -> bool:
    """Publish storms that are due, for about so long; returns whether there may be more. Not
    `at_once`: unless just looked for.

    A thousand storms may be due again before all were told once. The groups that come meanwhile
    are absorbed between them. One thread of a process does it, so that others find one free.
    """
    if not at_once and time.monotonic() < _looked_at + LOOK_SECONDS:
        return False
    if not _telling.acquire(blocking=False):
        _asked.set()
        return False
    try:
        _asked.clear()
        more = _publish_for(seconds, at_once=at_once)
    finally:
        _telling.release()
    return more or _asked.is_set()


def _publish_for(seconds: float, *, at_once: bool) -> bool:
    global _looked_at  # noqa: PLW0603  # of this process; publishing twice is harmless
    began = time.monotonic()
    # At the end of a run, a digest that has not left is made whole before it does.
    ahead = timedelta(seconds=UNSENT_SECONDS if at_once else 0)
    while claimed := claim(clock.now() + ahead):
        failpoints.hit("storm.claimed")
        _publish_one(*claimed)
        _looked_at = time.monotonic()
        if _looked_at > began + seconds:
            return True
    _looked_at = time.monotonic()
    return False


def claim(until: datetime) -> tuple[UUID, datetime] | None:
    """Take a storm that is due by then: (ID, the end of its claim). Of any organization that has
    one, so that none waits for a thousand of another; its oldest."""
    now = clock.now()
    due = Q(due_at__lte=until) | Q(claimed_until__lte=now)
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    turn = Window(RowNumber(), partition_by=F("organization"), order_by="due_at")
    found = Storm.objects.filter(due, free).annotate(turn=turn).order_by("turn", Random())
    for pk in list(found.values_list("pk", flat=True)[:_TRIED]):
        end = clock.now() + term.length
        if Storm.objects.filter(free, due, pk=pk).update(claimed_until=end, due_at=None):
            return pk, end
    return None


def _publish_one(storm_id: UUID, until: datetime) -> None:
    """A storm's defect keeps no other one back."""
    for is_last in (False, False, True):
        try:
            _publish(storm_id, until)
        except (OperationalError, InterfaceError) as error:
            if is_last or not isinstance(error, OperationalError) or not is_conflict(error):
                raise
        except Exception:
            logger.exception("Storm %s could not be told", storm_id)
            Storm.objects.filter(pk=storm_id, claimed_until=until).update(
                claimed_until=None, due_at=clock.now() + AFTER_DEFECT
            )
            return
        else:
            return


@dataclass(frozen=True, slots=True)
class _Said:
    """What the digest would say, whether it is the closing summary, and whether it comes as the
    caption of the document."""

    view: StormView
    text: RenderedMessage
    ends: bool
    as_one: bool


def _publish(storm_id: UUID, until: datetime) -> None:
    storm = (
        Storm.objects.select_related(
            *("organization", "channel__organization", "channel__chat__bot"),
            *("stream__chat", "message", "document"),
        )
        .filter(pk=storm_id)
        .first()
    )
    if storm is None:
        return
    now = clock.now()
    channel = storm.channel
    if not (channel.enabled and channel.chat.bot.enabled):
        Storm.objects.filter(pk=storm_id, claimed_until=until).update(
            claimed_until=None, due_at=now + DISABLED
        )
        return
    if has_nothing_to_say(_standing(storm, None, now)):
        _look_again(storm_id, until, now)
        return
    with speaking(language_of(channel)):
        _tell(storm, until, now)


def _tell(storm: Storm, until: datetime, now: datetime) -> None:
    """In the channel's language, which is spoken."""
    said = _say(storm, now)
    term.is_used(until)
    with transaction.atomic():
        held = (
            Storm.objects.select_for_update(of=("self",))
            .select_related(
                "channel__chat__bot",
                "stream__chat",
                "message__stream__chat",
                "document__stream__chat",
            )
            .filter(pk=storm.pk, claimed_until=until)
            .first()
        )
        if held is None:
            return
        if said.ends and held.revision != storm.revision:
            # It was fed meanwhile: it goes on, and is looked at again at once.
            Storm.objects.filter(pk=storm.pk).update(claimed_until=None, due_at=now)
            return
        standing = _standing(held, said.view, now)
        rendered = Rendered(content_hash(said.text), said.text.overflow, said.as_one)
        _commit(held, said, make_plan(standing, rendered, ends=said.ends), now)
        failpoints.hit("storm.before_commit")
    failpoints.hit("storm.committed")


def _look_again(storm_id: UUID, until: datetime, now: datetime) -> None:
    """In a while, unless it is due again already."""
    held = Storm.objects.filter(pk=storm_id, claimed_until=until)
    later = now + timedelta(seconds=EDIT_SECONDS)
    if not held.filter(due_at=None).update(claimed_until=None, due_at=later):
        held.update(claimed_until=None)


def _say(storm: Storm, now: datetime) -> _Said:
    view = view_of(storm, closed_at=storm.closed_at)
    standing = _standing(storm, view, now)
    ends = is_over(standing)
    if ends and storm.reason == Storm.Reason.STORM:
        view = view_of(storm, closed_at=now)
    text = render_storm(view, channel_view(storm.channel))
    as_one = becomes_one(standing, overflow=text.overflow)
    if as_one:
        text = render_storm(view, channel_view(storm.channel), CAPTION_MAX)
    return _Said(view, text, ends, as_one)


def _standing(storm: Storm, view: StormView | None, now: datetime) -> Standing:
    """Without a view, without what is counted."""
    chat = storm.channel.chat
    message, document = storm.message, storm.document
    moved = storm.stream is not None and storm.stream.chat_id != storm.channel.chat_id
    unsent = outbox.unsent({message.pk}) if message is not None and not moved else {}
    gone = message is None or message.state == _GONE or moved
    is_there = message is not None and message.state == SentMessage.State.SHOWN and not moved
    firing: dict[str, int] = {}
    for count in view.counts if view else ():
        if count.status != "resolved":
            severity = count.severity or ""
            firing[severity] = firing.get(severity, 0) + count.number
    return Standing(
        now=now,
        reason=cast("Any", storm.reason),
        is_closed=storm.closed_at is not None,
        absorbed_at=storm.absorbed_at,
        joined=storm.joined,
        revision=storm.revision,
        firing=firing,
        unheard=unheard_from_json(storm.unheard),
        shown=shown_from_json(storm.shown),
        policy=policy_of(storm.channel),
        calm=room(limits_of(chat.bot), is_group=chat.is_group, chats=1) // 3,
        elsewhere=view.elsewhere if view else 0,
        is_there=is_there,
        is_unsent=message is not None and message.pk in unsent,
        is_gone=gone,
        is_document_gone=document is None or document.state == _GONE or moved,
        is_quiet=backlog.waiting_in([chat.pk], CALM_WAITING + 1)[chat.pk] <= CALM_WAITING,
        is_one=not gone and message is not None and message.kind == SentMessage.Kind.DOCUMENT,
        is_crowded=view is not None and (gone or not is_there) and has_many_chats(chat.bot),
    )


def _commit(storm: Storm, said: _Said, plan: Plan, now: datetime) -> None:
    """In the caller's transaction, which holds the storm."""
    channel = storm.channel
    if storm.stream is None or storm.stream.chat_id != channel.chat_id:
        for former in (storm.message, storm.document):
            if former is not None:
                waiting.supersede(former)
        storm.stream = outbox.open_stream(storm.organization_id, channel.chat)
        storm.message = storm.document = None
    _digest(storm, said, plan, now)
    _document(storm, plan, now)
    if plan.notice is not None:
        words = _notice_words(plan.notice, said.view, channel)
        call = calls.send_notice(words, channel, silent=plan.notice.silent)
        _send(storm, call, now, purpose=Delivery.Purpose.NOTICE, reply_to=storm.message)
    storm.closed_at = storm.closed_at or (now if said.ends else None)
    storm.claimed_until = None
    # What came while this was read is told next.
    known = [at for at in (storm.due_at, plan.due_at) if at is not None]
    storm.due_at = min(known) if known else None
    storm.shown = shown_to_json(plan.shown)
    storm.unheard = unheard_to_json(plan.unheard)
    storm.save(
        update_fields=[
            *("stream", "message", "document", "closed_at", "claimed_until", "due_at"),
            *("shown", "unheard"),
        ]
    )


def _digest(storm: Storm, said: _Said, plan: Plan, now: datetime) -> None:
    channel, silent = storm.channel, plan.shown.silent
    if plan.digest == "send" and said.as_one:
        call = calls.send_one(said.text, storm.pk, channel, silent=silent)
        storm.message = _send(storm, call, now, kind=SentMessage.Kind.DOCUMENT)
    elif plan.digest == "send":
        call = calls.send_digest(said.text, channel, silent=silent)
        storm.message = _send(storm, call, now)
    elif plan.digest == "edit":
        assert storm.message is not None  # else it would be sent
        how = {"silent": silent, "unsent": plan.is_unsent}
        if said.as_one:
            call = calls.edit_one(said.text, storm.pk, channel, **how)
        else:
            call = calls.edit_digest(said.text, channel, **how)
        _change(storm.message, channel, call, now)
        if said.as_one and storm.message.kind != SentMessage.Kind.DOCUMENT:
            # Known before it leaves, so that it is changed as what it is going to be.
            SentMessage.objects.filter(pk=storm.message.pk).update(kind=SentMessage.Kind.DOCUMENT)


def _document(storm: Storm, plan: Plan, now: datetime) -> None:
    if plan.document == "send":
        call = calls.send_document(storm.pk, storm.channel)
        storm.document = _send(storm, call, now, kind="document", reply_to=storm.message)
    elif plan.document == "edit":
        assert storm.document is not None  # else it would be sent
        _change(storm.document, storm.channel, calls.edit_document(storm.pk), now)


def _send(
    storm: Storm,
    call: Call,
    now: datetime,
    *,
    purpose: str = Delivery.Purpose.DIGEST,
    kind: str = SentMessage.Kind.TEXT,
    reply_to: SentMessage | None = None,
) -> SentMessage:
    assert storm.stream is not None  # `_commit` opened it
    return outbox.send(
        storm.stream,
        call,
        channel=storm.channel,
        purpose=purpose,
        priority=Delivery.Priority.CRITICAL,
        kind=kind,
        due_at=now,
        reply_to=reply_to,
    )


def _change(message: SentMessage, channel: NotificationChannel, call: Call, now: datetime) -> None:
    outbox.change(
        message,
        call,
        channel=channel,
        purpose=Delivery.Purpose.DIGEST,
        priority=Delivery.Priority.CRITICAL,
        due_at=now,
    )


def _notice_words(notice: Notice, view: StormView, channel: NotificationChannel) -> Sequence[Node]:
    if notice.kind == "news":
        return rendering.news_notice(notice.news)
    if notice.kind == "over":
        return rendering.over_notice(view)
    return rendering.resolved_notice(view, channel_view(channel))


# --- the document, made when it is sent ----------------------------------------------------------


def make_document(organization_id: UUID, storm_id: str) -> InputFile:
    """For deliveries.files: the storm as it is at the moment of sending. Raises CannotMake."""
    storm = (
        Storm.objects.for_organization(organization_id)
        .select_related("channel__organization")
        .filter(pk=storm_id)
        .first()
    )
    if storm is None:
        raise files.CannotMake("the storm was purged")
    with speaking(language_of(storm.channel)):
        name, content = render_storm_document(
            document_rows(storm), storm.opened_at, storm.closed_at, zone_of(storm.channel)
        )
    return InputFile(name, content, "text/plain")
