"""For how long one silences, and times in the reader's zone, as forms ask for them."""

from datetime import UTC, datetime, tzinfo
from typing import Any, cast

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.console_requests import organization_of
from accounts.models import User
from alerts.group_views import first_zone

ZONE_COOKIE = "zone"
"""In which console.js notes the browser's zone."""
UNTIL = "until"
DURATIONS = (
    ("30m", "30 minutes"),
    ("1h", "1 hour"),
    ("4h", "4 hours"),
    ("1d", "1 day"),
    ("1w", "1 week"),
    (UNTIL, "until a time…"),
)


def zone_of(request: HttpRequest) -> tzinfo:
    """In which the reader writes times: the one they chose, else their browser's, in which lists
    show them, else the organization's."""
    own, theirs = cast("User", request.user).timezone, organization_of(request).timezone
    return first_zone(own, request.COOKIES.get(ZONE_COOKIE, ""), theirs)


class LocalMomentField(forms.DateTimeField):
    """A minute in the reader's zone."""

    widget = UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"})
    zone: tzinfo = UTC

    def to_python(self, value: Any) -> datetime | None:
        """In UTC."""
        with timezone.override(self.zone):
            moment = super().to_python(value)
        return moment and moment.astimezone(UTC)

    def prepare_value(self, value: Any) -> Any:
        """As the browser's own field wants it."""
        if isinstance(value, datetime):
            return value.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M")
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another minute was written down."""
        return bool(self.prepare_value(initial) != data)
