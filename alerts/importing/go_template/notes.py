"""What the author of a template has to know about its draft."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Note:
    """`kind`: "lost" (it is not in the draft; a comment stands at its place) or "differs" (it is
    written otherwise). `line`, `column`: in Go's text, from 1; both 0 where it is about the whole
    draft, or about a template that Alertmanager brings along. `original`: the action; `text`: what
    to do, or what to expect.
    """

    kind: Literal["lost", "differs"]
    line: int
    column: int
    original: str
    text: str
