"""For how long the Silence buttons under alerts silence: pure.

Each is a number with one unit, as Prometheus writes it: `30m`, `4h`, `1d`, `1w`.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

MOST: Final = 6
"""Buttons: two rows of three on a phone."""
LONGEST: Final = timedelta(days=30)
_FORM: Final = re.compile(r"([1-9][0-9]{0,3})([mhdw])", re.ASCII)
_UNITS: Final = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def length_of(text: str) -> timedelta | None:
    """How long that is; None for what no button may say."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    length = int(found[1]) * _UNITS[found[2]]
    return length if length <= LONGEST else None


def read_offered(given: object) -> list[str]:
    """Durations in their order, each once. Raises ValueError, whose text says what to do."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ValueError(  # noqa: TRY004  # what a person gave, as all others
            'Give a list of durations, such as ["1h", "4h"].'
        )
    found: list[str] = []
    for one in given:
        text = one.strip() if isinstance(one, str) else ""
        if length_of(text) is None:
            said = str(one)[:20]
            raise ValueError(
                f"{said!r} is no duration for a button: write 30m, 4h, 1d or 1w, at most "
                f"{LONGEST.days}d."
            )
        if text not in found:
            found.append(text)
    if len(found) > MOST:
        raise ValueError(f"Give at most {MOST} durations: more is too much under a message.")
    return found
