"""How long, as Prometheus reads and writes it: `2h`, `1h30m`, `1d`, `0`.

Pure; the one reader and the one writer of such texts. Source: prometheus/common, model/time.go,
ParseDuration and Duration.String. Units from the largest down, each at most once: y (365 days), w,
d, h, m, s, ms; no blanks, signs or fractions; `0` needs no unit; at most 2⁶³ - 1 nanoseconds (about
292 years), which is as long as Go can say.
"""

import re
from datetime import timedelta
from typing import Final

from languages.speaking import gettext

_UNITS: Final = {
    "y": timedelta(days=365),
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_ONLY_WHOLE: Final = ("y", "w")
"""Written where nothing is left: people read 90d more easily than 12w6d."""
_DURATION = re.compile("".join(rf"(?:([0-9]+){unit})?" for unit in _UNITS))
_MILLISECOND: Final = timedelta(milliseconds=1)
_LONGEST: Final = timedelta(microseconds=(2**63 - 1) // 1000)
_DIGITS_MAX: Final = 19
"""More than any number in _LONGEST has; Python refuses to read thousands of them."""


class DurationError(ValueError):
    """The text is no duration; the message says what one looks like."""


def parse_duration(text: str) -> timedelta:
    """How long that is, nothing included. Raises DurationError."""
    found = _DURATION.fullmatch(text)
    if found is None or not text:
        if text == "0":
            return timedelta(0)
        raise DurationError(
            _refused(gettext("{text} is no duration; write 30m, 2h, 1d or 1h30m."), text)
        )
    numbers = [(number or "0").lstrip("0") for number in found.groups()]
    if max(map(len, numbers)) <= _DIGITS_MAX:
        counts = [int(number or 0) for number in numbers]
        sizes = [size // _MILLISECOND for size in _UNITS.values()]
        length = sum(count * size for count, size in zip(counts, sizes, strict=True))
        if length <= _LONGEST // _MILLISECOND:
            return timedelta(milliseconds=length)
    raise DurationError(_refused(gettext("{text} is too long; the longest is {longest}."), text))


def parse_length(text: str) -> timedelta:
    """How long that is, which is more than nothing. Raises DurationError."""
    length = parse_duration(text)
    if not length:
        raise DurationError(
            _refused(gettext("{text} is no time at all; write 30m, 2h, 1d or 1h30m."), text)
        )
    return length


def parse_seconds(text: str) -> int:
    """Whole seconds, 0 included. Raises DurationError, for parts of a second too."""
    length = parse_duration(text)
    if length % _UNITS["s"]:
        raise DurationError(
            _refused(gettext("{text} has parts of a second; give whole seconds."), text)
        )
    return length // _UNITS["s"]


def _refused(told: str, text: str) -> str:
    return told.format(text=repr(text[:40]), longest=format_duration(_LONGEST))


def format_duration(length: timedelta) -> str:
    """What Prometheus writes for it, and `parse_duration` reads as this; "0s" for nothing, as for
    what is shorter than a millisecond."""
    length -= length % _MILLISECOND
    parts = []
    for unit, size in _UNITS.items():
        if length >= size and not (unit in _ONLY_WHOLE and length % size):
            count, length = divmod(length, size)
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def format_seconds(seconds: int) -> str:
    """The same, of whole seconds."""
    return format_duration(timedelta(seconds=seconds))
