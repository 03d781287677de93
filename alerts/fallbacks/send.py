"""Mails and POSTs of fallbacks, on the network: at least once, retried until the other side took
them.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import QuerySet

from alerts.fallbacks.changes import secret_of
from alerts.fallbacks.rules import GIVE_UP, retry_in
from alerts.models import Fallback, FallbackCall
from botapi import failpoints
from botapi.errors import shown
from channels_app.bots import refuse_in_transaction
from channels_app.encryption import CannotDecrypt
from deliveries import clock, outgoing
from deliveries.signed_post import NotTaken, post_signed

logger = logging.getLogger(__name__)

WITHIN_SECONDS = 8.0
"""For a whole POST, so that a test has its verdict within 10 s."""
CLAIM = timedelta(seconds=60)
Event = FallbackCall.Event
Kind = Fallback.Kind


def send_waiting(seconds: float = outgoing.RUN_SECONDS) -> int:
    """Make the calls that wait until none is due, at most about so long; returns how many."""
    return _CALLS.send_waiting(seconds)


def _in_order(rows: QuerySet[FallbackCall], most: int) -> Iterable[FallbackCall]:
    """Tests first, since people wait for them."""
    rows = rows.select_related("fallback__channel").order_by("not_before", "id")
    yield from rows.filter(event=Event.TEST)[: outgoing.THREADS]
    yield from rows.exclude(event=Event.TEST)[:most]


def _claim(call: FallbackCall) -> bool:
    if not outgoing.claim(call, CLAIM):
        return False
    failpoints.hit("fallback.claimed")
    return True


def _make(call: FallbackCall) -> None:
    try:
        said, taken = _deliver(call), True
    except NotTaken as refusal:
        said, taken = str(refusal), False
    failpoints.hit("fallback.answered")
    _settle(call, said, taken=taken)
    failpoints.hit("fallback.settled")


def _deliver(call: FallbackCall) -> str:
    """What the other side said. Raises NotTaken."""
    refuse_in_transaction()
    return _mail(call) if call.kind == Kind.EMAIL else _post(call)


def _settle(call: FallbackCall, said: str, *, taken: bool) -> None:
    now = clock.now()
    is_over = call.event == Event.TEST or now - call.created_at > GIVE_UP
    again_at = None if is_over else now + retry_in(call.attempts + 1)
    outgoing.settle(call, taken=taken, again_at=again_at, answer=said)
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


_CALLS = outgoing.Outgoing(FallbackCall, in_order=_in_order, claim=_claim, make=_make)
