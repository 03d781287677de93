"""WHO: organizations, their people and keys, and the record of what they changed."""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self, TypeVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from uuid_utils.compat import uuid7

from languages.speaking import CODE_MAX, ENGLISH, LANGUAGES, gettext_noop

M_co = TypeVar("M_co", bound=models.Model, covariant=True)


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): sortable by time of creation."""
    return uuid7()


def first_id(at: datetime) -> uuid.UUID:
    """The least UUIDv7 of this millisecond: rows with a smaller ID were made before."""
    return uuid.UUID(int=(int(at.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62))


class Identified(models.Model):
    """A row with a UUIDv7 as primary key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        abstract = True


class UserManager(BaseUserManager["User"]):
    """Users are found by e-mail address, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user with this e-mail address."""
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A person who may sign in; without a password only a reset lets them in."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """The operator of the installation."""
        return self.create_user(email, password, is_superuser=True, **fields)


class User(AbstractUser):
    """A person. Rights come from memberships; `is_superuser` marks the installation's operator."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = None  # type: ignore[assignment]  # people sign in with their e-mail address
    email = models.EmailField("e-mail address", unique=True)
    timezone = models.CharField(
        "time zone", max_length=64, blank=True, help_text="Empty: the organization's zone."
    )
    is_staff = models.BooleanField("may use the console", default=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]  # keyed by e-mail

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]

    def __str__(self) -> str:
        return self.email


class Organization(Identified):
    """The tenant; owns everything below."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=60, unique=True)
    timezone = models.CharField("time zone", max_length=64, default="UTC")
    language = models.CharField(
        max_length=CODE_MAX,
        choices=LANGUAGES,
        default=ENGLISH,
        db_default=ENGLISH,
        help_text="Of what the bot says in chats; people choose their own by /settings.",
    )
    severity_map = models.JSONField(
        default=dict,
        blank=True,
        help_text="Which label carries the severity, which values mean what; empty: the default.",
    )
    ingest_limit = models.PositiveIntegerField(
        default=12000, help_text="Accepted POSTs of alerts a minute, all integrations together."
    )
    muting_version = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="Counts changes of what mutes alerts: what is remembered of it is for one value.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class OrganizationQuerySet(models.QuerySet[M_co]):
    """Every query of tenant-owned rows starts with `for_organization`."""

    def for_organization(self, organization: "Organization | uuid.UUID") -> Self:
        """Only the rows that this organization owns."""
        return self.filter(organization=organization)


class OrganizationManager(models.Manager[M_co]):
    """The default manager of tenant-owned models."""

    def get_queryset(self) -> OrganizationQuerySet[M_co]:
        """A queryset that knows `for_organization`."""
        return OrganizationQuerySet(self.model, using=self._db)

    def for_organization(
        self, organization: "Organization | uuid.UUID"
    ) -> OrganizationQuerySet[M_co]:
        """Only the rows that this organization owns."""
        return self.get_queryset().for_organization(organization)


class OrganizationOwned(Identified):
    """A row that belongs to one organization."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")

    objects: ClassVar[OrganizationManager[Self]] = OrganizationManager()

    class Meta:
        abstract = True


class Role(models.TextChoices):
    """What a member may do; each role includes the ones below it."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    RESPONDER = "responder", "Responder"
    VIEWER = "viewer", "Viewer"


class Membership(OrganizationOwned):
    """A user's role in an organization."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "member"
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class ApiKey(OrganizationOwned):
    """A key for the REST API: shown once, stored as a SHA-256 hash, revoked at once."""

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, help_text="The start of the key, to recognise it by.")
    key_hash = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class Way(models.TextChoices):
    """How an actor reached us."""

    CONSOLE = "console", gettext_noop("Console")
    API = "api", "API"
    TELEGRAM = "telegram", "Telegram"
    COMMAND = "command", gettext_noop("Command line")
    SYSTEM = "system", "Tocsin"


class AuditEntry(Identified):
    """Who changed what, when and from where. Never edited; purged by age alone."""

    organization = models.ForeignKey(
        Organization, null=True, on_delete=models.CASCADE, related_name="+"
    )
    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    api_key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.CharField(max_length=254)
    way = models.CharField(max_length=10, choices=Way.choices)
    ip_address = models.GenericIPAddressField(null=True)
    action = models.CharField(max_length=40)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64, blank=True)
    object_name = models.CharField(max_length=254, blank=True)
    changes = models.JSONField(default=dict, help_text="Field → [before, after]; secrets masked.")

    objects: ClassVar[OrganizationManager["AuditEntry"]] = OrganizationManager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["organization", "-id"], name="audit_by_organization")]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.object_type} {self.object_name}"


class IdempotencyRecord(OrganizationOwned):
    """The answer once given to a request with an `Idempotency-Key`; kept 48 hours."""

    scope = models.CharField(max_length=80)
    key_hash = models.CharField(max_length=64)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "scope", "key_hash"], name="idempotency_key_once"
            )
        ]
