"""Cleaning and escaping of single strings, by the place where they stand.

Cleaning does ahead what Telegram does to every text it receives (TDLib, clean_input_string), so
that what is shown is what was rendered: control characters become spaces, carriage returns,
U+2028-U+202E and three combining lines vanish. Lone surrogates, which no UTF-8 can carry, become
U+FFFD.
"""

from __future__ import annotations

import re

_DIRTY_CLASS = "\x00-\x09\x0b-\x1f\u030a\u0333\u033f\u2028-\u202e\ud800-\udfff"
_DIRTY = re.compile(f"[{_DIRTY_CLASS}]")
_CLEAN: dict[int, str] = dict.fromkeys((c for c in range(0x20) if c != 0x0A), " ")
_CLEAN |= dict.fromkeys((0x0D, 0x030A, 0x0333, 0x033F, *range(0x2028, 0x202F)), "")

_RESERVED = "_*[]()~`>#+-=|{}.!\\"
_RESERVED_OR_DIRTY = re.compile(f"[{re.escape(_RESERVED)}{_DIRTY_CLASS}]")


def _table(special: str) -> dict[int, str]:
    # Every ASCII character has its entry: a missing key would cost an exception each time.
    return {c: f"\\{chr(c)}" if chr(c) in special else chr(c) for c in range(0x80)}


_MARKDOWN = _table(_RESERVED)
_MARK_RUNS = re.compile("[\u200e\u200f]+(?=[\u200e\u200f])")


def clean(text: str) -> str:
    """The text as Telegram keeps it, apart from trimming and `merge_marks`."""
    if _DIRTY.search(text) is None:
        return text
    if any("\ud800" <= char <= "\udfff" for char in text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.translate(_CLEAN)


# TDLib, strip_empty_characters.
_INVISIBLE = dict.fromkeys(
    [ord(char) for char in "\n \u00a0\u1680\u180e\u2800\u3000\ufffc\ufeff\u202e\u202f\u205f"]
    + [*range(0x2000, 0x2010), *range(0xE0000, 0xE0080)]
)


def is_blank_text(text: str) -> bool:
    """Whether Telegram takes the text for empty: all spaces and invisible characters."""
    return not text.translate(_INVISIBLE)


def merge_marks(text: str) -> str:
    """The whole text with runs of direction marks (U+200E, U+200F) defused as Telegram does:
    all but the last of a run become U+200C."""
    if "\u200e" in text or "\u200f" in text:
        return _MARK_RUNS.sub(lambda run: "\u200c" * len(run[0]), text)
    return text


def escape_markdown(text: str) -> str:
    """For MarkdownV2 text outside code and links."""
    if _RESERVED_OR_DIRTY.search(text) is None:
        return text
    return clean(text).translate(_MARKDOWN)


def escape_markdown_code(text: str) -> str:
    """For MarkdownV2 `code` and `pre`."""
    return clean(text).replace("\\", "\\\\").replace("`", "\\`")


def escape_markdown_url(url: str) -> str:
    """For the parentheses of a MarkdownV2 link."""
    return clean(url).replace("\\", "\\\\").replace(")", "\\)")


def escape_html(text: str) -> str:
    """For HTML text."""
    if not text.isprintable() or not text.isascii():
        text = clean(text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_html_attribute(text: str) -> str:
    """For an HTML attribute within double quotes."""
    return escape_html(text).replace('"', "&quot;")
