"""System checks for what can be set wrongly; each says what to do."""

import base64
import binascii
import ipaddress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from accounts.console import site
from accounts.console_checks import check_console


@register(Tags.security)
def check_encryption_keys(**kwargs: Any) -> list[CheckMessage]:
    """ENCRYPTION_KEYS are `id:base64` of 32 bytes, with different IDs."""
    problems: list[CheckMessage] = []
    seen: set[str] = set()
    if not settings.ENCRYPTION_KEYS:
        problems.append(Error("ENCRYPTION_KEYS is empty.", id="tocsin.E001"))
    for number, entry in enumerate(settings.ENCRYPTION_KEYS, 1):
        key_id, _, encoded = entry.partition(":")
        try:
            size = len(base64.urlsafe_b64decode(encoded))
        except (binascii.Error, ValueError):
            size = 0
        if not key_id or size != 32 or key_id in seen:
            problems.append(
                Error(
                    f"ENCRYPTION_KEYS entry {number} is not a new `id:base64 of 32 bytes`.",
                    hint='Make one with: python -c "import base64,secrets;'
                    "print('k2:'+base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())\"",
                    id="tocsin.E002",
                )
            )
        seen.add(key_id)
    return problems


@register(Tags.admin)
def check_pages(**kwargs: Any) -> list[CheckMessage]:
    """No console page goes round the wall between organizations."""
    return check_console(site)


@register(Tags.urls)
def check_urls(**kwargs: Any) -> list[CheckMessage]:
    """SITE_URL and TELEGRAM_API_URL are absolute."""
    return [
        Error(
            f"{name} must start with http:// or https://, not {getattr(settings, name)!r}.",
            id="tocsin.E003",
        )
        for name in ("SITE_URL", "TELEGRAM_API_URL")
        if not getattr(settings, name).startswith(("http://", "https://"))
    ]


@register(Tags.urls)
def check_watching(**kwargs: Any) -> list[CheckMessage]:
    """HEARTBEAT_URL can be asked for, and METRICS_ALLOWED and TRUSTED_PROXIES are networks."""
    problems: list[CheckMessage] = []
    try:
        parts = urlsplit(settings.HEARTBEAT_URL)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if settings.HEARTBEAT_URL and not is_url:  # not shown: it is a secret
        problems.append(
            Error("HEARTBEAT_URL must be an http:// or https:// URL.", id="tocsin.E004")
        )
    if settings.HEARTBEAT_SECONDS < 1:
        problems.append(
            Error(
                f"HEARTBEAT_SECONDS must be 1 or more, not {settings.HEARTBEAT_SECONDS}.",
                id="tocsin.E005",
            )
        )
    for name in ("METRICS_ALLOWED", "TRUSTED_PROXIES"):
        for network in getattr(settings, name):
            try:
                ipaddress.ip_network(network)
            except ValueError:
                problems.append(
                    Error(
                        f"{name}: {network!r} is no network. Write it as 10.0.0.0/8 or 192.0.2.7.",
                        id="tocsin.E006",
                    )
                )
    return problems


@register(Tags.compatibility)
def check_broker(**kwargs: Any) -> list[CheckMessage]:
    """Without a broker shared by all processes wake-ups are lost and sweeps deliver late."""
    if settings.CELERY_BROKER_URL.startswith("memory:") and not settings.EMBEDDED_DATABASE:
        return [
            checks.Warning(
                "No CELERY_BROKER_URL: messages leave only when a sweep finds them.",
                hint="Set CELERY_BROKER_URL or REDIS_URL, such as redis://localhost:6379/0.",
                id="tocsin.W001",
            )
        ]
    return []
