"""Own commands: made, changed, removed."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from accounts.tenancy import require_same_organization
from channels_app.models import NotificationChannel
from chatops.actions import rules
from chatops.actions.rules import ActionRefused
from chatops.handlers.commands.table import BY_NAME
from chatops.models import OwnAction

ACTIONS_MAX = 50
"""Beside those that everybody has, a menu has room for them (Bot API setMyCommands: 100)."""
BUTTONS_MAX = 12
SETTINGS = (
    *("name", "description", "enabled", "endpoint", "is_command", "button", "who", "confirm"),
    *("parameter", "hint", "choices", "deadline"),
)


def create_action(
    actor: Actor,
    organization: Organization,
    *,
    channels: Sequence[NotificationChannel] = (),
    **values: Any,
) -> OwnAction:
    """Values by the names in SETTINGS. Raises ActionRefused."""
    rows = OwnAction.objects.for_organization(organization)
    if rows.count() >= ACTIONS_MAX:
        raise ActionRefused(f"There are {ACTIONS_MAX} own commands already. Remove one.", "name")
    row = OwnAction(organization=organization)
    with transaction.atomic():
        _give(row, values, channels)
        _save(row)
        row.channels.set(channels)
        audit.record(actor, organization, "create", row)
    return row


def change_action(
    actor: Actor,
    action: OwnAction,
    *,
    channels: Sequence[NotificationChannel] | None = None,
    **values: Any,
) -> OwnAction:
    """Change what is given. Raises ActionRefused."""
    with transaction.atomic():
        rows = OwnAction.objects.for_organization(action.organization_id)
        row = rows.select_for_update().get(pk=action.pk)
        before = _snapshot(row)
        _give(row, values, channels or ())
        _save(row)
        if channels is not None:
            row.channels.set(channels)
        changes = audit.changes_between(before, _snapshot(row))
        if changes:
            audit.record(actor, row.organization_id, "change", row, changes)
    return row


def delete_action(actor: Actor, action: OwnAction) -> None:
    """Remove it. Its runs go on, and stay."""
    with transaction.atomic():
        audit.record(actor, action.organization_id, "delete", action)
        action.delete()


def _give(
    row: OwnAction, values: Mapping[str, Any], channels: Collection[NotificationChannel]
) -> None:
    require_same_organization(row.organization_id, values.get("endpoint"), *channels)
    former = None if row._state.adding else row.name
    for field, value in values.items():
        setattr(row, field, value)
    if row.name != former:  # one that everybody has by now may still be switched off
        row.name = rules.checked_name(row.name, BY_NAME)
    row.description = rules.one_line(row.description, "description", rules.DESCRIPTION_MAX, 1)
    row.button = rules.one_line(row.button, "button", rules.BUTTON_MAX)
    row.hint = rules.one_line(row.hint, "hint", rules.HINT_MAX)
    row.choices = rules.checked_choices(row.choices)
    row.deadline = rules.checked_deadline(row.deadline)
    for field, kinds in (("who", OwnAction.Who), ("parameter", OwnAction.Parameter)):
        if getattr(row, field) not in kinds.values:
            raise ActionRefused(f"Use one of {', '.join(kinds.values)}.", field)
    if row.endpoint is None and "endpoint" in values:
        raise ActionRefused("Choose the endpoint that it calls.", "endpoint")
    if not row.is_command and not row.button:
        raise ActionRefused("Make it a command, or give its button a label.", "button")
    if row.choices and row.parameter == OwnAction.Parameter.NONE:
        raise ActionRefused("Choices are of a parameter, and it has none.", "choices")
    if row.button:
        others = OwnAction.objects.for_organization(row.organization_id).exclude(pk=row.pk)
        if others.exclude(button="").count() >= BUTTONS_MAX:
            message = f"{BUTTONS_MAX} have a button already, and a menu under alerts is short."
            raise ActionRefused(message, "button")


def _snapshot(row: OwnAction) -> dict[str, Any]:
    names = row.channels.order_by("name").values_list("name", flat=True)
    return {**audit.snapshot(row), "channels": ", ".join(names)}


def _save(row: OwnAction) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise ActionRefused(f"There is a command /{row.name} already.", "name") from None
