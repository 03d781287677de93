"""Names for variables and macros that nothing else has."""

import re
from typing import Final

from alerts.templating.context import NAMES

_WORDS: Final = frozenset(
    (
        *("and", "block", "call", "elif", "else", "endfor", "endif", "endmacro", "endset", "false"),
        *("filter", "for", "if", "import", "in", "include", "is", "loop", "macro", "namespace"),
        *("none", "not", "or", "range", "recursive", "self", "set", "true", "varargs", "kwargs"),
        *("None", "True", "False", "caller", "with", "without"),
    )
)
_ODD: Final = re.compile(r"[^a-z0-9_]+")


class Names:
    """Those that are taken."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def free(self, wanted: str) -> str:
        """It, or it with a number."""
        base = _ODD.sub("_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", wanted).lower()).strip("_")
        base = base if base and not base[0].isdigit() else f"x_{base}".rstrip("_")
        number = self._numbers.get(base, 1)
        name = base if number == 1 else f"{base}{number}"
        while name in self._taken or name in _WORDS or name in NAMES:
            number += 1
            name = f"{base}{number}"
        self._taken.add(name)
        self._numbers[base] = number
        return name

    def release(self, *names: str) -> None:
        """Of a loop or a macro that is over: nobody sees them any more."""
        self._taken.difference_update(names)
        for name in names:
            self._numbers.pop(name.rstrip("0123456789"), None)
