"""Console pages of traces: what became of each POST, from its first byte to Telegram's answer."""

from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.console import ConsoleModelAdmin
from accounts.console_cells import time_column
from accounts.console_requests import organization_of
from accounts.console_site import site
from accounts.models import Organization
from alerts.admin.groups import badge, latest_deliveries, standing, status
from alerts.group_titles import entitle
from alerts.models import Alert, AlertGroup, GroupMessage, Trace
from alerts.sources.incoming import Source

SHOWN = 100
SOURCES: dict[str, str] = {
    Source.ALERTMANAGER: "Alertmanager",
    Source.GRAFANA: "Grafana",
    Source.GRAFANA_LEGACY: "Grafana's old alerts",
    Source.PROMETHEUS: "Prometheus",
    Source.GENERIC: "JSON or form",
    Source.TEXT: "text",
    Source.MAPPED: "JSON by its mapping",
    Source.HEARTBEAT: "heartbeat",
}
WHAT_TO_DO = {
    400: "Compare the body below with the reason, or send it as JSON with a title or message.",
    401: "Give the sender this integration's signature secret, or take the secret away here.",
    403: "Switch the integration on, or take it out of the sender.",
    413: "Send fewer alerts in one POST.",
    415: "Let the sender use gzip, deflate or no Content-Encoding, and JSON, a form or text.",
    422: "Use a new Idempotency-Key for a new body.",
    503: "The sender tries again by itself. Raise the limit when it happens often.",
}


def status_tone(number: int) -> str:
    """Of an HTTP status."""
    if number < 300:
        return "success"
    return "warning" if number >= 500 else "danger"


@admin.register(Trace, site=site)
class TracePage(ConsoleModelAdmin):
    """POSTs of alerts, also the refused ones."""

    can_add = can_change = can_delete = False
    change_form_template = "alerts/trace.html"
    fieldsets = ((None, {"fields": ()}),)
    list_display = (
        time_column("received_at", "Received"),
        "answer",
        "integration",
        "outcome",
        "read_as",
        "duration",
    )
    list_filter = ("integration", "status")
    search_fields = ("summary", "remote_addr")
    list_select_related = ("integration",)
    empty_text = "No POST has come in yet. Add an integration, then run its shell snippet."
    empty_link = ("Open integrations", "alerts_integration_changelist")

    @admin.display(description="Answer", ordering="status")
    def answer(self, trace: Trace) -> SafeString:
        """The HTTP status."""
        return badge(status_tone(trace.status), str(trace.status))

    @admin.display(description="Outcome")
    def outcome(self, trace: Trace) -> SafeString:
        """What it did, and what is wrong with it."""
        marks = []
        if trace.unrouted:
            marks.append(f"{trace.unrouted} without a channel")
        if trace.problems:
            marks.append(f"{len(trace.problems)} problems")
        more = (
            format_html(' <span class="tocsin-warn">{}</span>', ", ".join(marks)) if marks else ""
        )
        return format_html("{}{}", trace.summary, more)

    @admin.display(description="Read as", ordering="source")
    def read_as(self, trace: Trace) -> str:
        """The shape of its payload."""
        return SOURCES.get(trace.source, trace.source) or "—"

    @admin.display(description="Took")
    def duration(self, trace: Trace) -> str:
        """Milliseconds."""
        return f"{trace.duration_ms} ms"

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The whole story."""
        trace = cast("Trace", row)
        return {
            "trace": trace,
            "answer_badge": badge(status_tone(trace.status), _answer(trace.status)),
            "read_as": self.read_as(trace),
            "what_to_do": WHAT_TO_DO.get(trace.status, ""),
            "story": story_of(organization_of(request), trace),
            "alert_count": len(trace.alerts),
        }

    def more_urls(self) -> list[URLPattern]:
        """What came with unknown keys."""
        return [
            path(
                "unknown-keys/",
                self.admin_site.admin_view(self.unknown_keys),
                name="alerts_trace_unknown_keys",
            )
        ]

    def unknown_keys(self, request: HttpRequest) -> HttpResponse:
        """POSTs that belong to no organization, for the operator alone."""
        if not request.user.is_superuser:
            raise Http404
        return TemplateResponse(
            request,
            "alerts/unknown_keys.html",
            {
                **self.admin_site.each_context(request),
                "title": "POSTs with unknown keys",
                "traces": Trace.objects.filter(organization=None)[:SHOWN],
            },
        )


def _answer(number: int) -> str:
    try:
        return f"{number} {HTTPStatus(number).phrase}"
    except ValueError:
        return str(number)


def story_of(organization: Organization, trace: Trace) -> list[dict[str, Any]]:
    """Each alert of the POST with its groups, and where these were shown: in five queries."""
    told = trace.alerts[:SHOWN]
    alert_ids = [UUID(entry[0]) for entry in told]
    group_ids = {UUID(group) for entry in told for group in entry[2]}
    alerts = Alert.objects.for_organization(organization).in_bulk(alert_ids)
    groups = (
        AlertGroup.objects.for_organization(organization)
        .select_related("route")
        .in_bulk(list(group_ids))
    )
    entitle(organization, groups.values())
    sent = list(
        GroupMessage.objects.for_organization(organization)
        .filter(group__in=group_ids)
        .select_related("channel")
    )
    calls = latest_deliveries(organization.pk, [message.stream_id for message in sent])
    shown: dict[UUID, list[Any]] = {}
    for message in sent:
        since = [
            call
            for call in calls.get(message.stream_id, [])
            if call.settled_at is None or call.settled_at >= trace.received_at
        ]
        shown.setdefault(message.group_id, []).append((message, *standing(message, since)))
    return [
        {
            "alert": alerts.get(UUID(entry[0])),
            "effect": entry[1],
            "groups": [
                (group, status(group), shown.get(group.pk, []))
                for group in (groups.get(UUID(identifier)) for identifier in entry[2])
                if group is not None
            ],
        }
        for entry in told
    ]
