"""Where Telegram can post updates to: what the Bot API says of setWebhook, as words. Pure."""

from typing import Final
from urllib.parse import urlsplit

from botapi.client import TELEGRAM_API_URL

PORTS: Final = (443, 80, 88, 8443)


def why_no_webhook(site_url: str, api_url: str) -> str:
    """Why Telegram could not post to this installation; "" where it may be able to. A Bot API
    server of one's own (`--local`) takes any address."""
    if api_url.rstrip("/") != TELEGRAM_API_URL:
        return ""
    parts = urlsplit(site_url)
    if parts.scheme != "https":
        return (
            f"Telegram posts updates to https addresses alone, and SITE_URL is {site_url}. Put the "
            "installation behind a proxy with a certificate and set SITE_URL, or use long polling."
        )
    if (parts.port or 443) not in PORTS:
        return (
            f"Telegram posts updates to the ports 443, 80, 88 and 8443 alone, and SITE_URL is "
            f"{site_url}. Use one of them, or long polling."
        )
    return ""
