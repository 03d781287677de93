"""Console pages of updates: what Telegram told, and what came of it."""

import json
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.console import ConsoleModelAdmin
from accounts.console_buttons import Button
from accounts.console_cells import time_column
from accounts.console_requests import actor_of, organization_of
from accounts.console_site import site
from accounts.models import Organization
from accounts.permissions import Capability
from chatops.models import InboundUpdate
from chatops.receiving import inbox

State = InboundUpdate.State
TONES = {State.WAITING: "info", State.DONE: "success", State.DEAD: "danger"}


def retry(request: HttpRequest, update: InboundUpdate) -> HttpResponse | None:
    """The button Retry."""
    inbox.retry(actor_of(request), update)
    return None


def is_dead(update: Any) -> bool:
    """Whether Retry makes sense."""
    return bool(update.state == State.DEAD)


@admin.register(InboundUpdate, site=site)
class UpdatePage(ConsoleModelAdmin):
    """Of the organization's own chats and people, and of its bots what nobody here is known by: of
    that the kind and the time alone, for it is strangers' talk, or another organization's that
    borrows the bot and was not heard yet."""

    view_needs = Capability.MANAGE
    can_add = can_change = can_delete = False
    change_form_template = "chatops/update.html"
    buttons: ClassVar[tuple[Button, ...]] = (
        Button("retry", "Retry", retry, offered=is_dead, in_list=True, primary=True),
    )
    list_display = (
        time_column("received_at", "Received"),
        "kind",
        "state_shown",
        "bot",
        "said",
        "came_of_it",
    )
    list_filter = ("state", "bot", "kind")
    list_select_related = ("bot",)
    fieldsets = ((None, {"fields": ()}),)
    empty_text = (
        "Telegram told nothing yet. Choose on a bot's page how its updates shall come, then write "
        "to the bot."
    )
    empty_link = ("Open bots", "channels_app_bot_changelist")

    def of_organization(self, queryset: QuerySet[Any], organization: Organization) -> QuerySet[Any]:
        """Its own, and what its bots heard of nobody."""
        nobodys = Q(organization=None, bot__organization=organization)
        return queryset.filter(Q(organization=organization) | nobodys)

    def _own(self, request: HttpRequest, obj: Any) -> bool:
        """Nobody's are its bot's owner's to try again."""
        owner = obj.organization_id or obj.bot.organization_id
        return bool(owner == organization_of(request).pk)

    @admin.display(description="State", ordering="state")
    def state_shown(self, update: InboundUpdate) -> SafeString:
        """In a word."""
        return format_html(
            '<span class="tocsin-state tocsin-state-{}">{}</span>',
            TONES[State(update.state)],
            update.get_state_display(),
        )

    @admin.display(description="What")
    def said(self, update: InboundUpdate) -> str:
        """The beginning of its text, of the organization's own."""
        if update.organization_id is None:
            return "from nobody known here"
        body = update.payload.get(update.kind)
        text = body.get("text") or body.get("data") or "" if isinstance(body, dict) else ""
        return text if len(text) <= 60 else f"{text[:59]}…"

    @admin.display(description="What came of it", ordering="outcome")
    def came_of_it(self, update: InboundUpdate) -> str:
        """In words."""
        return update.outcome or "—"

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """All that may be seen of it."""
        own = row.organization_id == organization_of(request).pk
        payload = json.dumps(row.payload, indent=2, ensure_ascii=False) if own else ""
        return {"update": row, "state_badge": self.state_shown(row), "payload": payload}
