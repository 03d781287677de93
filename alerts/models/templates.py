"""What users have alerts say, in words of their own."""

from django.db import models
from django.db.models import Q

from accounts.models import OrganizationOwned
from channels_app.models import NotificationChannel


class MessageTemplate(OrganizationOwned):
    """A user's Jinja2 template for what a channel shows of a group.

    A route's is used before its channel's. It is stored only when it can tell every sample; where
    it fails all the same, the group is told in the usual way, and `fault` says since `failed_at`
    what was wrong with it. `updated_at` is when its text was last changed.
    """

    class ParseMode(models.TextChoices):
        """In which markup it is written; the message is sent so, whatever the channel's format."""

        HTML = "HTML", "HTML"
        MARKDOWN = "MarkdownV2", "MarkdownV2"
        PLAIN = "", "Plain text"

    name = models.CharField(max_length=100)
    parse_mode = models.CharField(
        "format", max_length=10, choices=ParseMode.choices, default=ParseMode.HTML, blank=True
    )
    body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(editable=False)
    failed_at = models.DateTimeField(null=True, editable=False)
    fault = models.TextField(blank=True, editable=False, help_text="Why it failed last.")

    class Meta:
        verbose_name = "template"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="template_name")
        ]
        indexes = [
            models.Index(
                fields=["failed_at"], condition=Q(failed_at__isnull=False), name="template_failed"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ChannelTemplate(OrganizationOwned):
    """A channel's choice; without one it is told in the usual way."""

    channel = models.OneToOneField(
        NotificationChannel, on_delete=models.CASCADE, related_name="template_choice"
    )
    template = models.ForeignKey(
        MessageTemplate, on_delete=models.CASCADE, related_name="channel_choices"
    )
