"""In which order routes are tried: their positions, from 1 and without gaps once something moves.

The default route is always the last and has no place among them.
"""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from alerts.models import Route

_NAMED = 10


class OrderRefused(ValueError):
    """This is no order of these routes; the text names what is missing, double or foreign."""


class OrderChanged(Exception):
    """Routes were moved, added or removed since they were read."""

    def __init__(self) -> None:
        super().__init__("The routes were changed meanwhile. Read them again, then order them.")


def lock(organization_id: UUID) -> None:
    """One changes the order at a time, until the transaction ends. Alerts, whose foreign keys look
    at this row, do not wait for it."""
    Organization.objects.select_for_update(no_key=True).get(pk=organization_id)


def ordered(organization_id: UUID) -> list[Route]:
    """All but the default one, as they are tried."""
    rows = Route.objects.for_organization(organization_id).filter(is_default=False)
    return list(rows.order_by("position", "id"))


def last_position(organization_id: UUID) -> int:
    """0: there is none."""
    return max((route.position for route in ordered(organization_id)), default=0)


def place(actor: Actor, route: Route, position: int) -> None:
    """Put it there; the others make room. Within a transaction that has the lock."""
    ids = [one.pk for one in ordered(route.organization_id) if one.pk != route.pk]
    ids.insert(max(0, position - 1), route.pk)
    number(actor, route.organization_id, ids)
    route.refresh_from_db(fields=["position"])


def close_gap(organization_id: UUID) -> None:
    """After one has gone. The order is the same, so nothing is recorded."""
    rows = Route.objects.for_organization(organization_id)
    for position, route in enumerate(ordered(organization_id), start=1):
        if route.position != position:
            rows.filter(pk=route.pk).update(position=position)


def reorder(
    actor: Actor,
    organization_id: UUID,
    wanted: Sequence[UUID],
    read: Sequence[UUID] | None = None,
) -> None:
    """Try them in this order. `read`: the order that this one is made from; None: the present one.
    Raises OrderRefused, and OrderChanged."""
    before = ordered(organization_id)
    default = Route.objects.for_organization(organization_id).filter(is_default=True).first()
    if wrong := _wrong_with(before, wanted, default.pk if default else None):
        raise OrderRefused(wrong)
    seen = [route.pk for route in before] if read is None else list(read)
    with transaction.atomic():
        lock(organization_id)
        if [route.pk for route in ordered(organization_id)] != seen:
            raise OrderChanged
        number(actor, organization_id, wanted)


def number(actor: Actor, organization_id: UUID, ids: Sequence[UUID]) -> None:
    """Let all be tried in this order. Within a transaction that has the lock. Only positions are
    written, so that nobody's change of something else is lost."""
    rows = Route.objects.for_organization(organization_id)
    routes = rows.in_bulk(ids)
    for position, pk in enumerate(ids, start=1):
        route = routes[pk]
        if route.position != position:
            changes = {"position": (route.position, position)}
            rows.filter(pk=pk).update(position=position)
            audit.record(actor, organization_id, "change", route, changes)


def _wrong_with(routes: Sequence[Route], wanted: Sequence[UUID], default: UUID | None) -> str:
    known = {route.pk: f"{route.name} ({route.pk})" for route in routes}
    times = Counter(wanted)
    found = {
        "Missing": [name for pk, name in known.items() if pk not in times],
        "Given twice": [known[pk] for pk, count in times.items() if count > 1 and pk in known],
        "Always the last, leave it out": [str(default)] if default in times else [],
        "No route in your organization": [
            str(pk) for pk in times if pk not in known and pk != default
        ],
    }
    said = [f"{what}: {_named(names)}." for what, names in found.items() if names]
    return " ".join(["Give the ID of every route but the default one once.", *said]) if said else ""


def _named(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
