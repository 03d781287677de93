"""What a dialogue is: steps that ask and take, and what is done with the answers.

A dialogue is data and a few functions, about a page: see chatops/conversations/comment.py. What it
was told lives in `values` by the names of its steps, as JSON; a step whose value is known is not
asked, so a command may bring some along.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accounts.permissions import Capability
from chatops.context import Context
from chatops.conversations.questions import Answer, Prompt, Rows
from chatops.handled import Handled
from chatops.responding.acting import Done

Values = Mapping[str, Any]


class Again(Exception):
    """The answer is none; the text (not HTML) says why, and the question is repeated, with `rows`
    of buttons in place of its own where there are any."""

    def __init__(self, why: str, rows: Rows = ()) -> None:
        super().__init__(why)
        self.rows = rows


class Stop(Exception):
    """There is nothing to go on with; the text says why, and the dialogue is over."""


@dataclass(frozen=True, slots=True)
class Step:
    """`ask` may raise Stop; `take` gives the value as JSON, or raises Again."""

    name: str
    ask: Callable[[Context, Values], Prompt]
    take: Callable[[Context, Values, Answer], Any]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """`version`: another one forgets what is open, when steps have changed. `finish` does what was
    asked for; what it gives is said, but for a Handled, which has said it. `needs`: as of the
    command that begins it; asked anew with every answer."""

    kind: str
    steps: tuple[Step, ...]
    finish: Callable[[Context, Values], Done | Handled]
    version: int = 1
    needs: Capability | None = Capability.RESPOND
    by_name: Mapping[str, Step] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {step.name: step for step in self.steps})

    def next_step(self, values: Values) -> Step | None:
        """The first whose value is not known; None when all are."""
        return next((step for step in self.steps if step.name not in values), None)
