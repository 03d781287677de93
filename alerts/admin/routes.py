"""Console pages of routes: which alerts go to which channels."""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.console_buttons import Button
from accounts.console_forms import WritingForm, WritingPage
from accounts.console_requests import actor_of, organization_of
from accounts.console_site import site
from alerts import route_order, routes
from alerts.admin.choice_fields import ChoicesField
from alerts.admin.integrations import NamesField
from alerts.admin.matcher_fields import MatchersField, matchers_text
from alerts.admin.route_trials import trial_page
from alerts.models import EscalationPolicy, Integration, MessageTemplate, MuteTiming, Route
from alerts.severity import Severity
from channels_app.models import NotificationChannel

QUIET = ("mute_timings", "active_timings")


def _sound(severity: Severity) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=severity.capitalize(),
        required=False,
        choices=[("", "as the channel says"), ("ring", "with a sound"), ("silent", "silently")],
        widget=UnfoldAdminSelectWidget,
    )


SOUNDS = {severity: f"sound_{severity}" for severity in Severity}
"""Severity → name of the form's field."""


class RouteForm(WritingForm[Route]):
    """Which alerts, where to, and how they are grouped."""

    matchers = MatchersField(
        required=False,
        help_text='Which alerts: severity="critical", team=~"core|web", env!="dev". One a line; '
        "all must match. Empty: every alert.",
    )
    group_by = NamesField(
        required=False,
        help_text="Labels that make a group, such as alertname, cluster; ... for each alert by "
        "itself. Empty: as the sender grouped, else all labels but instance.",
    )
    integrations = forms.ModelMultipleChoiceField(
        queryset=Integration.objects.none(),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Alerts of these alone. None: of all of them.",
    )
    channels = forms.ModelMultipleChoiceField(
        queryset=NotificationChannel.objects.none(),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    choices = ChoicesField(
        required=False,
        label="Channel by value",
        help_text="What has another value, or lacks the label, goes to the route's channels. Save "
        "to get more rows.",
    )
    sound_critical, sound_high = _sound(Severity.CRITICAL), _sound(Severity.HIGH)
    sound_warning, sound_info = _sound(Severity.WARNING), _sound(Severity.INFO)
    template = forms.ModelChoiceField(
        queryset=MessageTemplate.objects.none(),
        required=False,
        empty_label="As the channel says",
        widget=UnfoldAdminSelectWidget,
        help_text="How its alerts are told, before the channels' own templates.",
    )
    mute_timings = forms.ModelMultipleChoiceField(
        queryset=MuteTiming.objects.none(),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        label="Quiet at",
        help_text="In these times it tells nothing; what still burns then is told after them.",
    )
    active_timings = forms.ModelMultipleChoiceField(
        queryset=MuteTiming.objects.none(),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        label="Quiet except at",
        help_text="Outside these times it tells nothing. None: it tells always.",
    )
    escalation = forms.ModelChoiceField(
        queryset=EscalationPolicy.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        empty_label="Nobody else",
        help_text="Who is told of what nobody acknowledges.",
    )
    continue_matching = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        label="Try the routes below too",
    )

    class Meta:
        model = Route
        labels: ClassVar = {"choose_by": "Choose by the label"}
        help_texts: ClassVar = {
            "choose_by": "Such as team. Alerts with different values are then never in one group.",
        }
        fields = (
            *("name", "matchers", "integrations", "channels", "escalation"),
            *(name for name in routes.SETTINGS if name != "sound"),
            *("mute_timings", "active_timings"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organization = organization_of(self.request)
        choices = {
            "template": MessageTemplate.objects.for_organization(organization),
            "integrations": Integration.objects.for_organization(organization),
            "channels": NotificationChannel.objects.for_organization(organization),
            "mute_timings": MuteTiming.objects.for_organization(organization),
            "active_timings": MuteTiming.objects.for_organization(organization),
            "escalation": EscalationPolicy.objects.for_organization(organization),
        }
        for name, rows in choices.items():
            if name in self.fields:
                cast("forms.ModelMultipleChoiceField[Any]", self.fields[name]).queryset = rows
        if "choices" not in self.fields:
            return
        table = cast("ChoicesField", self.fields["choices"])
        table.offer(NotificationChannel.objects.for_organization(organization))
        if self.instance._state.adding:
            return
        stored = self.instance.choices.select_related("channel")
        table.initial = {choice.value: choice.channel for choice in stored}
        for severity, name in SOUNDS.items():
            self.fields[name].initial = (self.instance.sound or {}).get(severity, "")

    def write(self, values: dict[str, Any], row: Route | None) -> Route:
        """Make or change it; what the default route lacks is left alone."""
        actor = actor_of(self.request)
        if "group_by" in values:
            values["group_by"] = values["group_by"] or None
        if "choices" in values:
            values["sound"] = {severity: values.pop(name) for severity, name in SOUNDS.items()}
        if row is None:
            name = values.pop("name")
            return routes.create_route(actor, organization_of(self.request), name, **values)
        return routes.change_route(actor, row, **values)


def _move(request: HttpRequest, route: Route, step: int) -> HttpResponse | None:
    """Change places with the neighbour."""
    here = route_order.ordered(route.organization_id).index(route) + 1
    routes.change_route(actor_of(request), route, position=here + step)
    return None


def move_up(request: HttpRequest, route: Route) -> HttpResponse | None:
    """The button ↑."""
    return _move(request, route, -1)


def move_down(request: HttpRequest, route: Route) -> HttpResponse | None:
    """The button ↓."""
    return _move(request, route, 1)


def is_ordered(route: Route) -> bool:
    """The default route is always the last."""
    return not route.is_default


@admin.register(Route, site=site)
class RoutePage(WritingPage):
    """Which alerts go to which channels, tried from the top."""

    form = RouteForm
    buttons: ClassVar[tuple[Button, ...]] = (
        Button("up", "Move up", move_up, offered=is_ordered, in_list=True),
        Button("down", "Move down", move_down, offered=is_ordered, in_list=True),
    )
    list_before_template = "alerts/route_list_before.html"
    list_display = ("name", "takes", "goes_to", "state")
    prefetch = ("channels", "choices__channel", "integrations", "mute_timings", "active_timings")
    sortable_by = ()
    empty_text = "No route yet. It is made with the first channel."
    empty_link = ("Add a channel", "channels_app_notificationchannel_add")

    def more_urls(self) -> list[URLPattern]:
        """The page that tries them."""
        view = self.admin_site.admin_view(trial_page)
        return [path("try/", view, name="alerts_route_trial")]

    def deletable(self, row: Any) -> bool:
        """The default route stays."""
        return not row.is_default

    delete_text = "Its groups and their history go with it. Alerts fall to the routes below."

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The default route takes whatever is left, so it has nothing to match."""
        selects = ["matchers", "integrations"]
        what = ["name"] if obj is not None and obj.is_default else ["name", *selects]
        timing = ["group_by", "group_wait", "group_interval", "repeat_interval"]
        used = obj is not None and obj.choose_by
        may_change = obj is None or self.has_change_permission(request, obj)
        chooses = ["choose_by", "choices" if may_change else "chosen"]
        sounds = [*SOUNDS.values()] if may_change else ["sounds"]
        flow = [] if obj is not None and obj.is_default else ["continue_matching"]
        is_quiet = obj is not None and any(getattr(obj, name).exists() for name in QUIET)
        return [
            (None, {"fields": [*what, "channels", "template", "escalation", "enabled"]}),
            ("Channel by a label", {"fields": chooses, "classes": [] if used else ["collapse"]}),
            ("Sound by severity", {"fields": sounds, "classes": ["collapse"]}),
            ("Grouping and timing", {"fields": [*timing, *flow], "classes": ["collapse"]}),
            ("Quiet hours", {"fields": [*QUIET], "classes": [] if is_quiet else ["collapse"]}),
        ]

    @admin.display(description="Takes")
    def takes(self, route: Route) -> SafeString | str:
        """Its matchers and integrations."""
        if route.is_default:
            return "whatever no route above took"
        matchers = matchers_text(route.matchers, ", ")
        sources = ", ".join(str(one) for one in route.integrations.all())
        shown = format_html("<code>{}</code>", matchers) if matchers else "every alert"
        return format_html("{} from {}", shown, sources) if sources else shown

    @admin.display(description="Goes to")
    def goes_to(self, route: Route) -> SafeString | str:
        """Its channels."""
        names = ", ".join(str(one) for one in route.channels.all())
        if route.choose_by:
            chosen = ", ".join(map(str, route.choices.all())) or "no value has a channel"
            return format_html("by {}: {}<br>else {}", route.choose_by, chosen, names or "nowhere")
        return names or format_html('<span class="tocsin-warn">{}</span>', "nowhere")

    @admin.display(description="Channel by value")
    def chosen(self, route: Route) -> str:
        """For those who may not change it."""
        return ", ".join(map(str, route.choices.select_related("channel"))) or "-"

    @admin.display(description="Sound")
    def sounds(self, route: Route) -> str:
        """For those who may not change it."""
        sound = route.sound or {}
        said = [f"{severity}: {sound[severity]}" for severity in Severity if severity in sound]
        return ", ".join(said) or "as the channels say"

    @admin.display(description="State")
    def state(self, route: Route) -> str:
        """Whether it is tried."""
        more = ", then the routes below" if route.continue_matching else ""
        quiet = ", quiet at times" if any(getattr(route, name).all() for name in QUIET) else ""
        return f"On{more}{quiet}" if route.enabled else "Off"

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The default route stays, so nothing offers to delete it."""
        context = super().page_context(request, row)
        return {**context, "show_delete": False} if row.is_default else context

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """As they are tried."""
        return ("is_default", "position", "id")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the write function."""
        routes.delete_route(actor_of(request), cast("Route", obj))
