"""Making a sender's text fit for a line: one line, no invisible tricks, shortened with a mark."""

import re
import unicodedata

ELLIPSIS = "…"

# Characters that show nothing themselves and can hide, reorder or break what stands around them:
# controls become spaces; zero-width space, byte order mark and direction controls vanish.
# Joiners (U+200C, U+200D) stay: Persian and emoji are written with them.
_UNSEEN: dict[int, str] = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")
_UNSEEN |= dict.fromkeys(
    (0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF), ""
)
_UNSEEN |= dict.fromkeys((0x2028, 0x2029), " ")
_UNSEEN |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_UNSEEN_KEEPING_LINES = _UNSEEN | {0x0A: "\n", 0x2028: "\n", 0x2029: "\n"}

_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"
_MARKS_MAX = 8
"""Marks that a character may have; of what is nothing but marks something must be left."""


def one_line(value: str) -> str:
    """The value with every run of white space as one space, and nothing invisible."""
    if not value.isprintable():
        value = value.translate(_UNSEEN)
    elif "  " not in value:  # no other white space is printable
        return value.strip()
    return " ".join(value.split())


def lines_of(value: str) -> list[str]:
    """The value's lines, each cleaned, without leading and trailing empty ones."""
    if not value.isprintable():
        value = value.replace("\r\n", "\n").replace("\r", "\n").translate(_UNSEEN_KEEPING_LINES)
    lines = [" ".join(line.split()) if not line.isspace() else "" for line in value.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return lines


def shorten_middle(value: str, limit: int) -> str:
    """The value in at most `limit` (3 or more) characters, its middle replaced by "…"."""
    if len(value) <= limit:
        return value
    head = limit // 2
    return _head(value, head) + ELLIPSIS + _tail(value, limit - 1 - head)


def shorten_end(value: str, limit: int) -> str:
    """The value in at most `limit` (2 or more) characters, cut behind a word where one is near."""
    if len(value) <= limit:
        return value
    kept = _head(value, limit - 1)
    if value[len(kept)] != " ":
        # A word is rather cut than more than half of the room left empty.
        space = kept.rfind(" ", max(len(kept) - 20, len(kept) // 2))
        kept = kept[:space] if space > 0 else kept
    return (kept.rstrip(" ,;:·") or kept) + ELLIPSIS


def shorten_name(value: str, limit: int) -> str:
    """A name or place in at most `limit` (3 or more) characters: prose without its end, what has
    no space without its middle, where hosts, URLs and CamelCase differ least."""
    return shorten_end(value, limit) if " " in value else shorten_middle(value, limit)


def isolate(value: str) -> str:
    """The value so that a right-to-left script in it leaves the order of its line alone."""
    before, after = isolate_marks(value)
    return f"{before}{value}{after}"


def isolate_marks(value: str) -> tuple[str, str]:
    """What `isolate` puts before and after the value: nothing, mostly."""
    if value.isascii() or _RIGHT_TO_LEFT.search(value) is None:
        return "", ""
    return _FIRST_STRONG_ISOLATE, _POP_ISOLATE


def _head(value: str, length: int) -> str:
    # A character keeps the marks that modify it: rather one less than a letter without its accent.
    end = length
    while end > 0 and length - end < _MARKS_MAX and _modifies(value[end]):
        end -= 1
    end = length if _modifies(value[end]) else end
    return value[:end].rstrip().rstrip("\u200d")


def _tail(value: str, length: int) -> str:
    first = start = len(value) - length
    while start < len(value) and start - first < _MARKS_MAX and _modifies(value[start]):
        start += 1
    start = first if start < len(value) and _modifies(value[start]) else start
    return value[start:].lstrip()


def _modifies(char: str) -> bool:
    return not char.isascii() and (
        char in _JOINERS
        or unicodedata.combining(char) > 0
        or unicodedata.category(char) in {"Mn", "Mc", "Me"}
        or "\U0001f3fb" <= char <= "\U0001f3ff"
    )
