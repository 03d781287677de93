"""Wiring that has to happen once Django is ready."""

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import autodiscover

from config import sentry


class ConfigConfig(AppConfig):
    """Binds `shared_task` to our Celery app and registers the system checks."""

    name = "config"

    def ready(self) -> None:
        """Import what registers itself: the Celery app, checks, the console's pages."""
        from accounts import openapi  # noqa: F401, PLC0415  # models must be loaded first
        from config import celery, checks  # noqa: F401, PLC0415  # as above

        autodiscover()
        if settings.SENTRY_DSN:
            sentry.start(settings.SENTRY_DSN, settings.VERSION)
