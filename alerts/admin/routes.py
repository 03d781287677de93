"""Console pages of routes: which alerts go to which channels."""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.console_buttons import Button
from accounts.console_forms import WritingForm, WritingPage
from accounts.console_requests import actor_of, organization_of
from accounts.console_site import site
from alerts import routes
from alerts.admin.integrations import NamesField
from alerts.matchers import read_matchers
from alerts.models import Integration, Route
from channels_app.models import NotificationChannel


class MatchersField(forms.CharField):
    """Matchers, one a line or separated by commas; the write function reads them."""

    widget = UnfoldAdminTextareaWidget(
        attrs={"rows": 3, "spellcheck": "false", "class": "tocsin-code"}
    )

    def prepare_value(self, value: Any) -> Any:
        """As people write them."""
        return matchers_text(value, "\n") if isinstance(value, list) else value

    def to_python(self, value: Any) -> str:
        """One text; a line ends a matcher as a comma does."""
        lines = [line.strip().rstrip(",") for line in str(value or "").splitlines()]
        return ", ".join(line for line in lines if line)


def matchers_text(value: Any, between: str) -> str:
    """Stored matchers in Alertmanager's syntax."""
    return between.join(map(str, read_matchers(value)))


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
    continue_matching = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        label="Try the routes below too",
    )

    class Meta:
        model = Route
        fields = ("name", "matchers", "integrations", "channels", *routes.SETTINGS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organization = organization_of(self.request)
        choices = {
            "integrations": Integration.objects.for_organization(organization),
            "channels": NotificationChannel.objects.for_organization(organization),
        }
        for name, rows in choices.items():
            if name in self.fields:
                cast("forms.ModelMultipleChoiceField[Any]", self.fields[name]).queryset = rows

    def write(self, values: dict[str, Any], row: Route | None) -> Route:
        """Make or change it; what the default route lacks is left alone."""
        actor = actor_of(self.request)
        if "group_by" in values:
            values["group_by"] = values["group_by"] or None
        if row is None:
            name = values.pop("name")
            return routes.create_route(actor, organization_of(self.request), name, **values)
        return routes.change_route(actor, row, **values)


def _move(request: HttpRequest, route: Route, step: int) -> HttpResponse | None:
    """Change places with the neighbour, and number all anew."""
    ordered = list(Route.objects.for_organization(route.organization_id).filter(is_default=False))
    here = ordered.index(route)
    there = min(max(0, here + step), len(ordered) - 1)
    ordered.insert(there, ordered.pop(here))
    for position, one in enumerate(ordered, start=1):
        if one.position != position:
            routes.change_route(actor_of(request), one, position=position)
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
    list_display = ("name", "takes", "goes_to", "state")
    prefetch = ("channels", "integrations")
    sortable_by = ()
    empty_text = "No route yet. It is made with the first channel."
    empty_link = ("Add a channel", "channels_app_notificationchannel_add")

    def deletable(self, row: Any) -> bool:
        """The default route stays."""
        return not row.is_default

    delete_text = "Its groups and their history go with it. Alerts fall to the routes below."

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The default route takes whatever is left, so it has nothing to match."""
        selects = ["matchers", "integrations"]
        what = ["name"] if obj is not None and obj.is_default else ["name", *selects]
        timing = ["group_by", "group_wait", "group_interval", "repeat_interval"]
        flow = [] if obj is not None and obj.is_default else ["continue_matching"]
        return [
            (None, {"fields": [*what, "channels", "enabled"]}),
            ("Grouping and timing", {"fields": [*timing, *flow], "classes": ["collapse"]}),
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
        return names or format_html('<span class="tocsin-warn">{}</span>', "nowhere")

    @admin.display(description="State")
    def state(self, route: Route) -> str:
        """Whether it is tried."""
        more = ", then the routes below" if route.continue_matching else ""
        return f"On{more}" if route.enabled else "Off"

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
