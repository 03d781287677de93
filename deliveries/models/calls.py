"""The durable Bot API calls, the order they leave in, and what became of them."""

from django.db import models

from accounts.models import Organization, OrganizationOwned
from channels_app.models import Bot, Chat, NotificationChannel


class Lane(models.Model):
    """One bot's outgoing queue; held by at most one dispatcher.

    `fence` grows with every holder: a settle under an old fence changes nothing. `dirty` is set by
    a wake-up that found the lane held; the holder rereads it before it lets go.
    """

    bot = models.OneToOneField(Bot, primary_key=True, on_delete=models.CASCADE, related_name="lane")
    holder = models.CharField(max_length=80, blank=True)
    fence = models.BigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    dirty = models.BooleanField(default=False)
    not_before = models.DateTimeField(null=True, help_text="The lane's clock: no call before this.")
    failures = models.PositiveIntegerField(
        default=0, help_text="Unreachable in a row: sets the back-off."
    )
    trouble = models.TextField(blank=True, help_text="Why the lane waits, for people.")
    suspected_at = models.DateTimeField(
        null=True, help_text="Since when the token or the server seems wrong."
    )


class ChatClock(models.Model):
    """When a chat may get its next call after a 429."""

    chat = models.OneToOneField(
        Chat, primary_key=True, on_delete=models.CASCADE, related_name="clock"
    )
    not_before = models.DateTimeField()
    reason = models.CharField(max_length=255, blank=True)


class Stream(OrganizationOwned):
    """The calls that must leave in order: one per GroupMessage, one per REST message."""

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="+")
    last_sequence = models.PositiveIntegerField(default=0)


class SentMessage(OrganizationOwned):
    """A Telegram message that we sent, or are about to, and may edit."""

    class State(models.TextChoices):
        """Where the message stands."""

        EXPECTED = "expected", "Not sent yet"
        SHOWN = "shown", "Shown"
        FORGOTTEN = "forgotten", "Gone or not editable"

    class Kind(models.TextChoices):
        """What it carries; decides which edit methods apply."""

        TEXT = "text", "Text"
        PHOTO = "photo", "Photo"
        DOCUMENT = "document", "Document"
        AUDIO = "audio", "Audio"
        VIDEO = "video", "Video"
        VOICE = "voice", "Voice message"
        VIDEO_NOTE = "video_note", "Video note"
        ANIMATION = "animation", "Animation"
        STICKER = "sticker", "Sticker"
        LOCATION = "location", "Location"
        VENUE = "venue", "Venue"
        CONTACT = "contact", "Contact"
        POLL = "poll", "Poll"
        DICE = "dice", "Dice"
        ALBUM = "album", "Album"

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="+")
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="messages")
    message_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.EXPECTED)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.TEXT)
    sent_at = models.DateTimeField(null=True)
    result = models.JSONField(
        null=True, help_text='What Telegram told of it: {"v": 1, …}, see deliveries/answers.py.'
    )

    @property
    def message_ids(self) -> list[int]:
        """All of an album, the first one is `message_id`; none while it is not shown."""
        if self.message_id is None:
            return []
        told: list[int] = (self.result or {}).get("message_ids", [])
        return told or [self.message_id]

    class Meta:
        indexes = [
            # The sweep asks every few seconds which of them are shown by an open group.
            models.Index(
                fields=["id"],
                condition=models.Q(state="forgotten"),
                name="sent_message_forgotten",
            )
        ]


class Attachment(OrganizationOwned):
    """A file that waits to be sent; deleted when every delivery that needs it is settled."""

    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100, default="application/octet-stream")
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)


