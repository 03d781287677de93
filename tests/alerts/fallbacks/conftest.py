"""Receivers that settings point at."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.alerts.fallbacks.receivers import MailServer, Receiver


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    with MailServer().running() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield server


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    with Receiver().running() as server:
        settings.OUTBOUND_ALLOWED_HOSTS = frozenset({f"127.0.0.1:{server.port}"})
        yield server
