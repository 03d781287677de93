"""Celery's way in. A task carries no facts: what is due stands in the database."""

from celery import shared_task

from alerts import publish, purge, sweep
from alerts.escalations import watch as escalation_watch
from alerts.fallbacks import send as fallback_send
from alerts.fallbacks import watch as fallback_watch
from alerts.muting import effects as mute_effects
from alerts.upstreams import look as upstream_look
from alerts.upstreams import sync as upstream_sync
from deliveries import clock, tally


@shared_task(name="alerts.publish")
def publish_due() -> None:
    """Put what is due into the outbox."""
    publish.publish_due()
    tally.note(tally.PUBLISHED, clock.now().timestamp())


@shared_task(name="alerts.sweep")
def sweep_all() -> None:
    """Expiry, and what a lost wake-up left behind."""
    sweep.sweep()


@shared_task(name="alerts.mute")
def apply_mutes() -> None:
    """What begins or ceases to be muted."""
    mute_effects.apply_due()


@shared_task(name="alerts.escalate")
def escalate_due() -> None:
    """Tell others of what nobody acknowledges."""
    escalation_watch.sweep()


@shared_task(name="alerts.fallback-watch")
def watch_fallbacks() -> None:
    """Take over what channels do not show."""
    fallback_watch.sweep()


@shared_task(name="alerts.fallback")
def send_fallbacks() -> None:
    """Mails and POSTs of fallbacks."""
    tally.note(tally.FELL_BACK, clock.now().timestamp())
    fallback_send.send_waiting()


@shared_task(name="alerts.sync")
def sync_silences() -> None:
    """Silences of upstreams and ours; and their alerts, which nobody waits for."""
    tally.note(tally.SYNCED, clock.now().timestamp())
    upstream_look.begin_due()
    upstream_sync.sync_due()


@shared_task(name="alerts.purge")
def purge_old() -> None:
    """Retention."""
    purge.purge()
