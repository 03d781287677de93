"""Numbers, times and durations in templates, as people write them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.rendering import times
from alerts.templating.budget import current
from alerts.templating.faults import TemplateFault
from alerts.templating.marks import text_of

_FORMAT = re.compile(r"(?:[^%]|%-?[aAbBdHIjmMpSyYZz%])*", re.DOTALL)
_FORMAT_MAX = 100
_LARGE = "kMGTPEZY"


def between(value: Any, least: int, most: int, name: str) -> int:
    """A number within bounds. Raises TemplateFault, which names the filter."""
    if not isinstance(value, int) or not least <= value <= most:
        raise TemplateFault("value", f"‘{name}’ takes a number from {least} to {most:,}.")
    return value


def _number(value: Any) -> float | None:
    """None for what is none, which is then shown as it is."""
    try:
        return float(value if isinstance(value, int | float) else text_of(value).strip())
    except ValueError:
        return None


def humanize(value: Any) -> str:
    """12345 → 12.35k."""
    return _scaled(value, 1000.0)


def _scaled(value: Any, step: float) -> str:
    number = _number(value)
    if number is None or number != number or abs(number) == float("inf"):
        return text_of(value)
    prefix = ""
    for suffix in _LARGE:
        if abs(number) < step:
            break
        number, prefix = number / step, suffix
    for suffix in "mµnpf" if step == 1000.0 else "":
        if number == 0 or abs(number) >= 1:
            break
        number, prefix = number * 1000, suffix
    return f"{number:.4g}{prefix}"


def humanize1024(value: Any) -> str:
    """In powers of 1024."""
    written = _scaled(value, 1024.0)
    return f"{written}i" if written[-1:] in set(_LARGE) else written


def percent(value: Any, digits: int = 1) -> str:
    """0.123 → 12.3 %."""
    number = _number(value)
    if number is None:
        return text_of(value)
    return f"{number * 100:.{between(digits, 0, 6, 'percent')}f} %"


def rounded(value: Any, digits: int = 0) -> Any:
    """To so many digits; what is no number is shown as it is."""
    number = _number(value)
    if number is None or number != number or abs(number) == float("inf"):
        return text_of(value)
    rounded = round(number, between(digits, 0, 10, "round"))
    return int(rounded) if digits == 0 else rounded


def duration(value: Any) -> str:
    """Seconds or a span: 1 h 5 min."""
    if isinstance(value, timedelta):
        return times.duration(value)
    seconds = _number(value)
    if seconds is None or not 0 <= seconds < 10**11:
        return text_of(value)
    return times.duration(timedelta(seconds=seconds))


def time_of(value: Any, form: Any = None) -> str:
    """In the reader's zone, by a format of strftime. Raises TemplateFault."""
    if not isinstance(value, datetime):
        return text_of(value)
    if form is None:
        return text_of(value)
    pattern = text_of(form)
    if len(pattern) > _FORMAT_MAX or not _FORMAT.fullmatch(pattern):
        raise TemplateFault("value", f"The time format ‘{pattern[:50]}’ can't be used; {_HINT}")
    return _local(value).strftime(pattern)


_HINT = "write for example '%d %b %H:%M', with a, A, b, B, d, H, I, j, m, M, p, S, y, Y, Z or z."


def iso(value: Any) -> str:
    """ISO 8601 in the reader's zone; "" for what is no time."""
    return _local(value).isoformat(timespec="seconds") if isinstance(value, datetime) else ""


def unix(value: Any) -> int:
    """Seconds since 1970; 0 for what is no time."""
    return int(value.timestamp()) if isinstance(value, datetime) else 0


def _local(moment: datetime) -> datetime:
    try:
        return moment.astimezone(current().zone)
    except OverflowError:  # year 1 or 9999, which the zone's offset would leave
        return moment.astimezone(UTC)
