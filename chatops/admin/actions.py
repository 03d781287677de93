"""Console pages of own commands and their runs."""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.console import ConsoleModelAdmin
from accounts.console_buttons import Button
from accounts.console_cells import moment, time_column
from accounts.console_forms import WritingForm, WritingPage
from accounts.console_requests import actor_of, membership_of, organization_of
from accounts.console_site import site
from accounts.permissions import Capability
from alerts.admin.groups import badge
from alerts.admin.heartbeats import SecondsField
from channels_app.models import NotificationChannel
from chatops.actions import changes, known, rules, runs
from chatops.actions.rules import ActionRefused
from chatops.models import ActionRun, Endpoint, OwnAction
from deliveries.message_links import message_url

SHOWN = 20
TONES = {
    "asked": "info",
    "waiting": "info",
    "running": "info",
    "done": "success",
    "failed": "danger",
    "timed_out": "warning",
    "cancelled": "quiet",
}
_CODE = {"autocomplete": "off", "spellcheck": "false", "class": "tocsin-code"}


class LinesField(forms.CharField):
    """Texts, one a line ⇄ a list."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        """As people write them."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Without the blanks around them."""
        return [line for line in map(str.strip, str(value or "").splitlines()) if line]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the text differs."""
        return bool((self.prepare_value(initial) or "") != data)


class ActionForm(WritingForm[OwnAction]):
    """What it is called, who may run it where, and what it calls."""

    name = forms.CharField(
        max_length=rules.NAME_MAX + 1,
        widget=UnfoldAdminTextInputWidget(attrs=_CODE),
        help_text="a-z, 0-9 and _, such as lightson: people type /lightson. Its button runs by "
        "this name, too.",
    )
    endpoint = forms.ModelChoiceField(
        queryset=Endpoint.objects.none(),
        widget=UnfoldAdminSelectWidget,
        help_text="It gets a signed POST for each run. Add one under Endpoints.",
    )
    channels = forms.ModelMultipleChoiceField(
        label="Only in",
        queryset=NotificationChannel.objects.none(),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None chosen: in the chats of all channels, also of those to come.",
    )
    choices = LinesField(
        required=False,
        help_text="What the parameter may be, one a line; empty: anything.",
    )
    deadline = SecondsField(
        initial=rules.USUAL,
        help_text="How long a run may take in all: 30s, 5m, 1h. Then the chat is told that it "
        "timed out.",
    )

    class Meta:
        model = OwnAction
        fields = changes.SETTINGS
        labels: ClassVar[dict[str, str]] = {"is_command": "Typed", "button": "Button under alerts"}
        help_texts: ClassVar[dict[str, str]] = {
            "description": "What the menu of commands says of it.",
            "is_command": "Whether it can be typed; off: its button alone runs it.",
            "button": "Label of a button in the More… menu under alerts; empty for none.",
            "who": "“Whoever may act in the chat” is what its channel says.",
            "confirm": "Whether it runs only after who asked pressed Run.",
            "parameter": "What may follow: /lightson hall, or /lightson_hall.",
            "hint": "What to write there, such as: which room.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "endpoint" not in self.fields:
            return
        owner = organization_of(self.request)
        endpoint = cast("forms.ModelChoiceField[Endpoint]", self.fields["endpoint"])
        endpoint.queryset = Endpoint.objects.for_organization(owner)
        channels = cast("forms.ModelMultipleChoiceField[Any]", self.fields["channels"])
        channels.queryset = NotificationChannel.objects.for_organization(owner)
        if not self.instance._state.adding:
            channels.initial = list(self.instance.channels.all())

    def write(self, values: dict[str, Any], row: OwnAction | None) -> OwnAction:
        """Make or change it."""
        actor = actor_of(self.request)
        values["channels"] = list(values["channels"])
        if row is None:
            return changes.create_action(actor, organization_of(self.request), **values)
        return changes.change_action(actor, row, **values)


def run_test(request: HttpRequest, action: OwnAction) -> HttpResponse | None:
    """The button Test."""
    member = membership_of(request)
    if refused := known.why_no_test(member.role if member else "", action):
        raise ActionRefused(refused)
    argument = next(iter(action.choices), "test")
    needs = action.parameter == OwnAction.Parameter.REQUIRED
    runs.ask_test(actor_of(request), action, argument if needs else "")
    return None


@admin.display(description="State", ordering="state")
def state(run: ActionRun) -> SafeString:
    """How far it is."""
    return badge(TONES[run.state], run.get_state_display().lower())


@admin.register(OwnAction, site=site)
class ActionPage(WritingPage):
    """Commands and buttons of the organization's own."""

    form = ActionForm
    stay_after_save = True
    list_display = ("name", "description", "ways", "where", "endpoint", "last")
    list_select_related = ("endpoint",)
    sortable_by = ("name",)
    search_fields = ("name", "description")
    prefetch: ClassVar[tuple[str, ...]] = ("channels",)
    empty_text = (
        "An own command calls a program of yours from a chat: /lightson hall, or a button under "
        "alerts. There is none yet. Add an endpoint first, then a command that calls it."
    )
    empty_link = ("Add an own command", "chatops_ownaction_add")
    delete_text = "Chats list it no more. Runs that are open go on."
    buttons: ClassVar[tuple[Button, ...]] = (
        Button("test", "Test", run_test, needs=Capability.RESPOND, primary=True),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What it is, what follows it, who and where."""
        what = ["name", "description", "endpoint", "is_command", "button", "enabled"]
        if obj is not None and not self.has_change_permission(request, obj):
            rest = ["parameter", "hint", "who", "confirm", "deadline"]
            return [(None, {"fields": [*what, *rest]})]
        return [
            (None, {"fields": what}),
            ("What follows it", {"fields": ["parameter", "hint", "choices"]}),
            ("Who, where, how long", {"fields": ["who", "channels", "confirm", "deadline"]}),
        ]

    @admin.display(description="As")
    def ways(self, action: OwnAction) -> str:
        """How people come to it."""
        found = ["command"] if action.is_command else []
        found += [f"button “{action.button}”"] if action.button else []
        return " and ".join(found) if action.enabled else "switched off"

    @admin.display(description="In")
    def where(self, action: OwnAction) -> str:
        """In which channels' chats."""
        return ", ".join(channel.name for channel in action.channels.all()) or "all channels"

    @admin.display(description="Last run")
    def last(self, action: OwnAction) -> SafeString:
        """What came of it."""
        run = cast("Any", action).last_run
        if run is None:
            return format_html("{}", "never run")
        return format_html("{} {}", state(run), moment(run.asked_at))

    def decorate(self, request: HttpRequest, rows: list[Any]) -> None:
        """The last run of each."""
        owner = organization_of(request)
        made = ActionRun.objects.for_organization(owner)
        newest = Subquery(made.filter(action=OuterRef("pk")).order_by("-id").values("pk")[:1])
        actions = OwnAction.objects.for_organization(owner).filter(pk__in=[row.pk for row in rows])
        last = dict(actions.order_by().values_list("pk", newest))
        found = made.in_bulk([pk for pk in last.values() if pk is not None])
        for row in rows:
            row.last_run = found.get(last.get(row.pk))

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The last runs."""
        found = ActionRun.objects.for_organization(organization_of(request)).filter(action=row)
        return {
            "page_panel": "chatops/action_panel.html",
            "runs": [(run, state(run), moment(run.asked_at)) for run in found[:SHOWN]],
        }

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the write function."""
        changes.delete_action(actor_of(request), cast("OwnAction", obj))


@admin.register(ActionRun, site=site)
class RunPage(ConsoleModelAdmin):
    """What was run."""

    can_add = can_change = can_delete = False
    change_form_template = "chatops/run.html"
    fieldsets = ((None, {"fields": ()}),)
    list_display = (
        time_column("asked_at", "Asked"),
        "__str__",
        state,
        "asked_by",
        "channel",
    )
    list_filter = ("state", "action", "channel", "is_test")
    search_fields = ("name", "asked_by")
    list_select_related = ("channel",)
    empty_text = (
        "A run is one time that somebody gave an own command, or pressed its button. Nobody did "
        "yet."
    )

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Who, what, and what came of it."""
        run = cast("ActionRun", row)
        number = run.message.message_id if run.message else None
        chat = run.chat
        return {
            "run": run,
            "state_badge": state(run),
            "telegram_url": message_url(chat.chat_id, chat.username, number) if chat else "",
            "calls": list(run.calls.select_related("endpoint")),
        }
