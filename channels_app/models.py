"""WHERE: bots, who may use them, and the chats that alerts go to."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower

from accounts.models import Organization, OrganizationOwned, User
from languages.speaking import CODE_MAX, LANGUAGES


class Verification(models.TextChoices):
    """What the last probe of a bot or channel found."""

    PENDING = "pending", "Being checked"
    OK = "ok", "Working"
    FAILED = "failed", "Needs attention"


class Verified(models.Model):
    """Fields of something that a probe proves: the verdict is what Telegram said and our advice."""

    verification = models.CharField(
        max_length=8, choices=Verification.choices, default=Verification.PENDING, editable=False
    )
    verified_at = models.DateTimeField(null=True, editable=False)
    verdict = models.JSONField(
        default=dict,
        editable=False,
        help_text='{"problem": code, "telegram": description, "advice": text}; empty when well.',
    )
    enabled = models.BooleanField(default=True)
    disabled_reason = models.TextField(blank=True, editable=False)
    disabled_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class Bot(Verified, OrganizationOwned):
    """A Telegram bot. Anybody can know its Telegram ID; only the token that getMe accepted proves
    whose it is, so only a proven row keeps others out, and only a proven bot sends."""

    class Updates(models.TextChoices):
        """How updates from Telegram arrive."""

        NONE = "none", "Not received"
        POLLING = "polling", "Long polling"
        WEBHOOK = "webhook", "Webhook"

    name = models.CharField(max_length=100, help_text="What you call it here.")
    telegram_id = models.BigIntegerField(editable=False)
    proven_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When getMe accepted the token; nothing is sent before.",
    )
    username = models.CharField(max_length=64, blank=True, editable=False)
    token_encrypted = models.TextField(editable=False)
    api_url = models.URLField(
        "Bot API server",
        max_length=300,
        blank=True,
        help_text="Empty: the installation's own (https://api.telegram.org). "
        "For a local Bot API server its base URL, such as http://10.0.0.5:8081.",
    )
    proxy_encrypted = models.TextField(blank=True, editable=False)
    updates = models.CharField(max_length=8, choices=Updates.choices, default=Updates.NONE)
    webhook_secret_encrypted = models.TextField(blank=True, editable=False)
    facts = models.JSONField(default=dict, editable=False, help_text="getMe's answer.")
    per_second = models.PositiveSmallIntegerField(
        "calls a second",
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="Telegram's published limit is 30; more only for a local server.",
    )
    chat_per_second = models.PositiveSmallIntegerField(
        "calls a second to one chat", default=1, validators=[MinValueValidator(1)]
    )
    group_per_minute = models.PositiveSmallIntegerField(
        "calls a minute to one group", default=20, validators=[MinValueValidator(1)]
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "telegram_id"], name="bot_once_in_organization"
            ),
            # A server or proxy of a user's choice can accept any token, so it proves nothing to
            # others. See decision 4.
            models.UniqueConstraint(
                fields=["telegram_id"],
                condition=models.Q(proven_at__isnull=False, api_url="", proxy_encrypted=""),
                name="bot_proven_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (@{self.username})" if self.username else self.name


class BotGrant(OrganizationOwned):
    """The organization lends its bot to another one, which never sees the token."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="grants")
    grantee = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bot", "grantee"], name="bot_grant_once")]

    def __str__(self) -> str:
        return f"{self.bot} → {self.grantee}"


class Chat(OrganizationOwned):
    """Telegram's chat as one bot sees it; per bot a chat belongs to one organization."""

    class Type(models.TextChoices):
        """Telegram's Chat.type; empty until the first getChat."""

        UNKNOWN = "", "not known yet"
        PRIVATE = "private", "private chat"
        GROUP = "group", "group"
        SUPERGROUP = "supergroup", "supergroup"
        CHANNEL = "channel", "channel"

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="chats")
    chat_id = models.BigIntegerField(null=True, help_text="Empty while only @name is known.")
    username = models.CharField(max_length=64, blank=True, help_text="Without the @.")
    type = models.CharField(max_length=10, choices=Type.choices, default=Type.UNKNOWN, blank=True)
    title = models.CharField(max_length=255, blank=True)
    is_forum = models.BooleanField(default=False)
    blocked_at = models.DateTimeField(
        null=True, help_text="Since when the person of a private chat lets the bot say nothing."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bot", "chat_id"],
                condition=models.Q(chat_id__isnull=False),
                name="chat_of_one_organization",
            ),
            models.UniqueConstraint(
                "bot",
                Lower("username"),
                condition=models.Q(chat_id__isnull=True),
                name="chat_name_of_one_organization",
            ),
        ]

    def __str__(self) -> str:
        return self.title or (f"@{self.username}" if self.username else str(self.chat_id))

    @property
    def address(self) -> int | str:
        """What the Bot API takes as `chat_id`."""
        return self.chat_id if self.chat_id is not None else f"@{self.username}"

    @property
    def is_group(self) -> bool:
        """Whether the limit of 20 calls a minute holds."""
        return is_group(self.type, self.chat_id)

    @property
    def is_public(self) -> bool:
        """Whether everybody can join it. A person's name makes their private chat no public one."""
        return bool(self.username) and self.is_group


