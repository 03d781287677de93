"""What flaps in a stored group, by the installation's settings."""

from datetime import datetime

from django.conf import settings

from alerts.flapping import Flapping, Limits, flapping, from_json
from alerts.models import AlertGroup


def limits() -> Limits:
    """FLAPPING_FLIPS, FLAPPING_WINDOW and FLAPPING_CALM."""
    return Limits(settings.FLAPPING_FLIPS, settings.FLAPPING_WINDOW, settings.FLAPPING_CALM)


def flapping_in(group: AlertGroup, now: datetime) -> dict[str, Flapping]:
    """Alert ID, or WHOLE → how it flaps; what does not is left out."""
    found = {
        name: flapping(flips, now, limits()) for name, flips in from_json(group.flaps or {}).items()
    }
    return {name: one for name, one in found.items() if one is not None}
