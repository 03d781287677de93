"""RE2 in templates: patterns paid for by their size, searches by the time that they take."""

import functools
import re
import time
from typing import Any

import re2

from alerts.templating.budget import TEXT_MAX, current
from alerts.templating.faults import TemplateFault
from alerts.templating.marks import text_of

_PATTERN_MEMORY = 1 << 19
"""To compile a pattern of this size takes 15 ms, and as much again to replace by it."""
_PATTERN_MAX = 500
_SEARCH_MAX = 1 << 24
"""A text's characters times a pattern's instructions: at worst 50 ms."""
_WORK_PER_STEP = 256
_REFERENCE = re.compile(r"\\\\|\\([1-9][0-9]?)|\\g<(?:([0-9]+)|([^>]*))>")
_BACKSLASHES_MAX = 100
"""In what a pattern's finds are replaced by; RE2's Python side takes their square's time."""


def match(value: Any, pattern: Any) -> bool:
    """Whether it is found anywhere in the text. Raises TemplateFault."""
    text = text_of(value)
    compiled = _pattern(pattern, text)
    searches = _Searches(compiled, text)
    found = compiled.search(text) is not None
    searches.pay()
    return found


def regex_replace(value: Any, pattern: Any, new: Any) -> str:
    """Each find replaced; `new` may name groups as `\\1` or `\\g<name>`. Raises TemplateFault."""
    text, template = text_of(value), text_of(new)
    if template.count("\\") > _BACKSLASHES_MAX:
        raise TemplateFault("limit", f"A replacement has more than {_BACKSLASHES_MAX} backslashes.")
    compiled = _pattern(pattern, text)
    references = _references(template)
    made_length = 0
    searches = _Searches(compiled, text)

    def expanded(found: Any) -> str:
        nonlocal made_length
        length = len(template) + sum([len(found[group] or "") for group in references])
        made_length += length
        searches.pay()
        current().spend(4 + len(references))
        current().text(made_length if made_length > TEXT_MAX else length)
        return str(found.expand(template))

    return str(compiled.sub(expanded, text))


def _references(template: str) -> list[int | str]:
    """The groups that it names, by number or name, each as often as it does."""
    found = [match.groups() for match in _REFERENCE.finditer(template)]
    return [
        int(short or number) if short or number else name
        for short, number, name in found
        if short or number or name
    ]


def _pattern(pattern: Any, subject: str) -> Any:
    """RE2's time is that of the text's length times the pattern's, whatever they are."""
    text = text_of(pattern)
    if len(text) > _PATTERN_MAX:
        raise TemplateFault("limit", f"A pattern has more than {_PATTERN_MAX} characters.")
    current().spend(len(subject) * (16 + len(text)) // 128)
    try:
        compiled = _compiled(text)
    except re2.error as error:
        said = error.args[0] if error.args else error
        said = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise TemplateFault("value", f"The pattern ‘{text[:80]}’ can't be read: {said}") from None
    current().pattern(text, compiled.programsize)
    return compiled


class _Searches:
    """Searches of a text, paid for by the time that they take: mostly none to speak of, but some
    patterns have all their instructions tried on every character, and from each find again. Raises
    TemplateFault where one search may take for too long."""

    def __init__(self, compiled: Any, text: str) -> None:
        work = len(text) * compiled.programsize
        if work > _SEARCH_MAX:
            raise TemplateFault("limit", "The pattern is too large for so long a text.")
        # No more than that, for Python may have tidied up meanwhile.
        self._most = work // _WORK_PER_STEP
        self._since = time.thread_time()

    def pay(self) -> None:
        """For the time since the last payment."""
        before, self._since = self._since, time.thread_time()
        current().spend(min(int((self._since - before) * 1_000_000), self._most))


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem = _PATTERN_MEMORY
    options.log_errors = False
    return re2.compile(pattern, options)
