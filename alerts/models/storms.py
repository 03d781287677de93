"""When a channel gets more than its chat may be told one by one."""

from django.db import models

from accounts.models import OrganizationOwned
from channels_app.models import NotificationChannel
from deliveries.models import SentMessage, Stream


class Storm(OrganizationOwned):
    """A time in which one digest message tells a channel of many groups.

    Publishing absorbs groups into the channel's open storm. Its digest is published as a group's
    message is: claimed when `due_at` has come, and a claim that ran out counts as due. Closed, it
    still tells what becomes of the groups that it absorbed. `revision` grows with each change of
    them; `unheard` is the news that nobody was rung for yet, and `shown` what its channel was told
    (both in alerts/storms/state.py).
    """

    class Reason(models.TextChoices):
        """Why alerts are told together."""

        STORM = "storm", "More alerts than the chat may be told"
        OUTAGE = "outage", "Over before they could be told"

    channel = models.ForeignKey(
        NotificationChannel, on_delete=models.CASCADE, related_name="storms", db_index=False
    )
    reason = models.CharField(max_length=6, choices=Reason.choices, default=Reason.STORM)
    stream = models.OneToOneField(Stream, null=True, on_delete=models.SET_NULL, related_name="+")
    message = models.ForeignKey(SentMessage, null=True, on_delete=models.SET_NULL, related_name="+")
    document = models.ForeignKey(
        SentMessage, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    opened_at = models.DateTimeField()
    absorbed_at = models.DateTimeField(help_text="When it was last given news.")
    closed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    joined = models.PositiveIntegerField(default=0, help_text="Groups that brought it news.")
    parted = models.PositiveIntegerField(
        default=0, help_text="Groups that it told of and that have messages of their own again."
    )
    revision = models.PositiveIntegerField(default=0)
    unheard = models.JSONField(default=dict)
    shown = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel"],
                condition=models.Q(closed_at__isnull=True),
                name="one_open_storm",
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(due_at__isnull=False), name="storm_due"
            ),
            models.Index(
                fields=["claimed_until"],
                condition=models.Q(claimed_until__isnull=False),
                name="storm_claimed",
            ),
            models.Index(
                fields=["closed_at"],
                condition=models.Q(closed_at__isnull=False),
                name="storm_closed",
            ),
            models.Index(fields=["channel", "-id"], name="storm_by_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()}, {self.opened_at:%Y-%m-%d %H:%M:%S} UTC"
