"""Console pages of storms: when many groups were told by one digest."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.console import ConsoleModelAdmin
from accounts.console_cells import lasted, time_column
from accounts.console_requests import organization_of
from accounts.console_site import site
from alerts.admin.groups import SHOWN, badge, latest_deliveries, severity, status
from alerts.group_titles import entitle
from alerts.models import AlertGroup, GroupMessage, Storm
from deliveries.message_links import message_url


@admin.display(description="State", ordering="closed_at")
def state(storm: Storm) -> SafeString:
    """Going on or over."""
    if storm.closed_at is None:
        return badge("warning", "going on")
    return badge("success", "over")


@admin.register(Storm, site=site)
class StormPage(ConsoleModelAdmin):
    """Times in which a channel was told of many groups together."""

    can_add = can_change = can_delete = False
    change_form_template = "alerts/storm.html"
    fieldsets = ((None, {"fields": ()}),)
    list_display = (
        time_column("opened_at", "Began"),
        state,
        "channel",
        "reason",
        "absorbed_groups",
        time_column("closed_at", "Ended"),
    )
    list_filter = ("reason", "channel")
    list_select_related = ("channel",)
    empty_text = "No storm yet: every group was told by a message of its own."

    def decorate(self, request: HttpRequest, rows: list[Any]) -> None:
        """How many groups each tells of."""
        told = GroupMessage.objects.for_organization(organization_of(request))
        counts = dict(
            told.filter(storm__in=rows).values_list("storm").annotate(Count("pk")).order_by()
        )
        for row in rows:
            row.group_count = counts.get(row.pk, 0)

    @admin.display(description="Groups")
    def absorbed_groups(self, storm: Storm) -> int:
        """How many it tells of."""
        return int(cast("Any", storm).group_count)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What its digest says of, and the calls that said it."""
        storm = cast("Storm", row)
        organization = organization_of(request)
        told = GroupMessage.objects.for_organization(organization).filter(storm=storm)
        groups = AlertGroup.objects.for_organization(organization).filter(messages__storm=storm)
        worst = list(groups.order_by("-is_open", "-id")[:SHOWN])
        entitle(organization, worst)
        calls = latest_deliveries(organization.pk, [storm.stream_id]) if storm.stream_id else {}
        return {
            "storm": storm,
            "state_badge": state(storm),
            "lasted": lasted(storm.opened_at, storm.closed_at),
            "telegram_url": telegram_url(storm),
            "group_count": told.count(),
            "groups": [(group, status(group), severity(group)) for group in worst],
            "calls": calls.get(storm.stream_id, []),
        }


def telegram_url(storm: Storm) -> str:
    """Where its digest can be read; "" where Telegram has no such links."""
    chat, message = storm.channel.chat, storm.message
    return message_url(chat.chat_id, chat.username, message.message_id if message else None)
