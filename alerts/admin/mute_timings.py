"""Console pages of mute timings: when routes tell nothing."""

from itertools import islice
from typing import Any, cast

import yaml
from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.console_cells import moment
from accounts.console_forms import WritingForm, WritingPage
from accounts.console_requests import actor_of, organization_of
from accounts.console_site import site
from alerts.group_views import first_zone
from alerts.importing.yaml_text import YamlError, read_yaml
from alerts.models import MuteTiming, Route
from alerts.muting import mute_timings
from alerts.muting.time_intervals import IntervalError, periods, read_intervals
from deliveries import clock

FORESEEN = 4
"""Times at which it holds that the form shows."""

EXAMPLE = """\
- times:
    - start_time: "00:00"
      end_time: "07:00"
    - start_time: "20:00"
      end_time: "24:00"
- weekdays: [saturday, sunday]
"""


def written_intervals(text: str) -> Any:
    """Intervals from YAML, as in Alertmanager's configuration. Raises YamlError, which names the
    line."""
    document = read_yaml(text)
    try:
        read_intervals(document.data)
    except IntervalError as error:
        place = error.place.split(".") if error.place else []
        where = tuple(int(part) if part.isdecimal() else part for part in place)
        raise document.error(where, error.reason) from None
    return document.data


class IntervalsField(forms.CharField):
    """Intervals as YAML."""

    widget = UnfoldAdminTextareaWidget(
        attrs={"rows": 12, "spellcheck": "false", "class": "tocsin-code", "placeholder": EXAMPLE}
    )

    def prepare_value(self, value: Any) -> Any:
        """As people write it."""
        if isinstance(value, list):
            return yaml.safe_dump(value, sort_keys=False, allow_unicode=True) if value else ""
        return value

    def to_python(self, value: Any) -> Any:
        """What it says. Raises ValidationError."""
        if not value:
            return None
        try:
            return written_intervals(value)
        except YamlError as error:
            raise forms.ValidationError(str(error)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether it is written otherwise."""
        return bool(self.prepare_value(initial) != data)


class MuteTimingForm(WritingForm[MuteTiming]):
    """A name and its times."""

    intervals = IntervalsField(
        help_text="One of them has to hold, and of one all parts that it has: times, weekdays, "
        "days_of_month, months, years, location. A night is two times: from 00:00, and until "
        "24:00. Without a location the organization's zone counts."
    )

    class Meta:
        model = MuteTiming
        fields = ("name", "intervals")

    def write(self, values: dict[str, Any], row: MuteTiming | None) -> MuteTiming:
        """Make or change it."""
        actor = actor_of(self.request)
        if row is None:
            organization = organization_of(self.request)
            return mute_timings.create_mute_timing(actor, organization, **values)
        return mute_timings.change_mute_timing(actor, row, **values)


@admin.register(MuteTiming, site=site)
class MuteTimingPage(WritingPage):
    """Times of the week or year."""

    form = MuteTimingForm
    list_display = ("name", "now", "changes", "used_by")
    list_select_related = ("organization",)
    sortable_by = ("name",)
    empty_text = "No mute timing yet. With one a route tells nothing at night, or only by day."
    empty_link = ("Add a mute timing", "alerts_mutetiming_add")
    delete_text = "One that a route uses stays."
    change_form_outer_after_template = "alerts/timing_preview_panel.html"

    def more_urls(self) -> list[URLPattern]:
        """When what is written would hold."""
        view = self.admin_site.admin_view(require_POST(preview))
        return [path("preview/", view, name="alerts_mutetiming_preview")]

    def decorate(self, request: HttpRequest, rows: list[Any]) -> None:
        """Which routes use each, and how each stands."""
        routes = Route.objects.for_organization(organization_of(request))
        used: dict[Any, dict[str, None]] = {}
        for field in ("mute_timings", "active_timings"):
            for pk, name in routes.filter(**{f"{field}__in": rows}).values_list(field, "name"):
                used.setdefault(pk, {})[name] = None
        now = clock.now()
        for row in rows:
            row.console_used_by = ", ".join(used.get(row.pk, ()))
            try:
                row.console_state = mute_timings.state_of(row, now)
            except IntervalError as error:
                row.console_state = error

    @admin.display(description="Now")
    def now(self, timing: Any) -> SafeString | str:
        """Whether it holds."""
        if isinstance(timing.console_state, IntervalError):
            return format_html('<span class="tocsin-warn">{}</span>', timing.console_state)
        return "Holds" if timing.console_state[0] else "Does not hold"

    @admin.display(description="Until")
    def changes(self, timing: Any) -> SafeString | str:
        """When that changes."""
        if isinstance(timing.console_state, IntervalError):
            return "—"
        return moment(timing.console_state[1], "for a year at least")

    @admin.display(description="Used by")
    def used_by(self, timing: Any) -> str:
        """Routes."""
        return cast("str", timing.console_used_by) or "no route"

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the write function."""
        mute_timings.delete_mute_timing(actor_of(request), cast("MuteTiming", obj))


def preview(request: HttpRequest) -> HttpResponse:
    """A part of the form's page: whether its intervals hold now, and when they do next. Nothing is
    stored."""
    text = request.POST.get("intervals", "")
    context: dict[str, Any] = {"is_empty": not text.strip()}
    try:
        written = written_intervals(text)
    except YamlError as refusal:
        context["refusal"] = str(refusal)
    else:
        now = clock.now()
        intervals = read_intervals(written, first_zone(organization_of(request).timezone))
        coming = list(islice(periods(intervals, now), FORESEEN))
        context.update(periods=coming, holds=bool(coming) and coming[0][0] == now)
    return render(request, "alerts/timing_preview.html", context)
