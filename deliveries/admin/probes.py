"""Checks and tests on the console: the buttons, and the verdict that appears in place."""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.console_buttons import Button
from accounts.console_forms import WritingPage
from accounts.console_requests import actor_of, is_htmx, organization_of
from accounts.console_site import site
from accounts.permissions import Capability
from channels_app.admin import LABELS, state_of
from channels_app.models import Bot, NotificationChannel
from deliveries import probe
from deliveries.message_links import message_url
from deliveries.models import Probe

OPEN = (Probe.State.PENDING, Probe.State.RUNNING)
SHOWN_IN_LISTS = timedelta(minutes=3)
"""A verdict stays in a list's row so long after it was asked for."""
SLOW = timedelta(seconds=12)
ASKS_FOR = timedelta(minutes=2)


def ask(kind: str, row: Bot | NotificationChannel, request: HttpRequest) -> Probe:
    """Have it checked or tested."""
    bot, channel = (row, None) if isinstance(row, Bot) else (row.chat.bot, row)
    return probe.request_probe(kind, bot, channel, actor_of(request))


def check(request: HttpRequest, row: Bot | NotificationChannel) -> HttpResponse | None:
    """The button Check now."""
    kind = Probe.Kind.BOT if isinstance(row, Bot) else Probe.Kind.CHANNEL
    return _asked(request, row, ask(kind, row, request))


def send_test(request: HttpRequest, row: NotificationChannel) -> HttpResponse | None:
    """The button Send test."""
    return _asked(request, row, ask(Probe.Kind.TEST, row, request))


CHECK = Button("check", "Check now", check, needs=Capability.RESPOND, in_list=True, in_place=True)
TEST = Button(
    "test",
    "Send test",
    send_test,
    needs=Capability.RESPOND,
    in_list=True,
    in_place=True,
    primary=True,
)


def state_span(row: Bot | NotificationChannel) -> SafeString:
    """The state of a row; a verdict that comes in replaces it."""
    word = state_of(row)
    return format_html(
        '<span id="state-{}" class="tocsin-state tocsin-state-{}">{}</span>',
        row.pk,
        LABELS[word],
        word,
    )


def verdict_context(row: Bot | NotificationChannel, shown: Probe) -> dict[str, Any]:
    """What deliveries/probe.html shows of one probe."""
    age = timezone.now() - shown.created_at
    target = shown.delivery.target if shown.delivery is not None else None
    chat = target.chat if target is not None else None
    word = state_of(row)
    name = row._meta.model_name
    return {
        "probe": shown,
        "row": row,
        "is_open": shown.state in OPEN,
        "waits_long": shown.state == Probe.State.PENDING and age > SLOW,
        "asks_again": age < ASKS_FOR,
        "url": reverse(f"{site.name}:channels_app_{name}_probe", args=[row.pk, shown.pk]),
        "chat": chat,
        "message_id": target.message_id if target is not None else None,
        "message_url": message_url(chat.chat_id, chat.username, target.message_id)
        if chat is not None and target is not None
        else "",
        "delivery_url": reverse(f"{site.name}:deliveries_delivery_change", args=[shown.delivery_id])
        if shown.delivery_id
        else "",
        "state": {"word": word, "tone": LABELS[word]},
    }


def verdict_html(row: Bot | NotificationChannel, shown: Probe | None) -> str:
    """The verdict as a part of a page: the state outside of it is drawn by the page itself."""
    if shown is None:
        return ""
    return render_to_string("deliveries/probe.html", {**verdict_context(row, shown), "state": None})


def recent_probes(organization_id: UUID, rows: list[Any], **filters: Any) -> dict[UUID, Probe]:
    """The latest probe of each bot or channel, in one query."""
    field = "bot_id" if rows and isinstance(rows[0], Bot) else "channel_id"
    if field == "bot_id":
        filters["channel"] = None
    found = (
        Probe.objects.for_organization(organization_id)
        .filter(**{f"{field}__in": [row.pk for row in rows]}, **filters)
        .select_related("delivery__target__chat")
        .order_by("created_at")
    )
    return {getattr(one, field): one for one in found}


def _asked(
    request: HttpRequest, row: Bot | NotificationChannel, asked: Probe
) -> HttpResponse | None:
    if is_htmx(request):
        return render(request, "deliveries/probe.html", verdict_context(row, asked))
    return None


def _counts(one: Probe, row: Bot | NotificationChannel) -> bool:
    """What was found before it was disabled says nothing any more."""
    return row.disabled_at is None or one.created_at >= row.disabled_at


class ProbingPage(WritingPage):
    """A page of bots or channels: what is saved is checked, and the verdict comes by itself."""

    buttons: ClassVar[tuple[Button, ...]] = (CHECK,)
    stay_after_save = True

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The form has written; Telegram is asked after commit."""
        super().save_model(request, obj, form, change)
        kind = Probe.Kind.BOT if isinstance(obj, Bot) else Probe.Kind.CHANNEL
        ask(kind, obj, request)

    def more_urls(self) -> list[URLPattern]:
        """The part of the page that shows a probe."""
        return [
            path(
                "<path:object_id>/probe/<uuid:probe_id>/",
                self.admin_site.admin_view(self.probe_view),
                name=f"{self.opts.app_label}_{self.opts.model_name}_probe",
            ),
            *super().more_urls(),
        ]

    def probe_view(self, request: HttpRequest, object_id: str, probe_id: UUID) -> HttpResponse:
        """How far one check or test of this row is."""
        row = self.row_or_404(request, object_id)
        field = "bot" if isinstance(row, Bot) else "channel"
        found = (
            Probe.objects.for_organization(organization_of(request))
            .filter(pk=probe_id, **{field: row})
            .select_related("delivery__target__chat")
            .first()
        )
        if found is None:
            raise Http404
        row.refresh_from_db()  # its state is stored with the verdict, perhaps just now
        return render(request, "deliveries/probe.html", verdict_context(row, found))

    def decorate(self, request: HttpRequest, rows: list[Any]) -> None:
        """Each row's verdict of the last minutes."""
        since = timezone.now() - SHOWN_IN_LISTS
        found = recent_probes(organization_of(request).pk, rows, created_at__gte=since)
        for row in rows:
            row.shown_probe = found.get(row.pk)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The state and the latest check and test."""
        organization = organization_of(request).pk
        kinds = [Probe.Kind.BOT] if isinstance(row, Bot) else [Probe.Kind.CHANNEL, Probe.Kind.TEST]
        latest = [recent_probes(organization, [row], kind=kind).get(row.pk) for kind in kinds]
        row.refresh_from_db()  # its state is stored with a verdict, perhaps just now
        if isinstance(row, Bot) and row.organization_id != organization:
            row.verdict.pop("telegram", None)  # it may tell of its owner's network
        return {
            **super().page_context(request, row),
            "page_panel": "deliveries/state_panel.html",
            "row_state": state_span(row),
            "row": row,
            "verdicts": [verdict_html(row, one) for one in latest if one and _counts(one, row)],
        }

    def ask_for_all(self, kind: str, request: HttpRequest, rows: list[Any]) -> None:
        """As the list's actions do."""
        with transaction.atomic():
            for row in rows:
                ask(kind, row, request)
        self.message_user(
            request,
            f"Asked for {len(rows)}. Each verdict appears in its row.",
            messages.INFO,
        )