def is_group(kind: str, chat_id: int | None) -> bool:
    """Whether Telegram limits such a chat to 20 calls a minute: every one but a private chat. While
    `kind` (Chat.type) is not known, the number tells: groups and channels are negative."""
    if kind:
        return kind != Chat.Type.PRIVATE
    return chat_id is None or chat_id < 0


def default_durations() -> list[str]:
    """Of the Silence buttons of a new channel."""
    return ["1h", "4h"]


class NotificationChannel(Verified, OrganizationOwned):
    """A bot plus a chat (and topic), with format and sound policy."""

    class Format(models.TextChoices):
        """Bot API `parse_mode`; empty is plain text."""

        HTML = "HTML", "HTML"
        MARKDOWN_V2 = "MarkdownV2", "MarkdownV2"
        PLAIN = "", "Plain text"

    class Silent(models.TextChoices):
        """When messages arrive without a sound (`disable_notification`)."""

        NEVER = "never", "Never"
        ALWAYS = "always", "Always"
        BELOW = "below", "Below a severity"
        RESOLVED = "resolved", "When resolved"

    class SilentBelow(models.TextChoices):
        """The lowest severity that still rings."""

        CRITICAL = "critical", "Critical"
        HIGH = "high", "High"
        WARNING = "warning", "Warning"

    class Actions(models.TextChoices):
        """Who may press the buttons under its alerts."""

        ANYONE = "anyone", "Anyone in the chat"
        MEMBERS = "members", "Members with a linked Telegram account"
        NOBODY = "nobody", "Nobody: no buttons"

    name = models.CharField(max_length=100)
    chat = models.ForeignKey(Chat, on_delete=models.RESTRICT, related_name="channels")
    message_thread_id = models.PositiveIntegerField(
        "topic", null=True, blank=True, help_text="Empty: the chat itself, or General in a forum."
    )
    parse_mode = models.CharField(
        "format", max_length=10, choices=Format.choices, default=Format.HTML, blank=True
    )
    silent = models.CharField(max_length=8, choices=Silent.choices, default=Silent.NEVER)
    silent_below = models.CharField(
        max_length=8, choices=SilentBelow.choices, default=SilentBelow.WARNING
    )
    protect_content = models.BooleanField(
        default=False, help_text="Messages can't be forwarded or saved."
    )
    link_previews = models.BooleanField(default=False)
    timezone = models.CharField(
        "time zone", max_length=64, blank=True, help_text="Empty: the organization's zone."
    )
    language = models.CharField(
        max_length=CODE_MAX,
        choices=LANGUAGES,
        blank=True,
        default="",
        db_default="",
        help_text="Empty: the organization's language.",
    )
    renotify_interval = models.PositiveIntegerField(
        default=60, help_text="Seconds: at most one sounding reply about a group in this time."
    )
    tells_admins = models.BooleanField(
        "for troubles",
        default=False,
        db_default=False,
        help_text="Troubles of other bots and channels are told here, besides by e-mail.",
    )
    actions = models.CharField(
        "who may press buttons",
        max_length=7,
        choices=Actions.choices,
        default=Actions.ANYONE,
        db_default=Actions.ANYONE.value,
        help_text="Of the buttons under alerts, such as Acknowledge. In a public chat, which "
        "everybody can join, Anyone means members as well. Buttons need a bot that receives "
        "updates.",
    )
    trail = models.BooleanField(
        "replies about actions",
        default=False,
        db_default=False,
        help_text="What people do about an alert is also said in a short reply to it.",
    )
    silence_durations = models.JSONField(
        default=default_durations,
        db_default=models.Value(["1h", "4h"], models.JSONField()),
        help_text='Of the Silence buttons, such as ["1h", "4h"]; none: no such buttons.',
    )
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    topic_problem = models.CharField(max_length=255, blank=True, editable=False)

    class Meta:
        verbose_name = "channel"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="channel_name_once")
        ]

    def __str__(self) -> str:
        return self.name