class Delivery(OrganizationOwned):
    """One durable Bot API call.

    Its parameters may be overwritten until the first attempt, which freezes them; newer state is a
    new revision behind it in the stream. Retries live here (`not_before`), never in the broker.
    """

    class State(models.TextChoices):
        """Waiting until settled; parked while its channel is disabled."""

        WAITING = "waiting", "Waiting"
        IN_FLIGHT = "in_flight", "Being sent"
        SENT = "sent", "Sent"
        DEAD = "dead", "Undeliverable"
        PARKED = "parked", "Parked"
        SUPERSEDED = "superseded", "Superseded"

    class Purpose(models.TextChoices):
        """What the call is for."""

        GROUP = "group", "Alert message"
        NOTICE = "notice", "Sounding reply"
        DOCUMENT = "document", "Document"
        DIGEST = "digest", "Digest of many alerts"
        MESSAGE = "message", "Message by API"
        TEST = "test", "Test"
        FALLBACK = "fallback", "Fallback of a channel"
        ANSWER = "answer", "Answer to a person"

    class Priority(models.IntegerChoices):
        """Lower leaves first; age lifts what waits."""

        INTERACTIVE = 0, "Interactive"
        CRITICAL = 1, "Critical"
        HIGH = 2, "High"
        NORMAL = 3, "Normal"
        LOW = 4, "Low"

    # Written once or more for every alert: no index that another one makes superfluous.
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="+")
    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(
        NotificationChannel, null=True, on_delete=models.SET_NULL, related_name="deliveries"
    )
    stream = models.ForeignKey(
        Stream, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    sequence = models.PositiveIntegerField()
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)

    method = models.CharField(max_length=40, help_text="Bot API method, verbatim.")
    params = models.JSONField(help_text='{"v": 1, …Bot API parameters without chat_id}.')
    files = models.JSONField(
        default=dict,
        help_text='Parameter → {"attachment": id} or {"render": name, "id": …}, made at send.',
    )
    plain_text = models.TextField(blank=True, help_text="What the plain-text step sends.")
    target = models.ForeignKey(
        SentMessage,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The message that this call makes, edits or deletes.",
    )
    reply_to = models.ForeignKey(
        SentMessage, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    weight = models.PositiveSmallIntegerField(
        default=1,
        db_default=1,
        help_text="How many messages Telegram's limits count: of an album each.",
    )
    ladder = models.JSONField(
        default=list, help_text="Steps taken after refusals, in order: what was left out and why."
    )

    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(help_text="Since when it could have left.")
    not_before = models.DateTimeField(help_text="No attempt before this.")
    turn_at = models.DateTimeField(
        help_text="`due_at` plus what its priority yields to others: the smallest leaves first."
    )
    attempts = models.PositiveIntegerField(
        default=0, help_text="Calls that Telegram may have seen; 0: may still be overwritten."
    )
    claim = models.UUIDField(null=True, help_text="Of the attempt under way; a settle names it.")
    deadline = models.DateTimeField(null=True, help_text="Of the attempt under way.")
    maybe_sent = models.BooleanField(
        default=False, help_text="An answer was lost: Telegram may show this twice."
    )
    settled_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=30, blank=True)
    description = models.TextField(blank=True, help_text="Telegram's last words about it.")

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["stream", "sequence"], name="delivery_order")
        ]
        indexes = [
            models.Index(
                fields=["bot", "chat", "turn_at"],
                condition=models.Q(state__in=["waiting", "in_flight"]),
                name="delivery_open_by_chat",
            ),
            models.Index(
                fields=["bot", "chat", "turn_at"],
                condition=models.Q(state__in=["waiting", "in_flight"], priority=0),
                name="delivery_open_interactive",
            ),
            models.Index(
                fields=["stream", "sequence"],
                condition=models.Q(state__in=["waiting", "in_flight"]),
                name="delivery_open_by_stream",
            ),
            models.Index(fields=["organization", "-id"], name="delivery_by_organization"),
            models.Index(
                fields=["channel", "state"],
                condition=models.Q(state__in=["parked", "dead"]),
                name="delivery_trouble",
            ),
            models.Index(
                fields=["settled_at"],
                condition=models.Q(settled_at__isnull=False),
                name="delivery_settled",
            ),
            models.Index(
                fields=["settled_at"],
                condition=models.Q(state="dead"),
                name="delivery_dead",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} to {self.chat}"


class DeliveryAttempt(OrganizationOwned):
    """One try at a delivery, with Telegram's own words."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="+", db_index=False)
    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    fence = models.BigIntegerField()
    method = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    deadline = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=30, blank=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="HTTP status or error_code.")
    description = models.TextField(blank=True)
    retry_after = models.PositiveIntegerField(null=True)
    maybe_sent = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["bot", "started_at"], name="attempt_pace"),
            models.Index(fields=["started_at"], name="attempt_age"),
        ]
