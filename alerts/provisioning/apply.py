"""A file → the database, all of it or nothing; the same file twice changes nothing.

A dry run does everything, so that it refuses what would be refused, and takes it back.
"""

import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from django.db import transaction

from accounts.audit import Actor
from accounts.models import Organization
from alerts import route_order
from alerts.importing.yaml_text import Document
from alerts.provisioning.changes import Change, changes
from alerts.provisioning.current import current_items
from alerts.provisioning.items import ROUTE, Elsewhere, Item, Secret
from alerts.provisioning.writers import DELETE, PUT, REFUSALS, Rows


def provision(
    actor: Actor,
    organization: Organization,
    document: Document,
    items: Sequence[Item],
    *,
    prune: Collection[str] = (),
    dry_run: bool = False,
) -> list[Change]:
    """What was done, or would be. Raises YamlError, with the place in the file, for what cannot be:
    then nothing was."""
    wanted = [_known(document, item) for item in items]
    with transaction.atomic():
        # One file at a time; alerts, whose foreign keys look at this row, do not wait for it.
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        found = changes(current_items(organization), wanted, prune)
        rows = Rows(actor, organization)
        rows.load()
        for change in found:
            try:
                _do(rows, change)
            except REFUSALS as refusal:
                where = change.item.place_of(refusal.field)
                raise document.error(where, str(refusal)) from None
        if dry_run:
            transaction.set_rollback(True)
    return found


def read_source(secret: Secret | Elsewhere) -> str:
    """From where it says. Raises LookupError with what is missing."""
    if secret.env:
        clear = os.environ.get(secret.env, "")
        if not clear:
            raise LookupError(f"The environment has no {secret.env}.")
        return clear
    try:
        return Path(secret.file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise LookupError(f"{secret.file} cannot be read: {reason}.") from None


def _known(document: Document, item: Item) -> Item:
    """With every secret in clear, and every value that stands elsewhere."""
    values = dict(item.values)
    for name, value in item.values.items():
        if isinstance(value, Elsewhere) or (isinstance(value, Secret) and not value.clear):
            try:
                clear = read_source(value)
            except LookupError as error:
                raise document.error(item.place_of(name), str(error)) from None
            values[name] = Secret(clear=clear) if isinstance(value, Secret) else clear
    return replace(item, values=values)


def _do(rows: Rows, change: Change) -> None:
    item = change.item
    if change.action == "order":
        ids = [rows.one(ROUTE, name).pk for name in change.order]
        route_order.number(rows.actor, rows.organization.pk, ids)
        return
    key = (item.kind, item.name)
    row = rows.one(*key)
    if change.action == "delete":
        DELETE[item.kind](rows.actor, row)
        return
    names = item.values.keys() if row is None else change.before.keys()
    values = {name: item.values[name] for name in names}
    rows.known[key] = PUT[item.kind](rows, item, row, values)
