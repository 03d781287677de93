"""What list columns and pages show: times, labels, links."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import now


def moment(at: datetime | None, empty: str = "—") -> SafeString:
    """A time that console.js turns into the reader's zone; without script it is UTC."""
    if at is None:
        return format_html("{}", empty)
    return format_html(
        '<time datetime="{}">{} UTC</time>', at.isoformat(), at.strftime("%Y-%m-%d %H:%M:%S")
    )


def time_column(field: str, title: str, empty: str = "—") -> Callable[[Any], SafeString]:
    """A list column that shows a row's time and can be sorted by it."""

    @admin.display(description=title, ordering=field)
    def column(row: Any) -> SafeString:
        return moment(getattr(row, field), empty)

    column.__name__ = field
    return column


def label_chips(labels: Mapping[str, Any]) -> SafeString:
    """Labels as `name=value`, each breaking as a whole."""
    return format_html_join(
        " ", '<code class="tocsin-chip">{}={}</code>', sorted(labels.items())
    ) or SafeString("—")


def lasted(start: datetime, end: datetime | None) -> str:
    """How long from then to the end, or until now: `3 d 4 h`, `12 min`, `8 s`."""
    seconds = max(0, int(((end or now()) - start).total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    told = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(told[:2]) or "0 s"
