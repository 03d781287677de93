"""Console pages of alerts."""

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.console import ConsoleModelAdmin
from accounts.console_buttons import Button
from accounts.console_cells import label_chips, lasted, time_column
from accounts.console_requests import organization_of
from accounts.console_site import site
from alerts.admin.groups import SHOWN, SILENCE, severity, status
from alerts.group_titles import entitle
from alerts.models import Alert, AlertGroup, Status, Trace


@admin.register(Alert, site=site)
class AlertPage(ConsoleModelAdmin):
    """Single alerts with their episodes."""

    buttons: ClassVar[tuple[Button, ...]] = (SILENCE,)
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
