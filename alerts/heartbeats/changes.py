"""Heartbeats as people change them: made, changed, paused, resumed, re-keyed, deleted.

A key is `th_` and 32 random bytes, found by its SHA-256 and kept encrypted beside it so that its
URL can be copied again.
"""

import secrets
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from accounts.tenancy import require_same_organization
from accounts.zones import zone_names
from alerts.heartbeats import rules as heartbeat_rules
from alerts.heartbeats.pings import PREFIX
from alerts.heartbeats.rules import (
    SECONDS_MAX,
    SECONDS_MIN,
    Facts,
    Schedule,
    ScheduleError,
    check_cron,
)
from alerts.heartbeats.source import source_of
from alerts.heartbeats.state import change
from alerts.integration_keys import forget_cached_keys, hash_of
from alerts.matchers import MatcherError, read_matchers
from alerts.models import Heartbeat, Integration
from alerts.severity import Severity
from channels_app import encryption
from deliveries import clock

SETTINGS = (
    "description",
    "period",
    "cron",
    "timezone",
    "grace",
    "severity",
    "labels",
    "integration",
    "matchers",
)
"""What a person may set besides the name."""
_SCHEDULE = ("period", "cron", "timezone", "grace")
NAME_MAX = 100
DESCRIPTION_MAX = 1_000
LABELS_MAX = 20
LABEL_NAME_MAX, LABEL_VALUE_MAX = 100, 500


