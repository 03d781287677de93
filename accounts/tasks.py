"""Celery's way in."""

from celery import shared_task

from accounts import purge as purging


@shared_task(name="accounts.purge")
def purge() -> None:
    """Forget what is old."""
    purging.purge()
