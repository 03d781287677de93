"""Whom a fallback tells, and what it took over, in words for people."""

from django.db.models import Prefetch

from alerts.models import Fallback, FallbackCall, TakeOver
from alerts.rendering.times import duration
from botapi.outbound import FetchFailed, host_of


def told_by(fallback: Fallback) -> str:
    """Such as "by e-mail to ada@example.org"; of a URL the host alone, since the rest may be
    secret."""
    if fallback.kind == Fallback.Kind.EMAIL:
        return f"by e-mail to {', '.join(fallback.addresses)}"
    if fallback.kind == Fallback.Kind.CHANNEL:
        return f"to the channel {fallback.target}" if fallback.target else "to no channel"
    return f"to the webhook at {shown_host(fallback)}"


def shown_host(fallback: Fallback) -> str:
    """The host of a webhook; "" where there is none."""
    try:
        return host_of(fallback.url)
    except FetchFailed:
        return ""


def what_it_took(take_over: TakeOver) -> str:
    """A take-over in one sentence, such as "Undelivered for 5 min; sent by e-mail to …"; its
    fallback with the target, and its call are loaded."""
    late = duration(take_over.taken_at - take_over.undelivered_since)
    by, call = told_by(take_over.fallback), take_over.call
    if call is None:
        told = f"about to be sent {by}"
    elif call.state == FallbackCall.State.ACCEPTED:
        told = f"sent {by}"
    else:
        is_over = call.state == FallbackCall.State.FAILED
        said = f" ({call.answer})" if call.answer else ""
        told = f"{'could not be' if is_over else 'being'} sent {by}{said}"
    end = f"; {take_over.get_end_display().lower()}" if take_over.ended_at else ""
    return f"Undelivered for {late}; {told}{end}."


def with_call(lookup: str = "take_overs") -> Prefetch[str]:
    """For GroupMessages: their take-overs as `what_it_took` reads them, in one query."""
    related = ("fallback__target", "call")
    return Prefetch(lookup, TakeOver.objects.select_related(*related).order_by("id"))