class HeartbeatRefused(ValueError):
    """The input can't become this heartbeat: `field` says which one, the text what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def create_heartbeat(
    actor: Actor, organization: Organization, name: str, **values: Any
) -> Heartbeat:
    """One that waits for its first ping; `values` are those of SETTINGS. Raises
    HeartbeatRefused."""
    row = Heartbeat(organization=organization, name=name)
    for field, value in _checked(row, {"name": name, **values}).items():
        setattr(row, field, value)
    _give_key(row)
    try:
        with transaction.atomic():
            source_of(organization)
            row.save(force_insert=True)
            audit.record(actor, organization, "create", row)
            _feed(row.integration)
    except IntegrityError:
        raise _taken(name) from None
    return row


def change_heartbeat(actor: Actor, heartbeat: Heartbeat, **values: Any) -> Heartbeat:
    """Change what is given, of the name and SETTINGS; another schedule begins now. Raises
    HeartbeatRefused."""
    values = _checked(heartbeat, values)
    if not values:
        return heartbeat
    former = heartbeat.integration

    def decide(facts: Facts, schedule: Schedule, now: datetime) -> Facts:
        is_expected = facts.down_at is None or facts.reason == "schedule"
        begins = facts.enabled and is_expected and not values.keys().isdisjoint(_SCHEDULE)
        return heartbeat_rules.anew(facts, now, schedule) if begins else facts

    try:
        row = _written(actor, heartbeat, "change", decide, values)
    except IntegrityError:
        raise _taken(str(values.get("name", heartbeat.name))) from None
    _feed(former)
    _feed(row.integration)
    return row


def pause(actor: Actor, heartbeat: Heartbeat) -> Heartbeat:
    """Expect nothing of it until it is resumed; what it alerted of ends. Its pings are still
    noted."""
    return _written(actor, heartbeat, "pause", lambda facts, schedule, now: _paused(facts), {})


def resume(actor: Actor, heartbeat: Heartbeat) -> Heartbeat:
    """Expect it again: one that was pinged before has one period from now. Raises
    HeartbeatRefused."""

    def decide(facts: Facts, schedule: Schedule, now: datetime) -> Facts:
        return facts if facts.enabled else heartbeat_rules.anew(facts, now, schedule)

    return _written(actor, heartbeat, "resume", decide, {})


def rotate_key(actor: Actor, heartbeat: Heartbeat) -> Heartbeat:
    """A new URL; the former one stops working at once."""
    before = audit.snapshot(heartbeat)
    _give_key(heartbeat)
    with transaction.atomic():
        heartbeat.save(update_fields=["key_hash", "key_encrypted"])
        changes = audit.changes_between(before, audit.snapshot(heartbeat))
        audit.record(actor, heartbeat.organization_id, "rotate key", heartbeat, changes)
    return heartbeat


def delete_heartbeat(actor: Actor, heartbeat: Heartbeat) -> None:
    """Remove it; what it alerted of ends, and its URL stops working."""
    with transaction.atomic():
        change(heartbeat.pk, lambda facts, schedule, now: _paused(facts))
        audit.record(actor, heartbeat.organization_id, "delete", heartbeat)
        former = heartbeat.integration
        heartbeat.delete()
        _feed(former)


def key_of(heartbeat: Heartbeat) -> str:
    """Its key. Raises encryption.CannotDecrypt."""
    return encryption.decrypt(heartbeat.key_encrypted, _context(heartbeat))


def ping_url(heartbeat: Heartbeat) -> str:
    """What its job asks for; holds the key. Raises encryption.CannotDecrypt."""
    return f"{settings.SITE_URL}/hooks/v1/heartbeat/{key_of(heartbeat)}/"


def rekey(heartbeat: Heartbeat) -> None:
    """Encrypt its key under the first one; the caller saves under the old text."""
    heartbeat.key_encrypted = encryption.encrypt(key_of(heartbeat), _context(heartbeat))


def _paused(facts: Facts) -> Facts:
    return heartbeat_rules.paused(facts)


def _give_key(heartbeat: Heartbeat) -> None:
    key = PREFIX + secrets.token_urlsafe(32)
    heartbeat.key_hash = hash_of(key)
    heartbeat.key_encrypted = encryption.encrypt(key, _context(heartbeat))


def _context(heartbeat: Heartbeat) -> str:
    return encryption.context("heartbeat", heartbeat.pk, heartbeat.organization_id, "key")


def _written(
    actor: Actor, heartbeat: Heartbeat, action: str, decide: Any, values: dict[str, Any]
) -> Heartbeat:
    before = audit.snapshot(heartbeat)
    with transaction.atomic():
        try:
            changed = change(heartbeat.pk, decide, values=values)
        except ScheduleError as error:
            raise HeartbeatRefused("timezone", str(error)) from None
        if changed is None:
            raise HeartbeatRefused("", "This heartbeat was deleted meanwhile.")
        changes = audit.changes_between(before, audit.snapshot(changed.row))
        if changes:
            audit.record(actor, heartbeat.organization_id, action, changed.row, changes)
    return changed.row


def _feed(integration: Integration | None) -> None:
    """Note whether its alerts ping anything, so that ingest need not ask."""
    if integration is None:
        return
    feeds = Heartbeat.objects.for_organization(integration.organization_id).filter(
        integration=integration
    )
    rows = Integration.objects.for_organization(integration.organization_id)
    changed = rows.filter(pk=integration.pk, feeds_heartbeats=not feeds.exists())
    if changed.update(feeds_heartbeats=feeds.exists()):
        forget_cached_keys()


def _taken(name: str) -> HeartbeatRefused:
    return HeartbeatRefused("name", f"There is a heartbeat called {name!r} already.")


# --- checks --------------------------------------------------------------------------------------


def _checked(row: Heartbeat, values: dict[str, Any]) -> dict[str, Any]:
    """The values as they are stored, of which some differ from the row's. Raises
    HeartbeatRefused."""
    unknown = set(values) - {"name", *SETTINGS}
    if unknown:
        raise HeartbeatRefused(min(unknown), f"{min(unknown)} can't be set on a heartbeat.")
    values = dict(values)
    _check_texts(values)
    _check_schedule(row, values)
    _check_labels(values.get("labels", {}))
    if "matchers" in values:
        try:
            matchers = read_matchers(values["matchers"])
        except MatcherError as error:
            raise HeartbeatRefused("matchers", str(error)) from None
        values["matchers"] = [matcher.to_json() for matcher in matchers]
    _check_integration(row, values)
    return {name: value for name, value in values.items() if getattr(row, name) != value}


def _check_texts(values: dict[str, Any]) -> None:
    limits = {"name": NAME_MAX, "description": DESCRIPTION_MAX}
    for field, limit in limits.items():
        text = values.get(field, "")
        if len(text) > limit or "\0" in text:
            raise HeartbeatRefused(field, f"Write at most {limit} characters, without NUL.")
    if not values.get("name", "-").strip():
        raise HeartbeatRefused("name", "Give it a name.")
    severity = values.get("severity", Severity.CRITICAL)
    if severity not in list(Severity):
        raise HeartbeatRefused("severity", f"Use one of {', '.join(Severity)}.")


def _check_schedule(row: Heartbeat, values: dict[str, Any]) -> None:
    if values.get("period") is not None and "cron" not in values:
        values["cron"] = ""  # whoever sets one of the two does not keep the other
    elif values.get("cron") and "period" not in values:
        values["period"] = None
    period, cron = (values.get(name, getattr(row, name)) for name in ("period", "cron"))
    if (period is None) == (not cron):
        raise HeartbeatRefused(
            "period", "Give a period in seconds, or cron such as 0 3 * * *: one of the two."
        )
    for field in ("period", "grace"):
        seconds = values.get(field)
        if seconds is not None and not SECONDS_MIN <= seconds <= SECONDS_MAX:
            raise HeartbeatRefused(
                field, f"{seconds} is not between {SECONDS_MIN} and {SECONDS_MAX} seconds."
            )
    zone = values.get("timezone", "")
    if zone and zone not in zone_names():
        raise HeartbeatRefused(
            "timezone", f"{zone!r} is no time zone. Use a name such as Europe/Berlin, or UTC."
        )
    if values.get("cron"):
        values["cron"] = " ".join(values["cron"].split())
        try:
            check_cron(values["cron"], clock.now())
        except ScheduleError as error:
            raise HeartbeatRefused("cron", str(error)) from None


def _check_labels(labels: Any) -> None:
    if not isinstance(labels, dict) or len(labels) > LABELS_MAX:
        raise HeartbeatRefused(
            "labels", f'Give at most {LABELS_MAX} labels such as {{"team": "core"}}.'
        )
    for name, value in labels.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            raise HeartbeatRefused("labels", f"The label {str(name)[:40]!r} needs a text.")
        fits = 1 <= len(name) <= LABEL_NAME_MAX and 1 <= len(value) <= LABEL_VALUE_MAX
        if not fits or "\0" in name + value:
            raise HeartbeatRefused(
                "labels",
                f"The label {name[:40]!r} has a name of 1 to {LABEL_NAME_MAX} characters and a "
                f"value of 1 to {LABEL_VALUE_MAX}, without NUL.",
            )


def _check_integration(row: Heartbeat, values: dict[str, Any]) -> None:
    integration = values.get("integration", row.integration)
    matchers = values.get("matchers", row.matchers)
    if integration is None:
        if matchers:
            raise HeartbeatRefused("integration", "Choose whose alerts the matchers look at.")
        return
    require_same_organization(row.organization_id, integration)
    if integration.kind == Integration.Kind.HEARTBEAT:
        raise HeartbeatRefused("integration", "Heartbeats can't feed each other.")
    if not matchers:
        raise HeartbeatRefused("matchers", 'Say which alerts ping it: alertname="Watchdog"')
