"""Looks at upstreams' alerts, once a minute: what burns here and is unknown there, ends.

A look has threads of its own, and nobody waits for it: the silences' sync runs every few seconds.
It is claimed by one conditional UPDATE; killed in between, the next one is a minute later. An
upstream that did not answer proves nothing: what was missing before gets its end taken back, so
that an end takes five minutes in which it answered and did not know the alert.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Final

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Q, QuerySet

from alerts.models import Upstream
from alerts.upstreams.client import Api, UpstreamFailed
from alerts.upstreams.listed import GRACE, Firing, found_again, is_of_that_sender, missing
from alerts.upstreams.unlisted import CHUNK, firing, give_end, take_back
from deliveries import clock

logger = logging.getLogger(__name__)

EVERY: Final = timedelta(seconds=60)
THREADS: Final = 2
_FIELDS = ("pk", "fingerprint", "expires_at", "unlisted_until")


def begin_due() -> None:
    """Have every upstream that is due looked at; returns at once."""
    for _ in range(min(THREADS, _due().count())):
        if not _free_threads.acquire(blocking=False):
            return
        _pool.submit(_look_on_a_thread)


def _look_on_a_thread() -> None:
    try:
        look_due()
    except (OperationalError, InterfaceError) as error:
        logger.warning("Upstreams' alerts were not looked at: %s", type(error).__name__)
    except Exception:  # a defect of ours
        logger.exception("Looking at upstreams' alerts failed")
    finally:
        connection.close()
        _free_threads.release()


def look_due(every: timedelta = EVERY, grace: timedelta = GRACE) -> int:
    """Look at each upstream that is due; returns at how many. `every`: when it is due again;
    `grace`: how long an alert has to be missing."""
    looked = 0
    while upstream := _claimed(every):
        _look(upstream, grace)
        looked += 1
    return looked


def _due() -> QuerySet[Upstream]:
    return Upstream.objects.filter(
        Q(look_at=None) | Q(look_at__lte=clock.now()), enabled=True, due_at__isnull=False
    )


def _claimed(every: timedelta) -> Upstream | None:
    due = _due()
    for row in due.select_related("integration").order_by("look_at")[:THREADS]:
        if due.filter(pk=row.pk).update(look_at=clock.now() + every):
            return row
    return None


def _look(upstream: Upstream, grace: timedelta) -> None:
    integration = upstream.integration
    if not upstream.answers:  # the silences' sync, which asks it often, was not answered
        take_back(integration)
        return
    asked_at = clock.now()
    try:
        ignored = frozenset(integration.ignored_labels)
        listed = Api(upstream).alerts(ignored)
    except UpstreamFailed as error:
        logger.warning("Alerts of upstream %s are not known: %s", upstream.pk, error)
        take_back(integration)
        return
    rows = [Firing(*values) for values in firing(integration).values_list(*_FIELDS)]
    take_back(integration, [one.id for one in found_again(rows, listed)])
    gone = [one.id for one in missing(rows, listed)]
    for start in range(0, len(gone), CHUNK):
        told = firing(integration).filter(pk__in=gone[start : start + CHUNK])
        theirs = [
            pk
            for pk, fingerprint, labels in told.values_list("pk", "fingerprint", "labels")
            if is_of_that_sender(fingerprint, labels, upstream.kind, ignored)
        ]
        give_end(integration, theirs, asked_at, asked_at + grace)


_pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="look")
_free_threads = BoundedSemaphore(THREADS)
