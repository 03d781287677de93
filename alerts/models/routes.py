"""Who is told what."""

from django.db import models

from accounts.models import OrganizationOwned
from alerts.models.escalations import EscalationPolicy
from alerts.models.incoming import Integration
from alerts.models.muting import MuteTiming
from alerts.models.templates import MessageTemplate
from channels_app.models import NotificationChannel

VALUE_MAX = 256
"""Characters of a label's name, and of a value that chooses."""


class Route(OrganizationOwned):
    """Ordered label matchers → channels, grouping and timing; the default takes what is left."""

    name = models.CharField(max_length=100)
    position = models.PositiveIntegerField(default=0)
    is_default = models.BooleanField(default=False, editable=False)
    enabled = models.BooleanField(default=True)
    integrations = models.ManyToManyField(
        Integration, blank=True, related_name="routes", help_text="Empty: all of them."
    )
    matchers = models.JSONField(
        default=list, blank=True, help_text='[{"name", "op": "= != =~ !~", "value"}, …]; all match.'
    )
    continue_matching = models.BooleanField(
        "continue", default=False, help_text="Routes below are tried too."
    )
    channels = models.ManyToManyField(NotificationChannel, blank=True, related_name="routes")
    choose_by = models.CharField(
        max_length=VALUE_MAX,
        blank=True,
        default="",
        db_default="",
        help_text="A label whose value chooses another channel, see RouteChoice; empty: none does.",
    )
    group_by = models.JSONField(
        null=True,
        blank=True,
        help_text='Label names, or ["..."] for all; empty: as the sender grouped, '
        "else all labels but instance.",
    )
    group_wait = models.PositiveIntegerField(default=0, help_text="Seconds before a first message.")
    group_interval = models.PositiveIntegerField(
        default=0, help_text="Seconds between messages about changes."
    )
    repeat_interval = models.PositiveIntegerField(
        default=14400, help_text="Seconds after which a firing group is told again; 0: never."
    )
    mute_timings = models.ManyToManyField(
        MuteTiming, blank=True, related_name="+", help_text="In these times it tells nothing."
    )
    active_timings = models.ManyToManyField(
        MuteTiming,
        blank=True,
        related_name="+",
        help_text="Outside these times it tells nothing; none: it always tells.",
    )

    template = models.ForeignKey(
        MessageTemplate,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="routes",
        help_text="How its alerts are told, before the channel's own; empty: as the channel says.",
    )
    sound = models.JSONField(
        null=True,
        blank=True,
        help_text='By severity "ring" or "silent"; what is left out: as the channel says.',
    )
    escalation = models.ForeignKey(
        EscalationPolicy,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="routes",
        help_text="Who is told of what nobody acknowledges.",
    )

    class Meta:
        ordering = ["is_default", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(is_default=True),
                name="one_default_route",
            )
        ]

    def __str__(self) -> str:
        return self.name


class RouteChoice(OrganizationOwned):
    """Where a route's alerts go whose label `choose_by` has this value: not to its channels."""

    route = models.ForeignKey(
        Route, on_delete=models.CASCADE, related_name="choices", db_index=False
    )
    value = models.CharField(max_length=VALUE_MAX)
    channel = models.ForeignKey(
        NotificationChannel, on_delete=models.CASCADE, related_name="route_choices"
    )

    class Meta:
        ordering = ["value"]
        constraints = [models.UniqueConstraint(fields=["route", "value"], name="route_choice_once")]

    def __str__(self) -> str:
        return f"{self.value} → {self.channel}"
