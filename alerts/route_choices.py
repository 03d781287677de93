"""Which channel the value of a label chooses, as people say it."""

from collections.abc import Mapping
from typing import Final

from accounts import audit
from accounts.audit import Actor
from accounts.tenancy import require_same_organization
from alerts.models import Route, RouteChoice
from alerts.models.routes import VALUE_MAX
from channels_app.models import NotificationChannel

CHOICES_MAX: Final = 100
"""Of one route."""


def wrong_with(route: Route, choices: Mapping[str, NotificationChannel]) -> str:
    """What to do so that the route can choose so; "" where it can."""
    if choices and not route.choose_by:
        return "Say by which label it chooses (choose_by), or give no choices."
    if len(choices) > CHOICES_MAX:
        return f"Give at most {CHOICES_MAX} values, not {len(choices)}."
    for value in choices:
        if not 0 < len(value) <= VALUE_MAX:
            return f"Values have 1 to {VALUE_MAX} characters, unlike {value[:50]!r}."
    return ""


def set_choices(actor: Actor, route: Route, choices: Mapping[str, NotificationChannel]) -> None:
    """In the caller's transaction, which holds the route: value → channel from now on."""
    require_same_organization(route.organization_id, *choices.values())
    rows = RouteChoice.objects.for_organization(route.organization_id).filter(route=route)
    before = {choice.value: choice.channel for choice in rows.select_related("channel")}
    if before == choices:
        return
    rows.exclude(value__in=[v for v, to in choices.items() if before.get(v) == to]).delete()
    RouteChoice.objects.bulk_create(
        RouteChoice(
            organization_id=route.organization_id, route=route, value=value, channel=channel
        )
        for value, channel in choices.items()
        if before.get(value) != channel
    )
    shown = [{value: str(side[value]) for value in sorted(side)} for side in (before, choices)]
    changes = {"choices": (shown[0], shown[1])}
    audit.record(actor, route.organization_id, "change", route, changes)
