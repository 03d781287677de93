"""Console pages of silences: what is not told of for a while."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from accounts.console_buttons import Button
from accounts.console_cells import label_chips, moment, time_column
from accounts.console_forms import WritingForm, WritingPage
from accounts.console_requests import actor_of, can, organization_of
from accounts.console_site import site
from accounts.permissions import Capability
from alerts import responding
from alerts.admin.group_actions import counted
from alerts.admin.groups import badge
from alerts.admin.matcher_fields import MatchersField, joined_lines, matchers_text
from alerts.admin.silence_fields import DURATIONS, UNTIL, LocalMomentField, zone_of
from alerts.durations import parse_length
from alerts.matchers import MatcherError
from alerts.models import Alert, AlertGroup, Integration, Silence
from alerts.muting import silences
from alerts.muting.silence_rows import alert_counts, in_state
from alerts.muting.silenced_alerts import held_alerts
from alerts.muting.silences import Wanted, state_of
from alerts.muting.silencing import (
    COMMENT_MAX,
    SilenceRefused,
    SilenceState,
    read_silence_matchers,
)
from deliveries import clock

TONES = {
    SilenceState.PENDING: "info",
    SilenceState.ACTIVE: "warning",
    SilenceState.EXPIRED: "quiet",
}
LOOKED_AT = ("what", "alerts_of", "state", "starts_at", "ends_at", "author", "comment")
"""For those who only look."""


class SilenceForm(WritingForm[Silence]):
    """For what, how long and why."""

    matchers = MatchersField(
        help_text='Which alerts: alertname="DiskFull", instance=~"db.*". One a line; all must '
        "match.",
    )
    integration = forms.ModelChoiceField(
        queryset=Integration.objects.none(),
        required=False,
        label="Alerts of",
        empty_label="All integrations",
        widget=UnfoldAdminSelectWidget,
    )
    starts_at = LocalMomentField(label="From", required=False)
    duration = forms.ChoiceField(
        label="For", choices=DURATIONS, initial="1h", widget=UnfoldAdminSelectWidget
    )
    ends_at = LocalMomentField(label="Until", required=False)
    comment = forms.CharField(
        required=False,
        max_length=COMMENT_MAX,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="What for; channels may show it.",
    )

    class Meta:
        model = Silence
        fields = ("matchers", "integration", "comment")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "starts_at" not in self.fields:
            return  # a page to read
        if "integration" in self.fields:
            rows = Integration.objects.for_organization(organization_of(self.request))
            cast("forms.ModelChoiceField[Integration]", self.fields["integration"]).queryset = rows
        zone = zone_of(self.request)
        for name, words in (("starts_at", "Empty: now. "), ("ends_at", "")):
            field = cast("LocalMomentField", self.fields[name])
            field.zone = zone
            field.help_text = f"{words}In the zone {zone}."
        if self.instance._state.adding:
            return
        self.fields.pop("integration", None)  # that stays
        state = state_of(self.instance)
        if state is SilenceState.PENDING:
            self.initial["starts_at"] = self.instance.starts_at
        else:
            self.fields.pop("starts_at")
        if state is not SilenceState.EXPIRED:
            self.initial.update(duration=UNTIL, ends_at=self.instance.ends_at)

    def write(self, values: dict[str, Any], row: Silence | None) -> Silence:
        """Make or change it. A silence that was asked for from a group or an alert is noted
        there."""
        now = clock.now()
        starts_at = self._kept("starts_at", row) or now
        if values["duration"] == UNTIL:
            ends_at = self._kept("ends_at", row)
            if ends_at is None:
                raise SilenceRefused("ends_at", "Choose a time, or a duration.")
        else:
            ends_at = max(starts_at, now) + parse_length(values["duration"])
        author = row.author if row is not None else ""
        only = values.get("integration")
        wanted = Wanted(values["matchers"], starts_at, ends_at, values["comment"], author, only)
        actor = actor_of(self.request)
        if row is not None:
            return silences.change_silence(actor, row, wanted)
        origin = origin_of(self.request)
        if isinstance(origin, AlertGroup):
            return responding.silence_group(actor, origin, wanted)
        if isinstance(origin, Alert):
            return responding.silence_alert(actor, origin, wanted)
        return silences.create_silence(actor, organization_of(self.request), wanted)

    def _kept(self, name: str, row: Silence | None) -> datetime | None:
        """What is written down; to the second what was stored, where the minute stayed."""
        if row is not None and name not in self.changed_data:
            return cast("datetime", getattr(row, name))
        return cast("datetime | None", self.cleaned_data.get(name))


def origin_of(request: HttpRequest) -> AlertGroup | Alert | None:
    """The group or the alert that the URL names, if any. Raises Http404 for a foreign one."""
    models: dict[str, type[AlertGroup | Alert]] = {"group": AlertGroup, "alert": Alert}
    for name, model in models.items():
        if text := request.GET.get(name):
            try:
                pk = forms.UUIDField().clean(text)
            except forms.ValidationError:
                raise Http404 from None
            rows = model._default_manager.for_organization(organization_of(request))
            related = ["organization", *(["integration"] if model is Alert else [])]
            found: AlertGroup | Alert | None = rows.select_related(*related).filter(pk=pk).first()
            if found is None:
                raise Http404
            return found
    return None


def expire(request: HttpRequest, silence: Silence) -> HttpResponse | None:
    """The button End now."""
    silences.expire_silence(actor_of(request), silence)
    return None


def extend(request: HttpRequest, silence: Silence) -> HttpResponse | None:
    """The button that adds an hour."""
    silences.extend_silence(actor_of(request), silence, timedelta(hours=1))
    return None


def is_current(silence: Silence) -> bool:
    """Whether it has not ended."""
    return state_of(silence) is not SilenceState.EXPIRED


class StateFilter(admin.SimpleListFilter):
    """By where they stand now."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All of them."""
        return [(state.value, state.value.capitalize()) for state in SilenceState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those that stand so."""
        wanted = self.value()
        if wanted is None or wanted not in list(SilenceState):
            return queryset
        return queryset.filter(in_state(SilenceState(wanted), clock.now()))


@admin.register(Silence, site=site)
class SilencePage(WritingPage):
    """Silences, those that last longest first."""

    form = SilenceForm
    change_needs = Capability.RESPOND
    can_delete = False
    buttons: ClassVar[tuple[Button, ...]] = (
        Button(
            "extend",
            "1 h more",
            extend,
            needs=Capability.RESPOND,
            offered=is_current,
            in_list=True,
        ),
        Button(
            "expire",
            "End now",
            expire,
            needs=Capability.RESPOND,
            offered=is_current,
            in_list=True,
            primary=True,
        ),
    )
    actions = ("extend_selected", "expire_selected")
    conditional_fields: ClassVar[dict[str, str]] = {"ends_at": f"duration == '{UNTIL}'"}
    change_form_outer_after_template = "alerts/silence_preview_panel.html"
    list_select_related = ("integration",)
    list_display = ("what", "state", "holds", time_column("ends_at", "Until"), "why")
    list_filter = (StateFilter, "integration")
    search_fields = ("comment", "author")
    empty_text = (
        "Nothing is silenced. Add a silence here, or press “Silence…” on a group or an alert."
    )
    empty_link = ("Add a silence", "alerts_silence_add")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """One that has begun keeps its start."""
        if not can(request, Capability.RESPOND):
            return [(None, {"fields": LOOKED_AT})]
        begun = obj is not None and state_of(obj) is not SilenceState.PENDING
        times = [*([] if begun else ["starts_at"]), "duration", "ends_at"]
        whose = "integration" if obj is None else "alerts_of"
        return [(None, {"fields": ["matchers", whose, *times, "comment"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """For those who only look; whose alerts it is for stays."""
        if not can(request, Capability.RESPOND):
            return LOOKED_AT
        return () if obj is None else ("alerts_of",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What the group's alerts have in common, or the alert's labels."""
        origin = origin_of(request)
        if origin is None:
            return {}
        try:
            matchers = (
                responding.matchers_of_group(origin)
                if isinstance(origin, AlertGroup)
                else responding.matchers_of_alert(origin)
            )
        except SilenceRefused as refusal:
            self.message_user(request, str(refusal), messages.WARNING)
            return {}
        return {"matchers": "\n".join(map(str, matchers))}

    def decorate(self, request: HttpRequest, rows: list[Any]) -> None:
        """What each holds for now, in one query."""
        counts = alert_counts(rows)
        for row in rows:
            row.held = counts[row.pk]

    @admin.display(description="Alerts that match")
    def what(self, silence: Silence) -> SafeString:
        """Its matchers, and whose alerts alone it is for."""
        matchers = format_html("<code>{}</code>", matchers_text(silence.matchers, ", "))
        if silence.integration is None:
            return matchers
        only = '{} <span class="tocsin-quiet">of {} alone</span>'
        return format_html(only, matchers, silence.integration)

    @admin.display(description="Alerts of")
    def alerts_of(self, silence: Silence) -> str:
        """One integration, or all."""
        return str(silence.integration or "All integrations")

    @admin.display(description="State")
    def state(self, silence: Silence) -> SafeString:
        """The badge."""
        found = state_of(silence)
        shown = badge(TONES[found], found.value.capitalize())
        if found is not SilenceState.PENDING:
            return shown
        return format_html("{} from {}", shown, moment(silence.starts_at))

    @admin.display(description="Why")
    def why(self, silence: Silence) -> SafeString:
        """Who is named for it, and the comment."""
        return format_html(
            '{} <span class="tocsin-quiet">by {}</span>', silence.comment, silence.author
        )

    @admin.display(description="Holds for")
    def holds(self, silence: Silence) -> str:
        """How many firing alerts, while it is active."""
        if state_of(silence) is not SilenceState.ACTIVE:
            return "—"
        count = int(cast("Any", silence).held)
        return f"{count:,} alert{'' if count == 1 else 's'}"

    def has_respond_permission(self, request: HttpRequest) -> bool:
        """For the list's action."""
        return can(request, Capability.RESPOND)

    @admin.action(description="1 h more", permissions=["respond"])
    def extend_selected(self, request: HttpRequest, queryset: QuerySet[Silence]) -> None:
        """Each in turn; those that have ended stay as they are."""
        longer = 0
        for row in filter(is_current, queryset):
            try:
                extend(request, row)
                longer += 1
            except SilenceRefused as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.WARNING)
        word = "silence lasts" if longer == 1 else "silences last"
        self.message_user(request, f"{longer} {word} an hour longer.", messages.SUCCESS)

    @admin.action(description="End now", permissions=["respond"])
    def expire_selected(self, request: HttpRequest, queryset: QuerySet[Silence]) -> None:
        """Each in turn; those that have ended stay as they are."""
        actor = actor_of(request)
        rows = list(queryset)
        ended = sum(silences.expire_silence(actor, row) for row in rows)
        words = f"{counted(ended, 'silence')} ended."
        if before := len(rows) - ended:
            words += f" {before:,} had ended already."
        self.message_user(request, words, messages.SUCCESS if ended else messages.WARNING)

    def more_urls(self) -> list[URLPattern]:
        """What the form would hold for."""
        view = self.admin_site.admin_view(require_POST(preview))
        return [path("preview/", view, name="alerts_silence_preview")]


def preview(request: HttpRequest) -> HttpResponse:
    """A part of the form's page: which firing alerts its matchers would hold for. Nothing is
    stored."""
    organization = organization_of(request)
    context: dict[str, Any] = {}
    only = _own_integration(request)
    try:
        matchers = read_silence_matchers(joined_lines(request.POST.get("matchers", "")))
    except (MatcherError, SilenceRefused) as refusal:
        context["refusal"] = str(refusal)
    else:
        (held,) = held_alerts(organization, [matchers], [only])
        context["held"] = held
        context["alerts"] = [(alert, label_chips(alert.labels)) for alert in held.alerts]
    return render(request, "alerts/silence_preview.html", context)


def _own_integration(request: HttpRequest) -> UUID | None:
    """Whose alerts alone the form asks for. Raises Http404 for a foreign one."""
    if not (text := request.POST.get("integration")):
        return None
    rows = Integration.objects.for_organization(organization_of(request))
    try:
        return rows.get(pk=forms.UUIDField().clean(text)).pk
    except (forms.ValidationError, Integration.DoesNotExist):
        raise Http404 from None
