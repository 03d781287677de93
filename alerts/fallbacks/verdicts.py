"""What became of a fallback's test, for console and REST."""

from dataclasses import dataclass
from datetime import timedelta

from alerts.models import Fallback, FallbackCall
from deliveries import clock, selectors
from deliveries.models import Delivery

WITHIN = timedelta(seconds=9)
"""After so long whoever asked has a verdict."""
_OPEN = (Delivery.State.WAITING, Delivery.State.IN_FLIGHT)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`state`: "waiting", "ok" or "failed"; `words`: what was said, or what it waits for."""

    state: str
    words: str


def last_test(fallback: Fallback) -> FallbackCall | None:
    """The newest test."""
    tests = FallbackCall.objects.for_organization(fallback.organization_id).filter(
        fallback=fallback, event=FallbackCall.Event.TEST
    )
    return tests.select_related("delivery__bot", "delivery__channel").order_by("-id").first()


def verdict_of(call: FallbackCall) -> Verdict:
    """Of a test, with its delivery loaded."""
    is_late = clock.now() - call.created_at > WITHIN
    if call.delivery is not None:
        return _of_delivery(call.delivery, is_late=is_late)
    if call.state == FallbackCall.State.WAITING:
        waits = "no worker has taken it yet: check that the worker is running"
        return Verdict("failed" if is_late else "waiting", waits if is_late else "")
    return Verdict("ok" if call.state == FallbackCall.State.ACCEPTED else "failed", call.answer)


def _of_delivery(delivery: Delivery, *, is_late: bool) -> Verdict:
    if delivery.state == Delivery.State.SENT:
        return Verdict("ok", "Telegram took it")
    if delivery.state in _OPEN and not is_late:
        return Verdict("waiting", "")
    if delivery.state in (*_OPEN, Delivery.State.PARKED):
        return Verdict("failed", f"it waits: {selectors.why_waiting(delivery)}")
    return Verdict("failed", f"Telegram says: {delivery.description or delivery.outcome}")
