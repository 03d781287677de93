"""Console page of troubles: what keeps alerts from arriving, since when, and who was told."""

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.console import ConsoleModelAdmin
from accounts.console_cells import lasted, time_column
from accounts.console_requests import membership_of
from accounts.console_site import Banner, site
from accounts.models import Organization
from deliveries import trouble_rules
from deliveries.models import Trouble
from deliveries.trouble_rules import Kind

BANNERS = (Kind.LATE, Kind.DEAD_LETTERS, Kind.FALLBACK)
"""Disabled bots and channels, and bots without an answer, have banners of their own."""


def state(trouble: Trouble) -> SafeString:
    """Whether it is there still."""
    tone, word = ("danger", "There") if trouble.recovered_at is None else ("success", "Over")
    return format_html('<span class="tocsin-state tocsin-state-{}">{}</span>', tone, word)


def known(rows: QuerySet[Trouble]) -> QuerySet[Trouble]:
    """Without those that may be over before they are worth a word."""
    return rows.exclude(told_at=None, tell_at__gt=timezone.now())


@admin.register(Trouble, site=site)
class TroublePage(ConsoleModelAdmin):
    """Troubles, the newest first."""

    can_add = can_change = can_delete = False
    change_form_template = "deliveries/trouble.html"
    list_display = (
        "what",
        "state_shown",
        time_column("opened_at", "Since"),
        "length",
        time_column("told_at", "Told", "not yet"),
    )
    list_filter = ("kind",)
    fieldsets = ((None, {"fields": ()}),)
    empty_text = "No trouble. Whatever keeps alerts from arriving is listed here."
    ordering: ClassVar[tuple[str, ...]] = ("-id",)

    def of_organization(self, queryset: QuerySet[Any], organization: Organization) -> QuerySet[Any]:
        """The organization's own that are worth a word."""
        return known(super().of_organization(queryset, organization))

    @admin.display(description="What")
    def what(self, trouble: Trouble) -> str:
        """In words."""
        return trouble_rules.title(trouble)

    @admin.display(description="State", ordering="recovered_at")
    def state_shown(self, trouble: Trouble) -> SafeString:
        """The badge."""
        return state(trouble)

    @admin.display(description="For")
    def length(self, trouble: Trouble) -> str:
        """How long it lasts, or did."""
        return lasted(trouble.opened_at, trouble.recovered_at)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The trouble in words, and the page that mends it."""
        trouble = cast("Trouble", row)
        return {
            "trouble": trouble,
            "title": trouble_rules.title(trouble),
            "badge": state(trouble),
            "length": lasted(trouble.opened_at, trouble.recovered_at),
            "advice": [text for text in (trouble.advice, trouble_rules.advice(trouble)) if text],
            "place": place(trouble),
        }


def place(trouble: Trouble) -> tuple[str, str] | None:
    """(URL, label) of where it is mended."""
    if trouble.kind == Kind.CHANNEL_DISABLED:
        names, label = "channels_app_notificationchannel", "Open the channel"
    elif trouble.kind in (Kind.BOT_DISABLED, Kind.BOT_UNREACHABLE):
        names, label = "channels_app_bot", "Open the bot"
    else:
        url = reverse(f"{site.name}:deliveries_delivery_changelist")
        wanted = "dead" if trouble.kind == Kind.DEAD_LETTERS else "waiting"
        return f"{url}?state__exact={wanted}", "Open the deliveries"
    return reverse(f"{site.name}:{names}_change", args=[trouble.subject]), label


def open_banners(organization: Organization) -> list[Banner]:
    """What no other banner says."""
    rows = Trouble.objects.for_organization(organization).filter(
        recovered_at=None, kind__in=BANNERS
    )
    return [
        {
            "level": "error",
            "text": f"{trouble_rules.title(row)}.",
            "link": reverse(f"{site.name}:deliveries_trouble_change", args=[row.pk]),
            "label": "Look",
        }
        for row in known(rows)[:3]
    ]


def installation(request: HttpRequest) -> dict[str, Any]:
    """The installation's own troubles, for its operators' overview."""
    if not getattr(request.user, "is_superuser", False) or membership_of(request) is None:
        return {}
    rows = known(Trouble.objects.filter(organization=None, recovered_at=None))
    return {
        "installation_troubles": [
            (trouble_rules.title(row), trouble_rules.advice(row), row.opened_at) for row in rows[:5]
        ]
    }


def open_badge(request: HttpRequest) -> str:
    """How many are there now, for the navigation; "" for none."""
    membership = membership_of(request)
    if membership is None:
        return ""
    rows = Trouble.objects.for_organization(membership.organization).filter(
        Q(told_at__isnull=False) | Q(tell_at__lte=timezone.now()), recovered_at=None
    )
    number = rows.order_by()[:1000].count()
    return str(number) if number else ""


site.banner_sources.append(open_banners)
site.index_context.append(installation)
