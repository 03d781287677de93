"""Console pages of alert groups and alerts."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.console import ConsoleModelAdmin
from accounts.console_cells import label_chips, lasted, time_column
from accounts.console_requests import organization_of
from accounts.console_site import site
from alerts.group_titles import entitle
from alerts.models import (
    Alert,
    AlertGroup,
    GroupMember,
    GroupMessage,
    Status,
    TimelineEvent,
    Trace,
)
from deliveries.admin.outbox import Story
from deliveries.models import Delivery

SHOWN = 200
"""Rows of a page's tables; more are counted."""
STATUS_TONES = {Status.FIRING: "danger", Status.RESOLVED: "success", Status.EVENT: "info"}
SEVERITY_TONES = {"critical": "danger", "high": "danger", "warning": "warning", "info": "info"}


def badge(tone: str, word: str) -> SafeString:
    """A word in its colour."""
    return format_html('<span class="tocsin-state tocsin-state-{}">{}</span>', tone, word)


@admin.display(description="Status", ordering="status")
def status(row: Any) -> SafeString:
    """Firing, resolved or an event."""
    return badge(STATUS_TONES[Status(row.status)], row.get_status_display())


@admin.display(description="Severity", ordering="severity")
def severity(row: Any) -> SafeString:
    """How bad."""
    return badge(SEVERITY_TONES.get(row.severity, "quiet"), row.get_severity_display())


@admin.register(AlertGroup, site=site)
class GroupPage(ConsoleModelAdmin):
    """Alerts shown together."""

    can_add = can_change = can_delete = False
    change_form_template = "alerts/group.html"
    fieldsets = ((None, {"fields": ()}),)
    list_display = (
        "title",
        status,
        severity,
        time_column("opened_at", "Opened"),
        "count",
        "shown_in",
    )
    list_filter = ("status", "severity", "is_open", "route")
    search_fields = ("title",)
    list_select_related = ("route",)
    empty_text = "No alert has come in yet. Add an integration and paste its URL into a sender."
    empty_link = ("Open integrations", "alerts_integration_changelist")

    def decorate(self, request: HttpRequest, rows: list[Any]) -> None:
        """Name, alerts and channels of each group."""
        organization = organization_of(request)
        entitle(organization, rows)
        members = GroupMember.objects.for_organization(organization).filter(group__in=rows)
        counts = dict(members.values_list("group").annotate(Count("pk")).order_by())
        sent = GroupMessage.objects.for_organization(organization).filter(group__in=rows)
        names: dict[Any, list[str]] = {}
        for group_id, name in sent.values_list("group_id", "channel__name").order_by(
            "channel__name"
        ):
            names.setdefault(group_id, []).append(name)
        for row in rows:
            row.member_count = counts.get(row.pk, 0)
            row.channel_names = names.get(row.pk, [])

    @admin.display(description="Alerts")
    def count(self, group: AlertGroup) -> int:
        """How many."""
        return int(cast("Any", group).member_count)

    @admin.display(description="Channels")
    def shown_in(self, group: AlertGroup) -> SafeString:
        """Where it is shown."""
        names = ", ".join(cast("Any", group).channel_names)
        return format_html("{}", names) if names else badge("warning", "nowhere")

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Its alerts, where it is shown, and what happened."""
        group = cast("AlertGroup", row)
        organization = organization_of(request)
        entitle(organization, [group])
        members = (
            GroupMember.objects.for_organization(organization)
            .filter(group=group)
            .select_related("alert__integration")
            .order_by("alert__status", "-joined_at")
        )
        sent = list(
            GroupMessage.objects.for_organization(organization)
            .filter(group=group)
            .select_related("channel__chat", "message")
        )
        last = latest_deliveries(organization.pk, [message.stream_id for message in sent])
        timeline = TimelineEvent.objects.for_organization(organization).filter(group=group)
        return {
            "subtitle": group.title,
            "group": group,
            "status_badge": status(group),
            "severity_badge": severity(group),
            "labels": label_chips(group.labels),
            "lasted": lasted(group.opened_at, group.closed_at),
            "members": [
                (member.alert, status(member.alert), severity(member.alert))
                for member in members[:SHOWN]
            ],
            "member_count": members.count(),
            "sent": [
                (message, *standing(message, last.get(message.stream_id, []))) for message in sent
            ],
            "timeline": [(event, *told(event)) for event in timeline.order_by("-id")[:SHOWN]],
        }


def told(event: TimelineEvent) -> tuple[list[tuple[str, str, str]], int]:
    """Which alerts a line of the timeline is about, [(ID, name, change of severity), …], and how
    many more."""
    severities = event.data.get("severities")
    named = []
    for number, (pk, name) in enumerate(event.data.get("alerts", [])):
        before, after = severities[number] if severities else ("", "")
        change = f"{before or 'unknown'} → {after or 'unknown'}" if severities else ""
        named.append((pk, name, change))
    return named, event.data.get("count", len(named)) - len(named)


def standing(message: GroupMessage, calls: list[Delivery]) -> tuple[SafeString, list[Delivery]]:
    """How a channel stands to its group, in words; and the calls."""
    states = {call.state for call in calls}
    if not message.channel.enabled or message.parked_at is not None:
        words = badge("warning", "waits: the channel is disabled")
    elif message.due_at is not None or states & {"waiting", "in_flight"}:
        words = badge("info", "on its way")
    elif calls and calls[0].state == "dead":
        words = badge("danger", "undeliverable")
    else:
        words = badge("success", "up to date")
    return words, calls


def latest_deliveries(organization_id: Any, streams: list[Any]) -> dict[Any, list[Delivery]]:
    """The last five calls of each stream, newest first, in one query."""
    found: dict[Any, list[Delivery]] = {}
    rows = (
        Delivery.objects.for_organization(organization_id)
        .filter(stream__in=streams)
        .order_by("-sequence")[:SHOWN]
    )
    for delivery in rows:
        calls = found.setdefault(delivery.stream_id, [])
        if len(calls) < 5:
            calls.append(delivery)
    return found


def group_of(delivery: Delivery) -> Story | None:
    """The group that a call tells of; its stream is the group's in one channel."""
    shown = GroupMessage.objects.for_organization(delivery.organization_id)
    message = shown.filter(stream=delivery.stream_id).select_related("group").first()
    if message is None:
        return None
    entitle(delivery.organization_id, [message.group])
    url = reverse(f"{site.name}:alerts_alertgroup_change", args=[message.group_id])
    return Story("Group", message.group.title, url)


