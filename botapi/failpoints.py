"""Places at which a process can be told to die, to prove that nothing is lost when one does there.

`FAILPOINT=attempt.committed manage.py worker` kills itself with SIGKILL when it first comes by
`hit("attempt.committed")`; with `FAILPOINT=attempt.committed:3` when it does so for the third time.
Without the variable a hit is one comparison. docs/guarantees.md says what each place means.
"""

import itertools
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

VARIABLE = "FAILPOINT"


@dataclass(frozen=True, slots=True)
class Armed:
    """Where this process dies, and at which visit."""

    name: str
    at: int = 1
    visits: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def visit(self, name: str) -> None:
        """Die, if this is the place and the time."""
        if name == self.name and next(self.visits) == self.at:
            # Straight to the descriptor: nothing buffered leaves a killed process.
            os.write(2, f"\nfailpoint {name}: killed\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


def armed_by(environ: Mapping[str, str]) -> Armed | None:
    """What `FAILPOINT` says, None without it. Raises ValueError for a count that is none."""
    name, _, at = environ.get(VARIABLE, "").partition(":")
    return Armed(name, int(at or 1)) if name else None


_armed = armed_by(os.environ)


def hit(name: str) -> None:
    """A place at which this process may be told to die."""
    if _armed is not None:
        _armed.visit(name)
