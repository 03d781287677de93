"""Time zones in forms and serializers."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from unfold.widgets import UnfoldAdminSelect2Widget


def zone_names() -> list[str]:
    """IANA names that people mean: regions with cities, and UTC."""
    return ["UTC", *sorted(name for name in available_timezones() if _is_place(name))]


def _is_place(name: str) -> bool:
    return "/" in name and not name.startswith(("Etc/", "SystemV/", "posix/", "right/"))


class ZoneField(forms.ChoiceField):
    """A zone to choose by typing; empty means the next wider one."""

    widget = UnfoldAdminSelect2Widget

    def __init__(self, **kwargs: Any) -> None:
        required = kwargs.get("required", True)
        empty = [] if required else [("", "As the organization")]
        super().__init__(
            choices=[*empty, *((name, name.replace("_", " ")) for name in zone_names())], **kwargs
        )
