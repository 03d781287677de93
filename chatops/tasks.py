"""Celery's way in. A task carries no facts: what waits stands in the database."""

from celery import shared_task

from chatops import chat_menus, menus, processing, purge
from chatops.actions import runs
from chatops.approvals import changes as approvals
from chatops.conversations import sweep as conversations
from chatops.endpoints import send as endpoints
from chatops.handlers.commands import table
from chatops.linking import arrivals
from chatops.one_by_one import each
from chatops.personal import assigned
from chatops.receiving import agreeing
from chatops.reminders import changes as reminders
from deliveries import clock, tally

SWEEPS = (
    processing.free_what_the_gone_claimed,
    approvals.expire_due,
    runs.end_due,
    reminders.fire_due,
    conversations.end_expired,
    arrivals.sweep,
    assigned.tell_due,
)


@shared_task(name="chatops.process")
def process() -> None:
    """Handle the updates that wait."""
    processing.process_due()


@shared_task(name="chatops.sweep")
def sweep() -> None:
    """Settle what is over by the clock."""
    each(SWEEPS, lambda settle: settle())


@shared_task(name="chatops.leave")
def leave() -> None:
    """Leave chats that nobody wanted."""
    arrivals.leave_due()


@shared_task(name="chatops.call")
def call_endpoints() -> None:
    """Make the calls to endpoints that wait."""
    endpoints.send_waiting()


@shared_task(name="chatops.agree")
def agree() -> None:
    """Have updates come the way that people want, as far as Telegram does not know it yet."""
    tally.note(tally.AGREED, clock.now().timestamp())
    agreeing.agree_due()


@shared_task(name="chatops.purge")
def purge_old() -> None:
    """Delete what is past its retention."""
    purge.purge()


@shared_task(name="chatops.commands")
def commands() -> None:
    """Tell Telegram which commands its clients list."""
    told = table.menus()
    menus.tell_all(told)
    chat_menus.tell_all(told)
