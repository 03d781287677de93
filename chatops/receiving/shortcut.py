"""Updates are answered before anything is asked that only people's browsers need."""

from alerts.shortcut import HooksMiddleware


class TelegramMiddleware(HooksMiddleware):
    """The same for `chatops/urls.py`."""

    prefix = "/telegram/"
    urls = "chatops.urls"
