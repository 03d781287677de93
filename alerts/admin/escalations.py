"""Console pages of escalation policies: who is told of what nobody acknowledges."""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
)

from accounts.console_forms import WritingForm, WritingPage
from accounts.console_requests import actor_of, organization_of
from accounts.console_site import site
from alerts.escalations import changes as escalations
from alerts.escalations.changes import AFTER_MAX, REPEATS_MAX, STEPS_MAX, EscalationRefused, Step
from alerts.models import EscalationPolicy
from channels_app.models import NotificationChannel


def _after() -> forms.IntegerField:
    return forms.IntegerField(
        label="After minutes",
        required=False,
        min_value=1,
        max_value=AFTER_MAX,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Unacknowledged since it opened.",
    )


def _channels() -> "forms.ModelMultipleChoiceField[NotificationChannel]":
    return forms.ModelMultipleChoiceField(
        label="Tell",
        queryset=NotificationChannel.objects.none(),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )


STEPS = tuple((f"after_{number}", f"channels_{number}") for number in range(1, STEPS_MAX + 1))
"""Names of the form's fields, a pair for each step."""


class EscalationForm(WritingForm[EscalationPolicy]):
    """Its steps, in fields of their own."""

    after_1, channels_1 = _after(), _channels()
    after_2, channels_2 = _after(), _channels()
    after_3, channels_3 = _after(), _channels()
    after_4, channels_4 = _after(), _channels()
    after_5, channels_5 = _after(), _channels()
    repeat_every = forms.IntegerField(
        min_value=0,
        max_value=AFTER_MAX,
        initial=0,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Minutes after which the last step is taken again; 0: never.",
    )
    repeat_times = forms.IntegerField(
        min_value=0,
        max_value=REPEATS_MAX,
        initial=0,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="How many times it is.",
    )

    class Meta:
        model = EscalationPolicy
        fields = escalations.SETTINGS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "after_1" not in self.fields:
            return
        rows = NotificationChannel.objects.for_organization(organization_of(self.request))
        for _, name in STEPS:
            field = cast("forms.ModelMultipleChoiceField[Any]", self.fields[name])
            field.queryset = rows
        if self.instance._state.adding:
            return
        steps = self.instance.steps.prefetch_related("channels")
        for step, (after, channels) in zip(steps, STEPS, strict=False):
            self.fields[after].initial = step.after
            self.fields[channels].initial = list(step.channels.all())

    def write(self, values: dict[str, Any], row: EscalationPolicy | None) -> EscalationPolicy:
        """Make or change it; a step without minutes and channels is none."""
        actor = actor_of(self.request)
        given = [
            (number, Step(values.pop(after) or 0, list(values.pop(channels))))
            for number, (after, channels) in enumerate(STEPS, start=1)
        ]
        used = [(number, step) for number, step in given if step.after or step.channels]
        used.sort(key=lambda one: one[1].after)
        steps = [step for _, step in used]
        try:
            if row is None:
                organization = organization_of(self.request)
                return escalations.create_policy(actor, organization, steps=steps, **values)
            return escalations.change_policy(actor, row, steps=steps, **values)
        except EscalationRefused as refusal:
            if refusal.field != "steps":
                raise
            # Its row, which empty ones may stand before.
            number = used[refusal.step - 1][0] if refusal.step else 0
            field = f"{refusal.part}_{number}" if number else "after_1"
            raise EscalationRefused(field, refusal.reason, number, refusal.part) from None


@admin.register(EscalationPolicy, site=site)
class EscalationPage(WritingPage):
    """Who else is told, and when."""

    form = EscalationForm
    list_display = ("name", "for_what", "climbs", "used_by")
    search_fields = ("name",)
    prefetch: ClassVar[tuple[str, ...]] = ("steps__channels", "routes")
    empty_text = (
        "No escalation policy yet. Add one to have others told when nobody acknowledges an alert "
        "in time, then choose it on a route."
    )
    empty_link = ("Add an escalation policy", "alerts_escalationpolicy_add")
    delete_text = "Its routes' groups escalate no further."

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A first step, and as many as are used; the others are folded."""
        if obj is not None and not self.has_change_permission(request, obj):
            return [(None, {"fields": list(escalations.SETTINGS)})]
        used = obj.steps.count() if obj is not None else 1
        steps = [
            (
                f"Step {number}",
                {"fields": list(pair), "classes": [] if number <= used else ["collapse"]},
            )
            for number, pair in enumerate(STEPS, start=1)
        ]
        repeats = {"fields": ["repeat_every", "repeat_times"], "classes": ["collapse"]}
        return [
            (None, {"fields": ["name", "threshold"]}),
            *steps,
            ("The last step again", repeats),
        ]

    @admin.display(description="For")
    def for_what(self, policy: EscalationPolicy) -> str:
        """Which groups."""
        return f"{policy.get_threshold_display()} or worse" if policy.threshold else "any severity"

    @admin.display(description="Tells")
    def climbs(self, policy: EscalationPolicy) -> SafeString:
        """Its steps."""
        steps = [
            (step.after, ", ".join(str(channel) for channel in step.channels.all()) or "nobody")
            for step in policy.steps.all()
        ]
        shown = format_html_join(SafeString("<br>"), "after {} min: {}", steps)
        if not policy.repeat_times:
            return shown
        again = "{}<br>then every {} min, {} times"
        return format_html(again, shown, policy.repeat_every, policy.repeat_times)

    @admin.display(description="Routes")
    def used_by(self, policy: EscalationPolicy) -> SafeString | str:
        """Which routes name it."""
        names = ", ".join(str(route) for route in policy.routes.all())
        return names or format_html('<span class="tocsin-warn">{}</span>', "none")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the write function."""
        escalations.delete_policy(actor_of(request), cast("EscalationPolicy", obj))
