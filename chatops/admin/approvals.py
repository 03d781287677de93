"""Console pages of approvals: what programs asked, and what people answered."""

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.console import ConsoleModelAdmin
from accounts.console_buttons import Button
from accounts.console_cells import time_column
from accounts.console_requests import actor_of
from accounts.console_site import site
from accounts.permissions import Capability
from alerts.admin.groups import badge
from chatops.approvals import changes
from chatops.models import Approval
from deliveries.message_links import message_url

TONES = {"open": "info", "answered": "success", "expired": "warning", "cancelled": "warning"}


def take_back(request: HttpRequest, approval: Approval) -> HttpResponse | None:
    """The button Cancel."""
    changes.cancel(actor_of(request), approval)
    return None


def is_open(row: Any) -> bool:
    """Whether anybody may still answer."""
    return bool(row.state == Approval.State.OPEN)


@admin.display(description="State", ordering="state")
def state(approval: Approval) -> SafeString:
    """Open, or what came of it."""
    return badge(TONES[approval.state], approval.get_state_display().lower())


@admin.display(description="Answer")
def answer(approval: Approval) -> SafeString:
    """What was chosen, and by whom."""
    if approval.state != Approval.State.ANSWERED:
        return format_html("{}", "—")
    labels = {choice["value"]: choice["label"] for choice in approval.choices}
    label = labels.get(approval.answer, approval.answer)
    return format_html("<b>{}</b> by {}", label, approval.answered_by)


@admin.register(Approval, site=site)
class ApprovalPage(ConsoleModelAdmin):
    """Questions to chats."""

    can_add = can_change = can_delete = False
    change_form_template = "chatops/approval.html"
    fieldsets = ((None, {"fields": ()}),)
    list_display = (
        time_column("created_at", "Asked"),
        "title",
        state,
        answer,
        "channel",
        time_column("expires_at", "Until"),
    )
    list_filter = ("state", "channel")
    search_fields = ("title",)
    list_select_related = ("channel",)
    empty_text = (
        "An approval is a question that a program puts to a chat, with buttons to answer: POST to "
        "/api/v1/approvals/. None was asked yet."
    )
    buttons: ClassVar[tuple[Button, ...]] = (
        Button("cancel", "Cancel", take_back, needs=Capability.RESPOND, offered=is_open),
    )

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The question, its answer, and what its endpoint was told."""
        approval = cast("Approval", row)
        chat, message = approval.channel.chat, approval.message
        number = message.message_id if message else None
        return {
            "approval": approval,
            "state_badge": state(approval),
            "answer": answer(approval),
            "telegram_url": message_url(chat.chat_id, chat.username, number),
            "calls": list(approval.calls.select_related("endpoint")),
        }
