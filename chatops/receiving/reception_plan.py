"""What has to be done at Telegram so that updates come the way that a person wants. Pure."""

from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from botapi.results import WebhookInfo

Step = Literal["nothing", "set", "delete", "foreign"]

PREFIX = "/telegram/"
NONE, POLLING, WEBHOOK = "none", "polling", "webhook"


def webhook_url(site_url: str, path: UUID) -> str:
    """Where Telegram posts a bot's updates."""
    return f"{site_url}{PREFIX}{path}/"


def is_ours(url: str, path: UUID) -> bool:
    """Whether a webhook was set by this installation, under whatever address it had then."""
    return urlsplit(url).path.endswith(f"{PREFIX}{path}/")


def host_of(url: str) -> str:
    """What is shown of a webhook: the rest may be somebody's secret."""
    return (urlsplit(url).hostname or "an unknown host")[:200]


def next_step(
    way: str, info: WebhookInfo, wanted: str, path: UUID, kinds: tuple[str, ...], *, is_new: bool
) -> Step:
    """`way` is Bot.updates, `wanted` our URL. `is_new`: the way was not settled before, so that
    the webhook gets a new secret. Somebody else's webhook is left alone."""
    ours = bool(info.url) and is_ours(info.url, path)
    if info.url and not ours:
        return "nothing" if way == NONE else "foreign"
    if way != WEBHOOK:
        return "delete" if ours else "nothing"
    same = info.url == wanted and set(info.allowed_updates or ()) == set(kinds)
    return "nothing" if same and not is_new else "set"
