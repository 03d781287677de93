"""The console's page of a bot, with how its updates come in."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.console_buttons import Button
from accounts.console_requests import actor_of, organization_of
from accounts.console_site import ask_first, site
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
    """The button Take over…: the other service is deaf from then on."""
    asked = _ask(
        request,
        bot,
        f"Take over {bot.name}?",
        "Take over",
        "The service that receives its updates now hears nothing of this bot any more.",
    )
    if asked is None:
        receptions.take_over(actor_of(request), bot)
    return asked


def log_out(request: HttpRequest, bot: Bot) -> HttpResponse | None:
    """The button Log out of Telegram's server…"""
    asked = _ask(
        request,
        bot,
        f"Log {bot.name} out of Telegram's server?",
        "Log out",
        "It is for a bot that moves to a Bot API server of your own. The bot is disabled until you "
        "enter that server and the token. Telegram's own takes it back after ten minutes. What is "
        "to be sent waits.",
    )
    if asked is None:
        receptions.leave(actor_of(request), bot, Reception.Errand.LOG_OUT)
    return asked


def close(request: HttpRequest, bot: Bot) -> HttpResponse | None:
    """The button Close on its server…"""
    asked = _ask(
        request,
        bot,
        f"Close {bot.name} on its server?",
        "Close",
        "It is for a bot that moves to another Bot API server. The bot is disabled until you enter "
        "that server and the token. What is to be sent waits.",
    )
    if asked is None:
        receptions.leave(actor_of(request), bot, Reception.Errand.CLOSE)
    return asked


def _ask(
    request: HttpRequest, bot: Bot, question: str, button: str, detail: str
) -> HttpResponse | None:
    back = reverse(f"{site.name}:channels_app_bot_change", args=[bot.pk])
    return ask_first(request, question, button, back, detail)


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
        Button("take-over", "Take over…", take_over, offered=is_foreign),
        Button("log-out", "Log out of Telegram's server…", log_out, offered=is_at_telegram),
        Button("close", "Close on its server…", close, offered=is_at_own_server),
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
