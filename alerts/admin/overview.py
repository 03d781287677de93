"""The console's first page, its banners, and the numbers in its navigation."""

from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.console_requests import membership_of, organization_of
from accounts.console_site import Banner, site
from accounts.models import Organization
from alerts.admin.groups import severity, status
from alerts.admin.traces import status_tone
from alerts.group_titles import entitle
from alerts.models import AlertGroup, Integration, Status, Trace
from alerts.models.base import worst_first
from channels_app.bots import bots_usable_by
from channels_app.models import NotificationChannel, Verification
from deliveries.models import Delivery, Probe
from deliveries.selectors import dead_letters

UNROUTED_FOR = timedelta(hours=24)
COUNTED_FOR = 5
"""Seconds for which the navigation's numbers are believed."""


def firing(organization: Organization) -> Any:
    """Open groups that burn."""
    return AlertGroup.objects.for_organization(organization).filter(
        is_open=True, status=Status.FIRING
    )


def overview(request: HttpRequest) -> dict[str, Any]:
    """What the first page shows."""
    organization = organization_of(request)
    groups = firing(organization)
    counts = dict(groups.values_list("severity").annotate(Count("pk")).order_by())
    worst = list(
        groups.select_related("route").order_by(worst_first("severity"), "-changed_at")[:8]
    )
    entitle(organization, worst)
    channels = NotificationChannel.objects.for_organization(organization)
    attention = channels.filter(Q(enabled=False) | Q(verification=Verification.FAILED))
    dead = dead_letters(organization)
    traces = Trace.objects.filter(organization=organization).select_related("integration")[:6]
    steps = first_steps(organization)
    return {
        "severities": [
            (name, tone, counts.get(value, 0))
            for value, name, tone in (
                ("critical", "Critical", "bad"),
                ("high", "High", "bad"),
                ("warning", "Warning", "warn"),
                ("info", "Info", "info"),
                ("", "Unknown", "quiet"),
            )
            if counts.get(value) or value in ("critical", "warning")
        ],
        "firing": [(group, status(group), severity(group)) for group in worst],
        "firing_count": sum(counts.values()),
        "dead_count": dead.count(),
        "dead": dead.select_related("channel", "chat")[:5],
        "attention": attention[:8],
        "traces": [(trace, status_tone(trace.status)) for trace in traces],
        "steps": steps,
        "steps_left": [step for step in steps if not step["done"]],
    }


def first_steps(organization: Organization) -> list[dict[str, Any]]:
    """From nothing to a first alert in Telegram, with what is done already."""
    channel = NotificationChannel.objects.for_organization(organization).first()
    integration = Integration.objects.for_organization(organization).first()
    tested = Delivery.objects.for_organization(organization).filter(state=Delivery.State.SENT)
    tests = Probe.objects.for_organization(organization).filter(
        kind=Probe.Kind.TEST, state=Probe.State.OK
    )
    came_in = Integration.objects.for_organization(organization).filter(
        last_received_at__isnull=False
    )
    return [
        {
            "text": "Add a bot",
            "help": "Talk to @BotFather in Telegram, send /newbot, and paste its token here.",
            "done": bots_usable_by(organization).exists(),
            "url": reverse(f"{site.name}:channels_app_bot_add"),
        },
        {
            "text": "Add a channel",
            "help": "A Telegram chat that the bot may write to.",
            "done": channel is not None,
            "url": reverse(f"{site.name}:channels_app_notificationchannel_add"),
        },
        {
            "text": "Send a test",
            "help": "The message arrives in Telegram within seconds, or you read why not.",
            "done": tests.exists() or tested.exists(),
            "url": _page_of("channels_app_notificationchannel", channel),
        },
        {
            "text": "Create an integration",
            "help": "It has the URL that Alertmanager, Grafana or a script sends alerts to.",
            "done": integration is not None,
            "url": reverse(f"{site.name}:alerts_integration_add"),
        },
        {
            "text": "Send a first alert",
            "help": "Paste the integration's snippet into the sender, or run the shell one.",
            "done": came_in.exists(),
            "url": _page_of("alerts_integration", integration),
        },
    ]


def _page_of(names: str, row: Any) -> str:
    if row is None:
        return reverse(f"{site.name}:{names}_changelist")
    return reverse(f"{site.name}:{names}_change", args=[row.pk])


def unrouted_banner(organization: Organization) -> list[Banner]:
    """Alerts of the last day that no channel shows."""
    since = timezone.now() - UNROUTED_FOR
    found = (
        Trace.objects.for_organization(organization)
        .filter(received_at__gte=since, unrouted__gt=0)
        .order_by("-id")
        .first()
    )
    if found is None:
        return []
    return [
        {
            "level": "warning",
            "text": "Alerts came in that no channel shows. Give a route a channel.",
            "link": reverse(f"{site.name}:alerts_route_changelist"),
            "label": "Open routes",
        }
    ]


def firing_badge(request: HttpRequest) -> str:
    """How many groups burn, for the navigation; "" for none."""
    return _counted(request, "firing", firing)


def dead_letter_badge(request: HttpRequest) -> str:
    """How many dead letters there are, for the navigation; "" for none."""
    return _counted(request, "dead", dead_letters)


def _counted(request: HttpRequest, name: str, rows: Any) -> str:
    membership = membership_of(request)
    if membership is None:
        return ""
    key = f"badge:{name}:{membership.organization_id}"
    number = cache.get(key)
    if number is None:
        number = rows(membership.organization).order_by()[:1000].count()
        cache.set(key, number, COUNTED_FOR)
    return str(number) if number else ""


site.banner_sources.append(unrouted_banner)
site.index_context.append(overview)
