"""What mutes alerts: by matchers and time, by calendar, by another alert."""

from django.db import models

from accounts.models import OrganizationOwned, User, Way
from alerts.models.alerts import Alert
from alerts.models.base import Busy
from alerts.models.incoming import Integration


class Silence(OrganizationOwned):
    """Alerts that all matchers match are not told of from its start to its end; where it names an
    integration, those of it alone.

    `due_at`: when groups have to be looked at next, because it begins, changed or ends then;
    empty once its end was told. `author`: who is named for it, as Alertmanager's createdBy.
    """

    matchers = models.JSONField(
        default=list, help_text='[{"name", "op": "= != =~ !~", "value"}, …]; all match.'
    )
    integration = models.ForeignKey(
        Integration,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Empty: alerts of all integrations.",
    )
    starts_at = models.DateTimeField("start")
    ends_at = models.DateTimeField("end")
    comment = models.TextField(blank=True)
    author = models.CharField(max_length=254, blank=True)
    created_by = models.ForeignKey(
        User, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    way = models.CharField(max_length=10, choices=Way.choices, default=Way.SYSTEM, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-ends_at", "-id"]
        indexes = [
            models.Index(fields=["organization", "-ends_at"], name="silence_by_organization"),
            models.Index(
                fields=["due_at"],
                condition=models.Q(due_at__isnull=False),
                name="silence_due",
            ),
        ]

    def __str__(self) -> str:
        matchers = ", ".join(f"{one['name']}{one['op']}{one['value']}" for one in self.matchers)
        return matchers[:254]


class MuteTiming(OrganizationOwned):
    """Named times of the week or year; a route tells nothing in them, or nothing outside them.

    `intervals` as alerts/muting/time_intervals.py reads them.
    """

    name = models.CharField(max_length=100)
    intervals = models.JSONField(
        default=list, help_text='[{"times": [{"start_time": "22:00", "end_time": "24:00"}]}, …]'
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="mute_timing_name")
        ]

    def __str__(self) -> str:
        return self.name


class InhibitRule(OrganizationOwned):
    """While a source alert fires, targets with equal values of these labels are not told of.

    `due_at`: when its sources have to be looked for among the alerts that fire already; empty once
    they are found, those too that were stored meanwhile by whoever did not know the rule as it was
    last changed, at `changed_at` (alerts/muting/inhibit_effects.py).
    """

    name = models.CharField(max_length=100, blank=True)
    enabled = models.BooleanField(default=True)
    source_matchers = models.JSONField(default=list)
    target_matchers = models.JSONField(default=list)
    equal = models.JSONField(
        default=list, blank=True, help_text="Label names; one that both lack is equal, too."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(null=True, editable=False)
    due_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name or f"Rule {str(self.pk)[-6:]}"


class InhibitSource(Busy):
    """An alert that is a rule's source, by the hash of its values of the rule's `equal`: so that a
    target's sources are found without reading every alert. It counts while the alert fires.

    `due_at`: since when its targets have to be looked at anew, because it inhibits them no longer:
    those of the key `former`; empty: of any, for it had several meanwhile.
    """

    rule = models.ForeignKey(
        InhibitRule, on_delete=models.CASCADE, related_name="sources", db_index=False
    )
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=32)
    former = models.CharField(max_length=32, default="", db_default="")
    due_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "alert"], name="inhibit_source")]
        indexes = [
            models.Index(fields=["rule", "key"], name="inhibit_source_key"),
            models.Index(
                fields=["due_at"],
                condition=models.Q(due_at__isnull=False),
                name="inhibit_source_due",
            ),
        ]
