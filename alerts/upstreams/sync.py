"""Silences of integrations' upstreams and ours, made to agree every few seconds.

An upstream is claimed by one conditional UPDATE; no transaction is open while it is asked. What was
done there is noted in a short one after each step: killed in between, the next run finds the two
equal and links them.

One that did not answer when it was asked last, or never was asked, may keep a thread waiting: such
ones have threads of their own and wait for one another, never for them those that answer.
"""

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.audit import Actor
from accounts.models import Way
from alerts.matchers import MatcherError, read_matchers
from alerts.models import Silence, Upstream, UpstreamSilence
from alerts.muting.silence_rows import holding_for
from alerts.muting.silences import Wanted, change_silence, create_silence, expire_silence
from alerts.muting.silencing import AUTHOR_MAX, COMMENT_MAX, SilenceRefused
from alerts.upstreams.agreement import Link, Saying, Step, steps, told
from alerts.upstreams.client import Api, NotTaken, UpstreamFailed
from alerts.upstreams.refusals import Refusals
from botapi import failpoints
from deliveries import clock

logger = logging.getLogger(__name__)

EVERY: Final = timedelta(seconds=5)
AFTER_FAILURE: Final = timedelta(seconds=30)
CLAIM: Final = timedelta(seconds=60)
RUN_SECONDS: Final = 20.0
THREADS: Final = 4
SLOW_THREADS: Final = 2
STEP_SECONDS: Final = 20.0
"""No step of a claim begins later; with the longest one it ends well before the claim does. The
rest is done in the next run."""


def sync_due(seconds: float = RUN_SECONDS, step_seconds: float = STEP_SECONDS) -> int:
    """Ask every upstream that is due; returns how many were asked."""
    run = _Run(time.monotonic() + seconds, step_seconds)
    parts = run.begin(_pool, THREADS, answers=True)
    if _is_slow_run.acquire(blocking=False):  # one at a time, as it may last
        try:
            parts += run.begin(_slow_pool, SLOW_THREADS, answers=False)
            return sum(part.result() for part in parts)
        finally:
            _is_slow_run.release()
    return sum(part.result() for part in parts)


@dataclass(frozen=True, slots=True)
class _Run:
    """Until when upstreams are taken, and for how long each begins steps."""

    ends_at: float
    step_seconds: float

    def begin(self, pool: ThreadPoolExecutor, most: int, *, answers: bool) -> list[Future[int]]:
        """A thread for each that is due, up to so many."""
        threads = _free(clock.now(), answers=answers)[:most].count()
        return [pool.submit(_sync_until, self, answers=answers) for _ in range(threads)]


def _sync_until(run: _Run, *, answers: bool) -> int:
    """On a thread of a pool. Each is claimed when its turn has come: a slow one keeps one thread,
    and no claim ages."""
    asked = 0
    try:
        while upstream := _claimed(answers=answers):
            _sync(upstream, run.step_seconds)
            asked += 1
            if time.monotonic() >= run.ends_at:
                break
    finally:
        connection.close()
    return asked


def _free(now: object, *, answers: bool) -> QuerySet[Upstream]:
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    return Upstream.objects.filter(free, due_at__lte=now, enabled=True, answers=answers)


def _claimed(*, answers: bool) -> Upstream | None:
    now = clock.now()
    free = _free(now, answers=answers)
    rows = free.select_related("integration__organization").order_by("due_at")[:THREADS]
    until = now + CLAIM
    for row in rows:
        if free.filter(pk=row.pk).update(claimed_until=until):
            row.claimed_until = until
            return row
    return None


def _sync(upstream: Upstream, step_seconds: float) -> None:
    problem, after, is_done = "", AFTER_FAILURE, False
    refusals = Refusals(upstream.refused, clock.now())
    try:
        failpoints.hit("sync.claimed")
        is_done = _take_steps(upstream, refusals, time.monotonic() + step_seconds)
        problem, after = refusals.told(), EVERY
    except UpstreamFailed as error:
        problem = str(error)[:300]
    except (OperationalError, InterfaceError) as error:
        logger.warning("Upstream %s is not settled: %s", upstream.pk, type(error).__name__)
        problem = "the database was not reached"
    except Exception:  # a defect of ours
        logger.exception("Upstream %s failed", upstream.pk)
        problem = "Tocsin failed at it; its log says why"
    _settle(upstream, problem, after, refusals.stored(is_done=is_done), is_compared=is_done)


def _settle(
    upstream: Upstream,
    problem: str,
    after: timedelta,
    refused: list[dict[str, Any]],
    *,
    is_compared: bool,
) -> None:
    now = clock.now()
    values: dict[str, Any] = {"due_at": now + after, "problem": problem, "refused": refused or None}
    values["answers"] = after == EVERY
    if is_compared:
        values["synced_at"] = now
    mine = Upstream.objects.filter(pk=upstream.pk, claimed_until=upstream.claimed_until)
    mine.filter(enabled=True).update(claimed_until=None, **values)
    mine.update(claimed_until=None)


