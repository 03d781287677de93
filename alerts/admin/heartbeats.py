"""Console pages of heartbeats: what has to ping in time, and what to paste so that it does."""

from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.console_buttons import Button
from accounts.console_cells import lasted, moment, time_column
from accounts.console_forms import WritingForm, WritingPage
from accounts.console_requests import actor_of, can, organization_of
from accounts.console_site import site
from accounts.permissions import Capability
from accounts.zones import ZoneField
from alerts.admin.matcher_fields import MatchersField
from alerts.durations import DurationError, format_seconds, parse_seconds
from alerts.heartbeats import changes as heartbeats
from alerts.heartbeats.rules import State, state_of
from alerts.heartbeats.snippets import heartbeat_snippets
from alerts.heartbeats.state import facts_of
from alerts.models import Heartbeat, Integration
from deliveries import clock

WORDS: dict[State, tuple[str, str]] = {
    State.NEW: ("Waits for its first ping", "quiet"),
    State.UP: ("Up", "success"),
    State.STARTED: ("Running", "info"),
    State.LATE: ("Late", "warning"),
    State.DOWN: ("Down", "danger"),
    State.PAUSED: ("Paused", "quiet"),
}
_CODE = {"autocomplete": "off", "spellcheck": "false"}


class SecondsField(forms.CharField):
    """Seconds, as people write them: 10m, 1h30m, 1d."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        """As people write it."""
        return format_seconds(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        """Whole seconds; None for nothing."""
        if not value:
            return None
        try:
            return parse_seconds(str(value))
        except DurationError as error:
            raise forms.ValidationError(str(error)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the length differs."""
        return bool(self.prepare_value(initial) != data)


class LabelsField(forms.CharField):
    """Labels, one `name=value` a line ⇄ a dict."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 2, "class": "tocsin-code", **_CODE})

    def prepare_value(self, value: Any) -> Any:
        """As people write them."""
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{name}={text}" for name, text in sorted(value.items()))

    def to_python(self, value: Any) -> Any:
        """Names and values without the blanks around them."""
        labels = {}
        for line in filter(None, map(str.strip, str(value or "").splitlines())):
            name, equals, text = line.partition("=")
            if not equals:
                raise forms.ValidationError(f"{line[:40]!r} has no =. Write team=core.")
            labels[name.strip()] = text.strip().strip('"')
        return labels

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the text differs."""
        return bool((self.prepare_value(initial) or "") != data)


