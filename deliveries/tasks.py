"""Celery's way in. A message is a wake-up and carries no facts; all state is in the database."""

from celery import shared_task

from deliveries import clock, dispatcher, health, probing, purge, tally, troubles, wakeup


@shared_task(name="deliveries.dispatch")
def dispatch() -> None:
    """Send what waits."""
    dispatcher.dispatch()


@shared_task(name="deliveries.probe")
def run_probes() -> None:
    """Run the probes that people asked for."""
    tally.note(tally.PROBED, clock.now().timestamp())
    probing.run_pending()


@shared_task(name="deliveries.sweep")
def sweep() -> None:
    """Repair what a lost wake-up or a dead process left behind."""
    health.resume_enabled()
    health.settle_deleted()
    health.reprobe_disabled()
    troubles.sweep()
    tally.note(tally.SWEPT, clock.now().timestamp())
    wakeup.wake_dispatch()


@shared_task(name="deliveries.purge")
def purge_old() -> None:
    """Delete what is past its retention."""
    purge.purge()