def _take_steps(upstream: Upstream, refusals: Refusals, ends_at: float) -> bool:
    """Whether there was time for all. What one side does not take goes to `refusals`."""
    api = Api(upstream)
    now = clock.now()
    theirs, reasons = api.silences()
    for reason in reasons:
        refusals.unreadable(reason)
    links = [
        Link(str(one.silence_id), one.their_id, one.agreed, one.answered)
        for one in _links(upstream)
    ]
    for step in steps(_ours(upstream), theirs, links, now):
        if time.monotonic() >= ends_at:
            return False
        if refusals.waits(step):
            continue
        try:
            _take(upstream, api, step)
        except SilenceRefused as refusal:
            refusals.refused(step, "here", str(refusal))
        except NotTaken as refusal:
            refusals.refused(step, "there", str(refusal))
        failpoints.hit("sync.stepped")
    return True


def _links(upstream: Upstream) -> QuerySet[UpstreamSilence]:
    rows = UpstreamSilence.objects.for_organization(upstream.organization_id)
    return rows.filter(upstream=upstream)


def _ours(upstream: Upstream) -> list[Saying]:
    """What holds for its alerts, and what is linked, for a while after its end."""
    linked = _links(upstream).filter(silence=OuterRef("pk"))
    rows = Silence.objects.for_organization(upstream.organization_id).filter(
        holding_for(upstream.integration_id)
    )
    now = clock.now()
    return [
        found
        for row in rows.filter(Q(ends_at__gt=now) | Exists(linked)).order_by("pk")
        if (found := _saying(row))
    ]


def _saying(row: Silence) -> Saying | None:
    try:
        matchers = read_matchers(row.matchers)
    except MatcherError:
        return None
    return Saying(
        str(row.pk),
        matchers,
        row.starts_at,
        row.ends_at,
        row.comment,
        row.author,
        row.updated_at,
        for_all=row.integration_id is None,
    )


def _take(upstream: Upstream, api: Api, step: Step) -> None:
    """One step: there first, then here. Raises SilenceRefused, and UpstreamFailed."""
    mine, other = step.ours, step.theirs
    if step.verb in ("adopt", "follow") and other is not None:
        _follow(upstream, mine, other, step.link)
    elif step.verb == "end_ours" and mine is not None:
        expire_silence(_actor(upstream), _row(upstream, mine))
    elif step.verb in ("give", "tell") and mine is not None:
        their_id = api.post(told(mine, other, clock.now()), other.id if other else "")
        failpoints.hit("sync.posted")
        _link(upstream, mine, their_id, _answered(api, their_id), step.link)
    elif step.verb == "end_theirs" and other is not None:
        api.expire(other.id)
        if mine is None:
            _forget(upstream, step.link)
    elif step.verb == "link" and mine is not None and other is not None:
        _link(upstream, mine, other.id, other.mark(), step.link)
    elif step.verb == "forget":
        _forget(upstream, step.link)


def _answered(api: Api, their_id: str) -> str:
    """The mark of what it made of what it was told; "" where that cannot be heard now."""
    try:
        found = api.silence(their_id)
    except UpstreamFailed:
        return ""
    return found.mark() if found else ""


def _follow(upstream: Upstream, mine: Saying | None, other: Saying, link: Link | None) -> None:
    actor = _actor(upstream)
    said = told(other, mine, clock.now())
    wanted = Wanted(
        matchers=[matcher.to_json() for matcher in said.matchers],
        starts_at=said.starts_at,
        ends_at=said.ends_at,
        comment=said.comment[:COMMENT_MAX],
        author=said.author[:AUTHOR_MAX] or str(upstream),
        integration=upstream.integration,
    )
    with transaction.atomic():
        if mine is None:
            row = create_silence(actor, upstream.integration.organization, wanted)
        else:
            row = change_silence(actor, _row(upstream, mine), wanted)
        if ours := _saying(row):
            _link(upstream, ours, other.id, other.mark(), link)


def _row(upstream: Upstream, mine: Saying) -> Silence:
    return Silence.objects.for_organization(upstream.organization_id).get(pk=mine.id)


def _link(
    upstream: Upstream, ours: Saying, their_id: str, answered: str, before: Link | None
) -> None:
    silence_id = UUID(ours.id)
    with transaction.atomic():
        _forget(upstream, before)
        _links(upstream).filter(Q(silence=silence_id) | Q(their_id=their_id)).delete()
        UpstreamSilence.objects.create(
            organization_id=upstream.organization_id,
            upstream=upstream,
            silence_id=silence_id,
            their_id=their_id,
            agreed=ours.mark(),
            answered=answered,
        )


def _forget(upstream: Upstream, link: Link | None) -> None:
    if link is not None:
        _links(upstream).filter(silence=UUID(link.ours), their_id=link.theirs).delete()


def _actor(upstream: Upstream) -> Actor:
    return Actor(name=str(upstream), way=Way.SYSTEM)


_pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="sync")
_slow_pool = ThreadPoolExecutor(max_workers=SLOW_THREADS, thread_name_prefix="sync-slow")
_is_slow_run = threading.Lock()
