"""Mails and POSTs of fallbacks, on the network: at least once, retried until the other side took
them.

A call is claimed by one conditional UPDATE, made outside of any transaction, and settled under its
claim. A claim that ran out is free again: the call is made once more, under the same ID.
"""

import logging
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from smtplib import SMTPException
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Q, QuerySet

from accounts.models import new_id
from alerts.fallbacks.changes import secret_of
from alerts.fallbacks.rules import GIVE_UP, retry_in
from alerts.models import Fallback, FallbackCall
from botapi import failpoints
from botapi.errors import shown
from channels_app.bots import refuse_in_transaction
from channels_app.encryption import CannotDecrypt
from deliveries import clock
from deliveries.signed_post import NotTaken, post_signed

logger = logging.getLogger(__name__)

THREADS = 8
PER_ORGANIZATION = 2
"""Of the threads: a receiver may hang."""
WITHIN_SECONDS = 8.0
"""For a whole POST, so that a test has its verdict within 10 s."""
CLAIM = timedelta(seconds=60)
RUN_SECONDS = 20.0
TICK = 0.2
State = FallbackCall.State
Event = FallbackCall.Event
Kind = Fallback.Kind


def send_waiting(seconds: float = RUN_SECONDS) -> int:
    """Make the calls that wait until none is due, at most about so long; returns how many."""
    ends_at = time.monotonic() + seconds
    running: dict[Future[None], UUID] = {}
    made = 0
    while True:
        late = time.monotonic() >= ends_at
        for call in [] if late else _due(running):
            if _claim(call):
                failpoints.hit("fallback.claimed")
                running[_pool.submit(_make, call)] = call.organization_id
                made += 1
        if not running:
            return made
        wait(running, timeout=TICK, return_when=FIRST_COMPLETED)
        running = {one: owner for one, owner in running.items() if not one.done()}


def _free() -> QuerySet[FallbackCall]:
    now = clock.now()
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    return FallbackCall.objects.filter(free, state=State.WAITING, not_before__lte=now)


def _due(running: dict[Future[None], UUID]) -> list[FallbackCall]:
    """Free calls as far as there are threads: tests first, since people wait for them."""
    if not _free().exists():  # mostly, and cheaper than to ask for them all
        return []
    counts = Counter(running.values())
    room = THREADS - len(running)
    full = [owner for owner, count in counts.items() if count >= PER_ORGANIZATION]
    if room <= 0:
        return []
    chosen: list[FallbackCall] = []
    rows = _free().exclude(organization__in=full).select_related("fallback__channel")
    tests = rows.filter(event=Event.TEST).order_by("not_before", "id")[:THREADS]
    others = rows.exclude(event=Event.TEST).order_by("not_before", "id")[: THREADS * 25]
    for call in [*tests, *others]:
        if len(chosen) < room and counts[call.organization_id] < PER_ORGANIZATION:
            counts[call.organization_id] += 1
            chosen.append(call)
    return chosen


def _claim(call: FallbackCall) -> bool:
    call.claim = new_id()
    call.claimed_until = clock.now() + CLAIM
    return bool(
        _free().filter(pk=call.pk).update(claim=call.claim, claimed_until=call.claimed_until)
    )


def _make(call: FallbackCall) -> None:
    """On a thread of the pool."""
    try:
        try:
            said, taken = _deliver(call), True
        except NotTaken as refusal:
            said, taken = str(refusal), False
        failpoints.hit("fallback.answered")
        _settle(call, said, taken=taken)
        failpoints.hit("fallback.settled")
    except (OperationalError, InterfaceError) as error:
        logger.warning("fallback call %s is not settled: %s", call.pk, type(error).__name__)
    except Exception:  # a defect of ours: the claim runs out, and it is tried again
        logger.exception("fallback call %s failed", call.pk)
    finally:
        connection.close()


def _deliver(call: FallbackCall) -> str:
    """What the other side said. Raises NotTaken."""
    refuse_in_transaction()
    return _mail(call) if call.kind == Kind.EMAIL else _post(call)


def _settle(call: FallbackCall, said: str, *, taken: bool) -> None:
    now = clock.now()
    attempts = call.attempts + 1
    is_over = call.event == Event.TEST or now - call.created_at > GIVE_UP
    values: dict[str, Any] = {
        "claim": None,
        "claimed_until": None,
        "attempts": attempts,
        "answer": said,
    }
    if taken:
        values |= {"state": State.ACCEPTED, "settled_at": now}
    elif is_over:
        values |= {"state": State.FAILED, "settled_at": now}
    else:
        values |= {"not_before": now + retry_in(attempts)}
    FallbackCall.objects.filter(pk=call.pk, claim=call.claim, state=State.WAITING).update(**values)
    if not taken:
        logger.warning("Fallback %s was not reached: %s", call.fallback_id, said)


# --- mail ----------------------------------------------------------------------------------------


def _mail(call: FallbackCall) -> str:
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
    message = EmailMessage(
        call.content["subject"],
        call.content["text"],
        None,
        call.fallback.addresses,
        headers={"Message-ID": f"<{call.pk}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    try:
        message.connection = get_connection(timeout=WITHIN_SECONDS)
        message.send()
    except (SMTPException, OSError, ValueError) as error:
        raise NotTaken(f"the mail server did not take it: {_mail_error(error)}") from None
    return "the mail server took it"


def _mail_error(error: Exception) -> str:
    """Its own words, where it had some."""
    answer = getattr(error, "smtp_error", b"")
    if answer:
        words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
        return shown(f"{getattr(error, 'smtp_code', '')} {words}".strip())
    recipients = getattr(error, "recipients", None)
    if isinstance(recipients, dict) and recipients:
        address, (code, words) = next(iter(recipients.items()))
        return shown(f"{address}: {code} {words.decode('utf-8', 'replace')}")
    if isinstance(error, TimeoutError):
        return "it took too long"
    return shown(getattr(error, "strerror", None) or type(error).__name__)


# --- webhooks ------------------------------------------------------------------------------------


def _post(call: FallbackCall) -> str:
    try:
        secret = secret_of(call.fallback)
    except CannotDecrypt as error:
        raise NotTaken(str(error)) from None
    status = post_signed(call.fallback.url, secret, call.pk, call.content["body"], WITHIN_SECONDS)
    return f"HTTP {status}"


_pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="fallback")
