"""Value → channel as people write it on the console: a table of rows, each a text and a choice."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from alerts.models.routes import VALUE_MAX
from channels_app.models import NotificationChannel

EMPTY_ROWS = 3
"""That are offered below what is given; saving offers more."""
Pair = tuple[str, str]
"""A value, and the ID of a channel; "" for what is left empty."""


class ChoicesWidget(forms.Widget):
    """The table. Its value is a list of pairs."""

    channels: Sequence[NotificationChannel] = ()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Pair]:
        """The rows of which something is filled in."""
        values, ids = data.getlist(f"{name}_value"), data.getlist(f"{name}_channel")
        pairs = zip(values, ids, strict=False)
        return [(value.strip(), pk) for value, pk in pairs if value.strip() or pk]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Whether the form had no such table."""
        return f"{name}_value" not in data

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """What is given, and some empty rows."""
        pairs = [*(value or []), *[("", "")] * EMPTY_ROWS]
        rows = [self._row(name, number, pair) for number, pair in enumerate(pairs, start=1)]
        head = SafeString('<tr><th scope="col">Value</th><th scope="col">Channel</th></tr>')
        body = format_html_join("", "<tr><td>{}</td><td>{}</td></tr>", rows)
        table = '<table class="tocsin-table" id="{}"><thead>{}</thead><tbody>{}</tbody></table>'
        return format_html(table, (attrs or {}).get("id", name), head, body)

    def _row(self, name: str, number: int, pair: Pair) -> tuple[SafeString, SafeString]:
        value, pk = pair
        text = UnfoldAdminTextInputWidget(
            attrs={"aria-label": f"Value {number}", "maxlength": VALUE_MAX, "spellcheck": "false"}
        )
        options = [("", "no channel"), *((str(one.pk), str(one)) for one in self.channels)]
        select = UnfoldAdminSelectWidget(attrs={"aria-label": f"Channel {number}"}, choices=options)
        return text.render(f"{name}_value", value), select.render(f"{name}_channel", pk)


class ChoicesField(forms.Field):
    """Value → channel. `offer` says which channels there are."""

    widget = ChoicesWidget

    def offer(self, channels: "QuerySet[NotificationChannel]") -> None:
        """These are to be chosen from."""
        self._channels = {str(channel.pk): channel for channel in channels}
        self.widget.channels = list(self._channels.values())

    def prepare_value(self, value: Any) -> Any:
        """As pairs."""
        if isinstance(value, dict):
            return [(name, str(channel.pk)) for name, channel in sorted(value.items())]
        return value

    def to_python(self, value: Any) -> dict[str, NotificationChannel]:
        """Raises ValidationError."""
        found: dict[str, NotificationChannel] = {}
        for text, pk in value or []:
            if not text:
                name = self._channels.get(pk, "A channel")
                raise forms.ValidationError(f"{name} has no value that chooses it; give one.")
            if text in found:
                raise forms.ValidationError(f"Give the value “{text}” once.")
            if pk not in self._channels:
                raise forms.ValidationError(f"Choose a channel for the value “{text}”.")
            found[text] = self._channels[pk]
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another channel is chosen for anything."""
        return sorted(self.prepare_value(initial or {})) != sorted(data or [])
