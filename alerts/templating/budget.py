"""What one run of a template may take. Everything a template does asks here first.

Work is counted in steps of roughly the same length: a look-up, a turn of a loop, a call, so many
characters of text. That stops the same template at the same place on every machine, mostly within
30 ms. The clock is the net below, and wide, since Python may tidy up in the meantime: the thread's
own processor time, which does not run while the machine does other things.
"""

import time
from contextvars import ContextVar
from datetime import UTC, tzinfo
from typing import Any

from alerts.templating.faults import TemplateFault

STEPS_MAX = 40_000
SECONDS_MAX = 0.5
DEPTH_MAX = 20
"""Macros that call each other."""
TEXT_MAX = 65_536
"""Characters of one text, and of all that is written."""
WEIGHT_MAX = 20_000
"""Elements of one list, with all that is in them."""
NUMBER_MAX = 10**15
_CHARACTERS_PER_STEP = 32
_LOOK_EVERY = 4_096
"""Steps between two looks at the clock, which some machines are slow to tell. Most templates end
before the first."""


class Run:
    """One run: what it has used, and the zone in which it tells times."""

    __slots__ = ("_deadline", "_look_at", "_patterns", "_steps", "_written", "depth", "zone")

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.zone = zone
        self.depth = 0
        self._steps = 0
        self._look_at = _LOOK_EVERY
        self._patterns: set[str] = set()
        self._written = 0
        self._deadline = time.thread_time() + SECONDS_MAX

    def spend(self, steps: int = 1) -> None:
        """Take so many steps. Raises TemplateFault when there are none left."""
        self._steps += steps
        if self._steps < self._look_at:
            return
        self._look_at = self._steps + _LOOK_EVERY
        if self._steps > STEPS_MAX or time.thread_time() > self._deadline:
            raise TemplateFault("limit", "The template does too much. Use fewer or smaller loops.")

    def text(self, length: int) -> None:
        """A text of so many characters is made. Raises TemplateFault when it is too long."""
        if length > TEXT_MAX:
            raise TemplateFault("limit", f"A text has more than {TEXT_MAX:,} characters.")
        self.spend(1 + length // _CHARACTERS_PER_STEP)

    def pattern(self, pattern: str, size: int) -> None:
        """A pattern of so many instructions is used: the first time it is paid for as if it had
        been compiled, which another run may have done."""
        if pattern not in self._patterns:
            self._patterns.add(pattern)
            self.spend(size)

    def write(self, length: int) -> None:
        """So many characters are written. Raises TooLong."""
        self._written += length
        if self._written > TEXT_MAX:
            raise TooLong


class TooLong(TemplateFault):
    """The template writes more than any message can hold; with less to tell it may not."""

    def __init__(self) -> None:
        super().__init__("limit", f"The template writes more than {TEXT_MAX:,} characters.")


_run: ContextVar[Run] = ContextVar("_run")


def current() -> Run:
    """The run that this thread is in."""
    return _run.get()


class Running:
    """`with Running(run):` what templates do in it is counted there."""

    def __init__(self, run: Run) -> None:
        self._new = run

    def __enter__(self) -> Run:
        self._token = _run.set(self._new)
        return self._new

    def __exit__(self, *_: object) -> None:
        _run.reset(self._token)


# --- lists and dictionaries that templates make --------------------------------------------------


class MadeList(list[Any]):
    """A list that knows how much is in it. Lists that hold each other many times over are small
    themselves, but to compare or to write them takes for ever."""

    __slots__ = ("weight",)

    def __init__(self, values: Any = ()) -> None:
        super().__init__(values)
        self.weight = 1 + sum([weight_of(value) for value in self])
        _check(self.weight)


class MadeDict(dict[Any, Any]):
    """The same for a dictionary."""

    __slots__ = ("weight",)

    def __init__(self, values: Any = ()) -> None:
        super().__init__(values)
        self.weight = 1 + sum([1 + weight_of(value) for value in self.values()])
        _check(self.weight)


def _check(weight: int) -> None:
    if weight > WEIGHT_MAX:
        raise TemplateFault("limit", f"A list holds more than {WEIGHT_MAX:,} things.")
    current().spend(1 + weight // 16)


def weight_of(value: Any) -> int:
    """How much there is in a value, about."""
    if isinstance(value, MadeList | MadeDict):
        return value.weight
    if isinstance(value, str):
        return 1 + len(value) // _CHARACTERS_PER_STEP
    if isinstance(value, list | tuple):
        return 1 + sum([weight_of(inner) for inner in value])
    return 1 + len(value) if type(value) in (dict, range) else 1