class HeartbeatForm(WritingForm[Heartbeat]):
    """When it has to ping, and what its alerts say."""

    period = SecondsField(
        required=False,
        help_text="How often it pings at least: 10m, 1h, 1d. Or say below when.",
    )
    cron = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"class": "tocsin-code", **_CODE}),
        help_text="When it runs, as crontab says it: 0 3 * * *",
    )
    timezone = ZoneField(required=False, label="Time zone of crontab")
    grace = SecondsField(
        initial=300,
        help_text="How late a ping may be, and how long a run that said start may take: 5m, 1h.",
    )
    description = forms.CharField(
        required=False,
        max_length=heartbeats.DESCRIPTION_MAX,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="What it watches, what to do. Shown in its alerts.",
    )
    labels = LabelsField(
        required=False, help_text="Labels of its alerts, for routes: team=core. One a line."
    )
    integration = forms.ModelChoiceField(
        queryset=Integration.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        empty_label="None: it is pinged by its URL alone",
        help_text="Alerts that come here ping it as well, such as Prometheus' Watchdog.",
    )
    matchers = MatchersField(required=False, help_text='Which of them: alertname="Watchdog"')

    class Meta:
        model = Heartbeat
        fields = ("name", *heartbeats.SETTINGS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "integration" in self.fields:
            rows = Integration.objects.for_organization(organization_of(self.request))
            field = cast("forms.ModelChoiceField[Integration]", self.fields["integration"])
            field.queryset = rows.exclude(kind=Integration.Kind.HEARTBEAT)

    def write(self, values: dict[str, Any], row: Heartbeat | None) -> Heartbeat:
        """Make or change it."""
        actor = actor_of(self.request)
        if row is None:
            return heartbeats.create_heartbeat(actor, organization_of(self.request), **values)
        return heartbeats.change_heartbeat(actor, row, **values)


def pause(request: HttpRequest, row: Heartbeat) -> HttpResponse | None:
    """The button Pause."""
    heartbeats.pause(actor_of(request), row)
    return None


def resume(request: HttpRequest, row: Heartbeat) -> HttpResponse | None:
    """The button Resume."""
    heartbeats.resume(actor_of(request), row)
    return None


def rotate(request: HttpRequest, row: Heartbeat) -> HttpResponse | None:
    """The button New URL."""
    heartbeats.rotate_key(actor_of(request), row)
    messages.success(request, "The URL is new. Paste it into the job: the former one is dead.")
    return None


@admin.register(Heartbeat, site=site)
class HeartbeatPage(WritingPage):
    """What has to happen, and whether it does."""

    form = HeartbeatForm
    stay_after_save = True
    change_form_template = "alerts/heartbeat.html"
    # Drawn by the template.
    rotate_button: ClassVar[Button] = Button("rotate", "New URL", rotate)
    buttons: ClassVar[tuple[Button, ...]] = (
        Button("pause", "Pause", pause, offered=lambda row: row.enabled, in_list=True),
        Button("resume", "Resume", resume, offered=lambda row: not row.enabled, in_list=True),
        rotate_button,
    )
    list_display = (
        "name",
        "state",
        "last_ping",
        "expected",
        time_column("due_at", "Next due"),
        "severity",
    )
    list_filter = ("enabled", "severity")
    search_fields = ("name", "description")
    empty_text = (
        "No heartbeat yet. Add one for each job that must not stop unnoticed: a backup, a renewal, "
        "Prometheus itself. It fires when the job does not ping in time."
    )
    empty_link = ("Add a heartbeat", "alerts_heartbeat_add")
    delete_text = "What it alerted of ends, and its URL stops working."

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Adding asks for little."""
        return [
            (None, {"fields": ["name", "period", "cron", "timezone", "grace"]}),
            ("Its alerts", {"fields": ["severity", "labels", "description"]}),
            ("Fed by alerts", {"fields": ["integration", "matchers"], "classes": ["collapse"]}),
        ]

    @admin.display(description="State")
    def state(self, row: Heartbeat) -> SafeString:
        """How it stands."""
        return state_badge(row)

    @admin.display(description="Last ping", ordering="last_ping_at")
    def last_ping(self, row: Heartbeat) -> SafeString:
        """How long ago."""
        return ago(row)

    @admin.display(description="Expected")
    def expected(self, row: Heartbeat) -> SafeString:
        """By which schedule."""
        if row.period is None:
            return format_html('<code class="tocsin-code">{}</code>', row.cron)
        return format_html("every {}", format_seconds(row.period))

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """How it stands, its last pings, and for those who may see the key what to paste."""
        heartbeat = cast("Heartbeat", row)
        shown = {
            "heartbeat": heartbeat,
            "badge": state_badge(heartbeat),
            "last_ping": ago(heartbeat),
            "pings": list(heartbeat.history.order_by("-at")),
            # New URL is folded: a press too much would silence the job.
            "buttons": [
                one for one in self.buttons_for(request, row) if one is not self.rotate_button
            ],
        }
        if not can(request, Capability.MANAGE):
            return shown
        url = heartbeats.ping_url(heartbeat)
        host = settings.SITE_URL.partition("://")[2].partition(":")[0]
        return {
            **shown,
            "ping_url": url,
            "snippets": heartbeat_snippets(url, heartbeat.cron),
            "tab": "crontab",
            "is_local": host in ("localhost", "127.0.0.1"),
            "rotate": self.rotate_button,
        }

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the write function."""
        heartbeats.delete_heartbeat(actor_of(request), cast("Heartbeat", obj))


def state_badge(row: Heartbeat) -> SafeString:
    """Its state in a word and a colour; why it is down."""
    state = state_of(facts_of(row), clock.now())
    word, tone = WORDS[state]
    why = f" {row.get_reason_display()}" if state == State.DOWN else ""
    badge = '<span class="tocsin-state tocsin-state-{}">{}</span>'
    return format_html(badge + '<small class="tocsin-quiet">{}</small>', tone, word, why)


def ago(row: Heartbeat) -> SafeString:
    """`3 min ago`, and when that was."""
    if row.last_ping_at is None:
        return SafeString("never")
    since = lasted(row.last_ping_at, clock.now())
    return format_html(
        '{} ago <small class="tocsin-quiet">{}</small>', since, moment(row.last_ping_at)
    )
