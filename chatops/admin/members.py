"""Console: members, with the Telegram accounts by which the organization's bots know them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from accounts import admin as accounts_admin
from accounts.console_buttons import Button
from accounts.console_cells import time_column
from accounts.console_requests import actor_of, can, organization_of
from accounts.console_site import site
from accounts.models import Membership
from accounts.permissions import Capability
from chatops.linking import people


def unlink(request: HttpRequest, row: Membership) -> HttpResponse | None:
    """The button Unlink Telegram."""
    people.unlink_member(actor_of(request), row)
    return None


def is_linked(row: Membership) -> bool:
    """Whether there is something to unlink."""
    return bool(people.seen_by(row.organization_id, [row]))


@admin.register(Membership, site=site)
class MemberPage(accounts_admin.MemberPage):
    """People, their roles and their Telegram accounts."""

    list_display = ("user", "role", "telegram", time_column("created_at", "Since"))
    buttons: ClassVar[tuple[Button, ...]] = (
        Button("unlink", "Unlink Telegram", unlink, Capability.OWN, is_linked),
    )

    def decorate(self, request: HttpRequest, rows: list[Any]) -> None:
        """Who is linked: for those who manage, and by name alone."""
        shown = can(request, Capability.MANAGE)
        found = people.seen_by(organization_of(request), rows) if shown else {}
        for row in rows:
            accounts = found.get(row.pk, [])
            row.shown_telegram = ", ".join(dict.fromkeys(str(one) for one in accounts)) or (
                "not linked" if shown else "—"
            )

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """With whose account it is, for those who manage."""
        context = super().page_context(request, row)
        if not can(request, Capability.MANAGE):
            return context
        found = people.seen_by(organization_of(request), [row])
        return {
            **context,
            "page_panel": "chatops/member_panel.html",
            "accounts": found.get(row.pk, []),
        }

    @admin.display(description="Telegram")
    def telegram(self, row: Any) -> str:
        """As Telegram shows them."""
        return str(row.shown_telegram)
