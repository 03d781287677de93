"""What begins or ceases to be muted is looked at anew: every few seconds, and when it is woken.

Beginnings, ends and changes stand in the database, so nothing is held back for longer because this
process was gone when they came.
"""

from datetime import datetime

from accounts.models import Organization
from alerts.ingest import wake_publish
from alerts.models import GroupMessage
from alerts.muting import inhibit_effects, silence_effects
from alerts.muting.known import mutes_of
from alerts.publish_hold import muted_as, release
from deliveries import clock


def apply_due() -> int:
    """Make due what silences, inhibit rules and times concern by now; returns how many messages."""
    now = clock.now()
    told = silence_effects.apply_due(now) + inhibit_effects.apply_due(now) + release_timed(now)
    if told:
        wake_publish()
    return told


def release_timed(now: datetime) -> int:
    """Make due what its route kept quiet, once that tells again; returns how many messages."""
    timed = muted_as(GroupMessage.Muted.TIMED)
    found = timed.order_by().values_list("organization_id", "group__route_id").distinct()
    routes = list(found)
    organizations = Organization.objects.in_bulk({pk for pk, _ in routes})
    over = {
        route_id
        for pk, route_id in routes
        if pk in organizations and not mutes_of(organizations[pk]).is_timed(route_id, now)
    }
    return sum(release(timed.filter(group__route=route_id)) for route_id in over)
