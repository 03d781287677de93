"""Celery's way in. A task carries no facts: what is due stands in the database."""

from celery import shared_task

from alerts import publish, purge, sweep


@shared_task(name="alerts.publish")
def publish_due() -> None:
    """Put what is due into the outbox."""
    publish.publish_due()


@shared_task(name="alerts.sweep")
def sweep_all() -> None:
    """Expiry, and what a lost wake-up left behind."""
    sweep.sweep()


@shared_task(name="alerts.purge")
def purge_old() -> None:
    """Retention."""
    purge.purge()
