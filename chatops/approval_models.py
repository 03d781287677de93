"""BACK: questions of programs, and the addresses that programs hear at; a part of models.py."""

from django.db import models

from accounts.models import OrganizationOwned, User
from channels_app.models import NotificationChannel
from chatops.action_models import ActionRun
from deliveries.models import OutgoingCall, SentMessage


class Endpoint(OrganizationOwned):
    """A program of the organization's, which is called over HTTP with signed POSTs."""

    name = models.CharField(max_length=100)
    url = models.CharField(max_length=500)
    secret_encrypted = models.TextField(editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="endpoint_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Approval(OrganizationOwned):
    """A question to a channel's chat, with the choices that people have; asked by a program."""

    class State(models.TextChoices):
        """Open until somebody answers, its time is over, or it is taken back."""

        OPEN = "open", "Open"
        ANSWERED = "answered", "Answered"
        EXPIRED = "expired", "Expired"
        CANCELLED = "cancelled", "Cancelled"

    class Who(models.TextChoices):
        """Who may answer."""

        ANYONE = "anyone", "Anyone in the chat"
        RESPONDER = "responder", "Members who respond"
        ADMIN = "admin", "Admins"
        OWNER = "owner", "Owners"

    channel = models.ForeignKey(
        NotificationChannel, on_delete=models.CASCADE, related_name="approvals"
    )
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    choices = models.JSONField(help_text='[{"value", "label"}, …] as buttons, in this order.')
    who = models.CharField(max_length=9, choices=Who.choices, default=Who.RESPONDER)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=254)
    expires_at = models.DateTimeField()
    answer = models.CharField(max_length=64, blank=True, help_text="The value that was chosen.")
    answered_by = models.CharField(max_length=254, blank=True)
    answered_user = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    settled_at = models.DateTimeField(null=True)
    message = models.ForeignKey(SentMessage, null=True, on_delete=models.SET_NULL, related_name="+")
    endpoint = models.ForeignKey(
        Endpoint, null=True, on_delete=models.SET_NULL, related_name="approvals"
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization", "-id"], name="approval_by_organization"),
            models.Index(
                fields=["expires_at"], condition=models.Q(state="open"), name="approval_open"
            ),
            models.Index(
                fields=["settled_at"],
                condition=models.Q(settled_at__isnull=False),
                name="approval_settled",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class EndpointCall(OutgoingCall):
    """One POST to an endpoint, tried again until `give_up_at`."""

    class Event(models.TextChoices):
        """What it tells."""

        TEST = "test", "Test"
        APPROVAL = "approval", "Approval"
        ACTION = "action", "Own command"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="calls")
    approval = models.ForeignKey(
        Approval, null=True, on_delete=models.CASCADE, related_name="calls"
    )
    run = models.ForeignKey(ActionRun, null=True, on_delete=models.CASCADE, related_name="calls")
    event = models.CharField(max_length=8, choices=Event.choices)
    content = models.JSONField(help_text='{"v": 1, …}, as it is sent.')
    give_up_at = models.DateTimeField()
    said = models.TextField(blank=True, help_text="What came of the last attempt.")

    class Meta:
        ordering = ["-id"]
        verbose_name = "call"
        indexes = [
            models.Index(
                fields=["not_before"],
                condition=models.Q(state="waiting"),
                name="endpoint_call_waiting",
            ),
            models.Index(
                fields=["settled_at"],
                condition=models.Q(settled_at__isnull=False),
                name="endpoint_call_settled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} to {self.endpoint}"
