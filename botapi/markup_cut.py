"""Where a long text may be cut, and runs cut there."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import accumulate

from botapi.markup_runs import Run

_JOINER = "\u200d"


def take_runs(runs: Sequence[Run], count: int) -> list[Run]:
    """The runs of the first `count` code points."""
    taken: list[Run] = []
    for run in runs:
        if count <= 0:
            break
        taken.append(run if len(run.text) <= count else run._replace(text=run.text[:count]))
        count -= len(run.text)
    return taken


def drop_runs(runs: Sequence[Run], count: int) -> Sequence[Run]:
    """The runs after the first `count` code points."""
    for number, run in enumerate(runs):
        if len(run.text) > count:
            return [run._replace(text=run.text[count:]), *runs[number + 1 :]]
        count -= len(run.text)
    return []


def text_of(runs: Sequence[Run]) -> str:
    """The text of the runs."""
    return "".join([run.text for run in runs])


def cut_point(runs: Sequence[Run], longest: int) -> int:
    """The best place to end a piece of at most `longest` code points (1 or more).

    At the last empty line, else newline, else space of the piece's second half, else between two
    characters as people see them. A short code or link is left whole where the piece has enough
    without it. At least 1; the text's length when everything fits.
    """
    words = text_of(runs)
    if longest >= len(words):
        return len(words)
    half = longest // 2
    for boundary in ("\n\n", "\n", " "):
        # The boundary goes with the piece, or is what comes right after it.
        found = words.rfind(boundary, half, longest + len(boundary))
        cut = min(found + len(boundary), longest)
        if found >= 0 and cut > 0 and (boundary != " " or not _inside_whole(runs, cut)):
            return cut
    for begin, end in _wholes(runs):
        if half < begin < longest < end:
            return begin
    return _grapheme_start(words, longest)


def _wholes(runs: Sequence[Run]) -> list[tuple[int, int]]:
    """The ranges of code and links, which read badly in two pieces."""
    ends = accumulate([len(run.text) for run in runs])
    return [
        (end - len(run.text), end)
        for run, end in zip(runs, ends, strict=True)
        if run.leaf == "code" or run.look.link is not None
    ]


def _inside_whole(runs: Sequence[Run], position: int) -> bool:
    return any(begin < position < end for begin, end in _wholes(runs))


def _grapheme_start(words: str, stop: int) -> int:
    """The last place at or before `stop` that does not split a character as people see it."""
    place = stop
    while place > 0 and _continues(words, place):
        place -= 1
    return place or stop


def _continues(words: str, place: int) -> bool:
    """Whether the code point at `place` belongs to the one before it (UAX 29, common cases)."""
    char, before = words[place], words[place - 1]
    if char == _JOINER or before == _JOINER or unicodedata.category(char) in ("Mn", "Me", "Mc"):
        return True
    if "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f":
        return True
    if _is_flag_letter(char) and _is_flag_letter(before):
        first = place
        while first > 0 and _is_flag_letter(words[first - 1]):
            first -= 1
        return (place - first) % 2 == 1
    return False


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
