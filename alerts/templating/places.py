"""Values are escaped for where they stand: in text, in code, in an attribute or a link's URL.

The whole of what a template wrote is read once, the author's markup as Telegram would read it. So a
value has the right place whatever branch, loop or macro it came through.
"""

import re
from typing import Literal, TypeAlias

from alerts.templating.faults import TemplateFault
from alerts.templating.marks import BEGIN, END, MARKS
from botapi.markup import ParseMode
from botapi.markup_escape import (
    clean,
    escape_html,
    escape_html_attribute,
    escape_markdown,
    escape_markdown_code,
    escape_markdown_url,
)

Where: TypeAlias = Literal["text", "code", "pre", "url", "tag", '"', "'"]
_VALUE = re.compile(f"{BEGIN}([^{BEGIN}{END}]*){END}")


def placed(written: str, parse_mode: ParseMode) -> str:
    """What was written, its values escaped. Raises TemplateFault for a value within a tag, where it
    could be anything."""
    reader = _READERS[parse_mode]()
    pieces: list[str] = []
    end = 0
    for found in _VALUE.finditer(written):
        literal = MARKS.sub("", written[end : found.start()])
        reader.read(literal)
        pieces += [literal, reader.escaped(found[1])]
        end = found.end()
    pieces.append(MARKS.sub("", written[end:]))
    return "".join(pieces)


class _Plain:
    """Without a parse mode everything is text."""

    def read(self, literal: str) -> None:
        """Nothing to be known of it."""

    def escaped(self, value: str) -> str:
        """As Telegram keeps it."""
        return clean(value)


class _Html:
    """Telegram's HTML: tags with attributes in quotation marks; no comments, no scripts."""

    _STEPS = re.compile("[<>\"']")

    def __init__(self) -> None:
        self._where: Where = "text"

    def read(self, literal: str) -> None:
        """Follow it."""
        for found in self._STEPS.finditer(literal):
            char = found[0]
            if self._where == "text":
                if char == "<":
                    self._where = "tag"
            elif self._where == "tag":
                if char == ">":
                    self._where = "text"
                elif char == '"':
                    self._where = '"'
                elif char == "'":
                    self._where = "'"
            elif char == self._where:
                self._where = "tag"

    def escaped(self, value: str) -> str:
        """For where it stands."""
        if self._where == "tag":
            raise TemplateFault(
                "markup",
                f"The value “{value[:40]}” stands within a tag. Put it into quotation marks, as in "
                '<a href="{{ url }}">, and write a “<” that begins no tag as &lt;.',
            )
        if self._where == "text":
            return escape_html(value)
        return escape_html_attribute(value).replace("'", "&#39;")


class _Markdown:
    """Telegram's MarkdownV2."""

    # A backslash takes the character behind it along, wherever it stands.
    _STEPS = re.compile(r"\\.|```|`|\]\(|\)|\n(?:\*\*)?>?", re.DOTALL)

    def __init__(self) -> None:
        self._where: Where = "text"
        self._in_quote = False
        self._at_start = True

    def read(self, literal: str) -> None:
        """Follow it."""
        if not literal:
            return
        if self._at_start and literal.removeprefix("**").startswith(">"):
            self._in_quote = True
        self._at_start = False
        for found in self._STEPS.finditer(literal):
            self._step(found[0])
        if (len(literal) - len(literal.rstrip("\\"))) % 2:
            raise TemplateFault(
                "markup",
                "A backslash stands right before a value, and would take its first character along."
                " Write two of them to show one.",
            )

    def _step(self, mark: str) -> None:
        if mark[0] == "\n":
            self._in_quote = self._where == "text" and mark[-1] == ">"
        elif mark == "`" and self._where != "pre":
            if self._where != "url":
                self._where = "text" if self._where == "code" else "code"
        elif mark == "```":
            if self._where == "code":
                self._where = "text"  # its end, and the empty code behind it
            elif self._where != "url":
                self._where = "text" if self._where == "pre" else "pre"
        elif mark == "](" and self._where == "text":
            self._where = "url"
        elif mark == ")" and self._where == "url":
            self._where = "text"

    def escaped(self, value: str) -> str:
        """For where it stands; all lines of one in a quote belong to the quote."""
        self._at_start = False
        if self._where in ("code", "pre"):
            return escape_markdown_code(value)
        if self._where == "url":
            return escape_markdown_url(value)
        escaped = escape_markdown(value)
        return escaped.replace("\n", "\n>") if self._in_quote else escaped


_READERS: dict[ParseMode, type[_Plain] | type[_Html] | type[_Markdown]] = {
    "": _Plain,
    "HTML": _Html,
    "MarkdownV2": _Markdown,
}
