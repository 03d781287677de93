"""What every table of calls to the outside that are not Telegram's holds."""

from django.db import models

from accounts.models import OrganizationOwned


class OutgoingCall(OrganizationOwned):
    """A call to a program or a mail server; what it says is fixed when it is made, and its ID is
    what receivers tell repetitions by.

    Retries live here (`not_before`). Who holds `claim` makes it, and settles it under that claim;
    after `claimed_until` it is free again.
    """

    class State(models.TextChoices):
        """Waiting until the other side took it, or until it was given up."""

        WAITING = "waiting", "Waiting"
        ACCEPTED = "accepted", "Accepted"
        FAILED = "failed", "Failed"

    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    claim = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
