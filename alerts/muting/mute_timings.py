"""Mute timings as people change them. When they hold is decided in time_intervals.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from alerts.group_views import first_zone
from alerts.models import MuteTiming, Route
from alerts.muting.changes import muting_changed
from alerts.muting.time_intervals import IntervalError, holds, next_change, read_intervals

NAME_MAX: Final = 100


class MuteTimingRefused(ValueError):
    """The input can't become this timing: `field` says which one, the text what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def create_mute_timing(
    actor: Actor, organization: Organization, name: str, intervals: Any
) -> MuteTiming:
    """`intervals` as time_intervals.py reads them. Raises MuteTimingRefused."""
    timing = MuteTiming(organization=organization)
    _apply(timing, {"name": name, "intervals": intervals})
    with _named_once(), transaction.atomic():
        timing.save(force_insert=True)
        audit.record(actor, organization, "create", timing)
        muting_changed(organization.pk)
    return timing


def change_mute_timing(actor: Actor, timing: MuteTiming, **values: Any) -> MuteTiming:
    """Change what is given: `name`, `intervals`. Routes that use it go by it from now on. Raises
    MuteTimingRefused."""
    before = audit.snapshot(timing)
    _apply(timing, values)
    changes = audit.changes_between(before, audit.snapshot(timing))
    if not changes:
        return timing
    with _named_once(), transaction.atomic():
        timing.save()
        audit.record(actor, timing.organization_id, "change", timing, changes)
        muting_changed(timing.organization_id)
    return timing


def delete_mute_timing(actor: Actor, timing: MuteTiming) -> None:
    """Remove one that no route uses: else a route would tell at other times without a word. Raises
    MuteTimingRefused."""
    with transaction.atomic():
        routes = Route.objects.for_organization(timing.organization_id)
        using = routes.filter(Q(mute_timings=timing) | Q(active_timings=timing)).distinct()
        if names := sorted(using.values_list("name", flat=True)):
            listed = ", ".join(f"“{name}”" for name in names)
            raise MuteTimingRefused("routes", f"Take it from these routes first: {listed}.")
        audit.record(actor, timing.organization_id, "delete", timing)
        timing.delete()
        muting_changed(timing.organization_id)


def state_of(timing: MuteTiming, now: datetime) -> tuple[bool, datetime | None]:
    """Whether it holds then, and when that changes next; None: not within about a year. Raises
    IntervalError for stored intervals that cannot be read."""
    intervals = read_intervals(timing.intervals, first_zone(timing.organization.timezone))
    return holds(intervals, now), next_change(intervals, now)


def _apply(timing: MuteTiming, values: dict[str, Any]) -> None:
    if "name" in values:
        name = str(values["name"]).strip()
        if not 0 < len(name) <= NAME_MAX or "\0" in name:
            raise MuteTimingRefused("name", f"Give a name of at most {NAME_MAX} characters.")
        timing.name = name
    if "intervals" in values:
        try:
            read = read_intervals(values["intervals"])
        except IntervalError as error:
            raise MuteTimingRefused("intervals", str(error)) from None
        if not read:
            raise MuteTimingRefused("intervals", "Give at least one interval.")
        timing.intervals = values["intervals"]


@contextmanager
def _named_once() -> Iterator[None]:
    """The database's refusal of a second one of that name, in words."""
    try:
        yield
    except IntegrityError:
        raise MuteTimingRefused("name", "There is a mute timing of this name.") from None
