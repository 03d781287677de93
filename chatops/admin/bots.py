"""The console's page of a bot, with how its updates come in."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from accounts.console_buttons import Button
from accounts.console_requests import actor_of, organization_of
from accounts.console_site import site
from botapi.client import TELEGRAM_API_URL
from channels_app.models import Bot
from chatops.models import InlineChoice, Reception
from chatops.receiving import receptions
from chatops.receiving.reception_advice import Trouble
from chatops.receiving.reception_shown import polled_by, problems_of
from deliveries.admin import pages

site.unregister(Bot)
CHOICES_SHOWN = 5


def take_over(request: HttpRequest, bot: Bot) -> HttpResponse | None:
    """The button Take over."""
    receptions.take_over(actor_of(request), bot)
    return None


def log_out(request: HttpRequest, bot: Bot) -> HttpResponse | None:
    """The button Log out."""
    receptions.leave(actor_of(request), bot, Reception.Errand.LOG_OUT)
    return None


def close(request: HttpRequest, bot: Bot) -> HttpResponse | None:
    """The button Close."""
    receptions.leave(actor_of(request), bot, Reception.Errand.CLOSE)
    return None


def is_foreign(bot: Any) -> bool:
    """Whether another service has its webhook."""
    reception = _reception(bot)
    return bool(reception.problem.get("problem") == Trouble.FOREIGN_WEBHOOK)


def is_at_telegram(bot: Any) -> bool:
    """Whether it can be logged out of Telegram's own server."""
    return bot.enabled and (bot.api_url or settings.TELEGRAM_API_URL) == TELEGRAM_API_URL


def is_at_own_server(bot: Any) -> bool:
    """Whether it can be closed on a server of one's own."""
    return bot.enabled and not is_at_telegram(bot)


def _reception(bot: Any) -> Reception:
    """Read once for a page or a list."""
    if not hasattr(bot, "shown_reception"):
        bot.shown_reception = Reception.objects.filter(pk=bot.pk).first() or Reception(bot=bot)
    found: Reception = bot.shown_reception
    return found


@admin.register(Bot, site=site)
class BotPage(pages.BotPage):
    """Bots, own and lent."""

    buttons: ClassVar[tuple[Button, ...]] = (
        *pages.BotPage.buttons,
        Button("take-over", "Take over", take_over, offered=is_foreign),
        Button("log-out", "Log out of Telegram's server", log_out, offered=is_at_telegram),
        Button("close", "Close on its server", close, offered=is_at_own_server),
    )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A way that was chosen is agreed with Telegram soon."""
        super().save_model(request, obj, form, change)
        receptions.changed(obj)

    def decorate(self, request: HttpRequest, rows: list[Any]) -> None:
        """Each with its reception."""
        super().decorate(request, rows)
        known = Reception.objects.in_bulk([row.pk for row in rows])
        for row in rows:
            row.shown_reception = known.get(row.pk) or Reception(bot=row)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """With how its updates come in, for its owner."""
        context = super().page_context(request, row)
        if row.organization_id != organization_of(request).pk:
            return context
        reception = _reception(row)
        return {
            **context,
            "page_panel": "chatops/bot_panel.html",
            "reception": reception,
            "polled_by": polled_by(reception),
            "reception_problems": problems_of(reception),
            "inline_choices": list(
                InlineChoice.objects.for_organization(row.organization_id)[:CHOICES_SHOWN]
            ),
        }
