"""Collects what had to be repaired, shortened or left out while one payload was read."""

from alerts.sources.incoming import MAX_POINTER, MAX_PROBLEMS, Problem
from alerts.sources.json_text import Json, beginning, clean, shorten


class Problems:
    """A growing list of `Problem`, capped: 20,000 bad alerts must not be answered with a book.

    Quarantined alerts are named before anything else, because they were left out.
    """

    def __init__(self) -> None:
        self._quarantined: list[Problem] = []
        self._notes: list[Problem] = []
        self._uncounted = 0

    def note(self, pointer: str, reason: str, value: Json = None) -> None:
        if len(self._notes) < MAX_PROBLEMS:
            self._notes.append(_problem(pointer, reason, value))
        else:
            self._uncounted += 1

    def quarantine(self, pointer: str, reason: str, value: Json = None) -> None:
        if len(self._quarantined) < MAX_PROBLEMS:
            self._quarantined.append(_problem(pointer, reason, value, quarantined=True))
        else:
            self._uncounted += 1

    def listed(self) -> tuple[Problem, ...]:
        problems = [*self._quarantined, *self._notes]
        left_out = self._uncounted + max(0, len(problems) - MAX_PROBLEMS)
        if not left_out:
            return tuple(problems)
        last = Problem("", f"{left_out} more problems are not listed")
        return (*problems[:MAX_PROBLEMS], last)


def _problem(pointer: str, reason: str, value: Json, *, quarantined: bool = False) -> Problem:
    where = shorten(clean(pointer), MAX_POINTER)
    return Problem(where, clean(reason), beginning(value), quarantined)


def pointer_to(base: str, *names: str) -> str:
    """A JSON pointer below `base`, its names escaped as RFC 6901 section 3 says."""
    escaped = (name.replace("~", "~0").replace("/", "~1") for name in names)
    return "/".join((base, *escaped))