@admin.register(Alert, site=site)
class AlertPage(ConsoleModelAdmin):
    """Single alerts with their episodes."""

    can_add = can_change = can_delete = False
    change_form_template = "alerts/alert.html"
    fieldsets = ((None, {"fields": ()}),)
    list_display = (
        "name",
        status,
        severity,
        "labels_shown",
        "integration",
        time_column("starts_at", "Since"),
    )
    list_filter = ("status", "severity", "integration")
    search_fields = ("name", "summary")
    list_select_related = ("integration",)
    empty_text = "No alert has come in yet. Add an integration and paste its URL into a sender."
    empty_link = ("Open integrations", "alerts_integration_changelist")

    @admin.display(description="Labels")
    def labels_shown(self, alert: Alert) -> SafeString:
        """The first few."""
        told = {
            name: value if len(value) <= 40 else f"{value[:39]}…"
            for name, value in alert.labels.items()
            if value != alert.name and name != "severity"
        }
        return label_chips(dict(sorted(told.items())[:3]))

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Labels, episodes, groups, and the POST that last spoke of it."""
        alert = cast("Alert", row)
        organization = organization_of(request)
        found = AlertGroup.objects.for_organization(organization).filter(members__alert=alert)
        groups = list(found.select_related("route")[:50])
        entitle(organization, groups)
        traces = Trace.objects.for_organization(organization).filter(pk__in=[alert.last_trace_id])
        return {
            "alert": alert,
            "links": [
                (label or kind, url)
                for kind, url, label in alert.links
                if url.startswith(("https://", "http://"))
            ],
            "status_badge": status(alert),
            "severity_badge": severity(alert),
            "labels": label_chips(alert.labels),
            "lasted": lasted(alert.starts_at, alert.ends_at)
            if alert.status != Status.EVENT
            else "",
            "episodes": [
                (episode, lasted(episode.starts_at, episode.ends_at))
                for episode in alert.episodes.all()[:SHOWN]
            ],
            "groups": [(group, status(group)) for group in groups],
            "trace": traces.first(),
        }
