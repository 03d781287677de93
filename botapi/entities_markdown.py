"""MarkdownV2 as Telegram's own parser reads it, error texts included (TDLib, parse_markdown_v2).

Offsets in errors count bytes of the UTF-8 source; those of entities count UTF-16 units of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from botapi.entities_links import checked_link, custom_emoji_id, date_time, link_user_id
from botapi.entities_model import MessageEntity, Parsed, cannot_parse, in_order, utf16_length

_Kind = Literal[
    "Bold",
    "Italic",
    "Underline",
    "Strikethrough",
    "Spoiler",
    "Code",
    "Pre",
    "PreCode",
    "TextUrl",
    "CustomEmoji",
    "BlockQuote",
]
_TYPES = {
    "Bold": "bold",
    "Italic": "italic",
    "Underline": "underline",
    "Strikethrough": "strikethrough",
    "Spoiler": "spoiler",
    "Code": "code",
    "Pre": "pre",
    "PreCode": "pre",
}
# What ends an entity, and how many characters that takes.
_END: dict[_Kind, str] = {
    "Bold": "*",
    "Italic": "_",
    "Underline": "__",
    "Strikethrough": "~",
    "Spoiler": "||",
    "Code": "`",
    "Pre": "```",
    "PreCode": "```",
    "TextUrl": "]",
    "CustomEmoji": "]",
}
# Longer marks first: "__" is never read as two "_".
_BEGIN: tuple[tuple[str, _Kind], ...] = (
    ("__", "Underline"),
    ("_", "Italic"),
    ("*", "Bold"),
    ("~", "Strikethrough"),
    ("||", "Spoiler"),
    ("[", "TextUrl"),
    ("![", "CustomEmoji"),
    ("`", "Code"),
)
_CODE_KINDS = ("Code", "Pre", "PreCode")
_RESERVED = frozenset("_*[]()~`>#+-=|{}.!\n")
_ORDINARY = re.compile(r"[^_*\[\]()~`>#+\-=|{}.!\n\\\r]+")
_ORDINARY_IN_CODE = re.compile(r"[^`\\\r]+")
_ESCAPE = re.compile(r"\\([\x01-\x7e])")
_LANGUAGE = re.compile(r"([^ \t\r\n\0\v`]+)[ \t\r\n\0\v]")
_NEWLINE = re.compile("\r\n|\n\r|\r|\n")


@dataclass(slots=True)
class _Open:
    kind: _Kind
    offset: int  # in the text, UTF-16
    source: int  # in the source, characters
    begin: int  # index of its first piece
    language: str = ""


def parse_markdown(source: str) -> Parsed:
    """Text and entities of MarkdownV2; raises ParseError where Telegram refuses it."""
    return _Parser(source).parse()


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.pieces: list[str] = []
        self.offset = 0
        self.entities: list[MessageEntity] = []
        self.opened: list[_Open] = []
        self.in_quote = False
        self.can_start_quote = True

    def parse(self) -> Parsed:
        while self.at < len(self.source):
            if not self.take_text():
                if self.at_end_of_entity():
                    self.close()
                else:
                    self.open()
        self.finish()
        return Parsed("".join(self.pieces), in_order(self.entities))

    def take_text(self) -> bool:
        """Take an escaped character or those that mean nothing here, if any."""
        if escape := _ESCAPE.match(self.source, self.at):
            self.write(escape[1])
            self.at += 2
            return True
        in_code = bool(self.opened) and self.opened[-1].kind in _CODE_KINDS
        if words := (_ORDINARY_IN_CODE if in_code else _ORDINARY).match(self.source, self.at):
            self.write(words[0])
            self.at = words.end()
            self.can_start_quote = False
            return True
        char = self.source[self.at]
        if char == "`" or (char in _RESERVED and not in_code):
            return False
        # A carriage return does not count as text before a quote; a backslash does.
        can_start_quote = self.can_start_quote
        self.write(char)
        self.can_start_quote = can_start_quote and char == "\r"
        self.at += 1
        return True

    def write(self, words: str) -> None:
        self.pieces.append(words)
        self.offset += utf16_length(words)
        if words != "\r":
            self.can_start_quote = words == "\n"

    def at_end_of_entity(self) -> bool:
        if not self.opened:
            return False
        if self.in_quote and self.at_end_of_quote():
            return True
        kind = self.opened[-1].kind
        if kind == "BlockQuote" or not self.source.startswith(_END[kind], self.at):
            return False
        return kind != "Italic" or not self.source.startswith("__", self.at)

    def at_end_of_quote(self) -> bool:
        return self.source[self.at] == "\n" and not self.source.startswith(">", self.at + 1)

    def open(self) -> None:
        char = self.source[self.at]
        if char == "\n":
            self.write("\n")
            self.at += 1
        elif char == ">" and self.can_start_quote:
            if not self.in_quote:
                self.push("BlockQuote", 1)
                self.in_quote = True
            else:
                self.at += 1
        elif self.source.startswith("```", self.at):
            self.open_pre()
        else:
            for mark, kind in _BEGIN:
                if self.source.startswith(mark, self.at):
                    self.push(kind, len(mark))
                    return
            raise cannot_parse(
                f"Character '{char}' is reserved and must be escaped with the preceding '\\'"
            )

    def push(self, kind: _Kind, width: int, language: str = "") -> None:
        self.opened.append(_Open(kind, self.offset, self.at, len(self.pieces), language))
        self.at += width

    def open_pre(self) -> None:
        if language := _LANGUAGE.match(self.source, self.at + 3):
            self.push("PreCode", 3 + len(language[1]), language[1])
        else:
            self.push("Pre", 3)
        if newline := _NEWLINE.match(self.source, self.at):
            self.at = newline.end()

    def close(self) -> None:
        last = self.opened[-1]
        if self.in_quote and last.kind not in _CODE_KINDS and self.at_end_of_quote():
            self.close_quote()
            return
        self.at += len(_END[last.kind])
        if last.kind == "TextUrl":
            self.close_link(last)
        elif last.kind == "CustomEmoji":
            self.close_special(last)
        elif last.kind == "PreCode":
            self.add("pre", last, {"language": last.language})
        else:
            self.add(_TYPES[last.kind], last, {})
        self.opened.pop()

    def close_quote(self) -> None:
        """End the quote with this newline, its last character; "||" before makes it expandable."""
        kind = "blockquote"
        if self.opened[-1].kind != "BlockQuote":
            self.drop_expandable_mark(self.at)
            kind = "expandable_blockquote"
        self.write("\n")
        self.at += 1
        self.add(kind, self.opened.pop(), {})
        self.in_quote = False

    def drop_expandable_mark(self, end: int) -> None:
        """Take back the spoiler that "||" at the end of a quote seemed to open."""
        last = self.opened[-1]
        between = self.source[last.source : end]
        if last.kind == "Spoiler" and between in ("||", "||\r"):
            self.opened.pop()
        if self.opened[-1].kind != "BlockQuote":
            raise self.unclosed()

    def close_link(self, last: _Open) -> None:
        if self.source.startswith("(", self.at):
            url = self.take_url()
        else:
            url = "".join(self.pieces[last.begin :])
        user_id = link_user_id(url)
        if user_id is not None:
            self.add("text_mention", last, {"user": {"id": user_id}})
        elif stored := checked_link(url):
            self.add("text_link", last, {"url": stored})

    def close_special(self, last: _Open) -> None:
        if not self.source.startswith("(", self.at):
            raise cannot_parse("The entity must contain a tg://emoji or tg://time URL")
        url = self.take_url()
        if emoji := custom_emoji_id(url):
            self.add("custom_emoji", last, {"custom_emoji_id": emoji})
        elif date := date_time(url):
            self.add("date_time", last, {"unix_time": date[0], "date_time_format": date[1]})
        else:
            raise cannot_parse("Invalid tg://emoji or tg://time URL specified")

    def take_url(self) -> str:
        """The URL within the parentheses that begin here."""
        begin = self.at + 1
        match = _URL.match(self.source, begin)
        if match is None:
            raise cannot_parse(f"Can't find end of a URL at byte offset {self.bytes_before(begin)}")
        self.at = match.end()
        return _ESCAPE.sub(r"\1", match[1])

    def add(self, kind: str, opened: _Open, fields: dict[str, object]) -> None:
        size = self.offset - opened.offset
        if size:
            entity = {"type": kind, "offset": opened.offset, "length": size} | fields
            self.entities.append(entity)  # type: ignore[arg-type]  # fields depend on the type

    def finish(self) -> None:
        if self.in_quote:
            last = self.opened[-1]
            kind = "blockquote"
            if last.kind == "Spoiler" and last.source == len(self.source) - 2:
                self.opened.pop()
                kind = "expandable_blockquote"
            if self.opened[-1].kind == "BlockQuote":
                self.add(kind, self.opened.pop(), {})
        if self.opened:
            raise self.unclosed()

    def unclosed(self) -> Exception:
        last = self.opened[-1]
        at = self.bytes_before(last.source)
        return cannot_parse(f"Can't find end of {last.kind} entity at byte offset {at}")

    def bytes_before(self, position: int) -> int:
        return len(self.source[:position].encode())


_URL = re.compile(r"((?:\\[\x01-\x7e]|[^)])*)\)", re.DOTALL)
