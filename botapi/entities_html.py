"""Telegram's HTML as its own parser reads it, error texts included (TDLib, parse_html).

Offsets in errors count bytes of the UTF-8 source; those of entities count UTF-16 units of the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from botapi.entities_links import (
    checked_link,
    date_time_format,
    link_user_id,
    lower_ascii,
    whole_number,
)
from botapi.entities_model import (
    MessageEntity,
    Parsed,
    ParseError,
    cannot_parse,
    in_order,
    utf16_length,
)

_STYLE_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
}
_OTHER_TAGS = {"a", "code", "pre", "blockquote", "tg-emoji", "tg-time"}
_END = "\0"
_SPACES = " \t\r\n\0\v"
_TAG_NAME = re.compile(r"[^ \t\r\n\0\v>]*")
_ATTRIBUTE_NAME = re.compile(r"[^ \t\r\n\0\v=>/\"']*")
_NAME_TOKEN = re.compile(r"[A-Za-z0-9.\-]*")
_SPACE = re.compile(r"[ \t\r\n\v]*")
_WORDS = re.compile("[^<&]+")
_REFERENCE = re.compile(r"&(?:#x([0-9A-Fa-f]*)|#([0-9]*)|([A-Za-z]*));?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
# "&#" and its digits, without the semicolon.
_LONGEST_REFERENCE = 9
_SURROGATE = re.compile("[\ud800-\udfff]")
_INTEGER = re.compile("(-?)([0-9]*)")
_NOTHING: Mapping[str, object] = {}


@dataclass(slots=True)
class _Open:
    tag: str
    argument: str
    date: int
    offset: int  # in the text, UTF-16
    begin: int  # index of its first piece


def parse_html(source: str) -> Parsed:
    """Text and entities of HTML; raises ParseError where Telegram refuses it."""
    return _Parser(source).parse()


class _Parser:
    def __init__(self, source: str) -> None:
        self.size = len(source)
        # As in C, a NUL ends the source: looking one character ahead needs no care.
        self.source = source + _END
        self.at = 0
        self.pieces: list[str] = []
        self.offset = 0
        self.entities: list[MessageEntity] = []
        self.opened: list[_Open] = []

    def parse(self) -> Parsed:
        while self.at < self.size:
            char = self.source[self.at]
            if char == "&":
                self.write(self.take_reference())
            elif char != "<":
                words = _WORDS.match(self.source, self.at, self.size)
                assert words is not None  # it is neither "<" nor "&"
                self.write(words[0])
                self.at = words.end()
            elif self.source[self.at + 1] == "/":
                self.close()
            else:
                self.open()
        if self.opened:
            tag = self.opened[-1].tag
            raise cannot_parse(f'Can\'t find end tag corresponding to start tag "{tag}"')
        text = "".join(self.pieces)
        if _SURROGATE.search(text):
            raise _invalid_unicode()
        for entity in self.entities:
            if entity["type"] == "code":
                entity.pop("language", None)
        return Parsed(text, in_order(self.entities))

    def write(self, words: str) -> None:
        self.pieces.append(words)
        self.offset += utf16_length(words)

    def take_reference(self) -> str:
        """The character that a reference means, or the "&" where it means none."""
        match = _REFERENCE.match(self.source, self.at)
        assert match is not None  # it begins with "&"
        decoded = _decoded(match)
        self.at = match.end() if decoded else self.at + 1
        return decoded or "&"

    def open(self) -> None:
        begin = self.at
        name = _TAG_NAME.match(self.source, begin + 1)
        assert name is not None  # it may be empty
        self.at = name.end()
        if self.source[self.at] == _END:
            raise cannot_parse(f"Unclosed start tag at byte offset {self.bytes_before(begin)}")
        tag = lower_ascii(name[0])
        if tag not in _STYLE_TAGS and tag not in _OTHER_TAGS:
            raise cannot_parse(
                f'Unsupported start tag "{tag}" at byte offset {self.bytes_before(begin)}'
            )
        argument, date = self.take_attributes(tag, begin)
        self.at += 1
        if tag == "span" and argument != "spoiler":
            raise cannot_parse(
                f'Tag "span" must have class "tg-spoiler" at byte offset {self.bytes_before(begin)}'
            )
        self.opened.append(_Open(tag, argument, date, self.offset, len(self.pieces)))

    def take_attributes(self, tag: str, begin: int) -> tuple[str, int]:
        """The argument and date that the attributes up to ">" give the tag."""
        argument, date = "", 0
        while True:
            self.skip_spaces()
            if self.source[self.at] == ">":
                return argument, date
            name = self.take_attribute_name(tag, begin)
            if self.source[self.at] != "=":
                if (tag, name) == ("blockquote", "expandable"):
                    argument = "1"
                continue
            value = self.take_attribute_value(tag, begin)
            if (tag, name) == ("tg-time", "unix"):
                date = _loose_int32(value)
            else:
                argument = _argument(tag, name, value, argument)

    def take_attribute_name(self, tag: str, begin: int) -> str:
        name = _ATTRIBUTE_NAME.match(self.source, self.at)
        assert name is not None  # it may be empty
        self.at = name.end()
        if not name[0]:
            offset = self.bytes_before(begin)
            raise cannot_parse(f'Empty attribute name in the tag "{tag}" at byte offset {offset}')
        self.skip_spaces()
        self.need_more(begin, f' "{tag}"')
        return name[0]

    def take_attribute_value(self, tag: str, begin: int) -> str:
        """The value after the "=" that stands here."""
        self.at += 1
        self.skip_spaces()
        self.need_more(begin, f' "{tag}"')
        quote = self.source[self.at]
        value = self.take_quoted(quote) if quote in "'\"" else self.take_name_token()
        self.need_more(begin, "")
        return value

    def take_quoted(self, quote: str) -> str:
        self.at += 1
        pieces: list[str] = []
        while (char := self.source[self.at]) not in (quote, _END):
            if char == "&":
                pieces.append(self.take_reference())
            else:
                pieces.append(char)
                self.at += 1
        if char == quote:
            self.at += 1
        return "".join(pieces)

    def take_name_token(self) -> str:
        token = _NAME_TOKEN.match(self.source, self.at)
        assert token is not None  # it may be empty
        self.at = token.end()
        if self.source[self.at] not in _SPACES + ">":
            offset = self.bytes_before(token.start())
            raise cannot_parse(f"Unexpected end of name token at byte offset {offset}")
        return lower_ascii(token[0])

    def skip_spaces(self) -> None:
        spaces = _SPACE.match(self.source, self.at)
        assert spaces is not None  # there may be none
        self.at = spaces.end()

    def need_more(self, begin: int, tag: str) -> None:
        if self.source[self.at] == _END:
            offset = self.bytes_before(begin)
            raise cannot_parse(f"Unclosed start tag{tag} at byte offset {offset}")

    def close(self) -> None:
        begin = self.at
        offset = self.bytes_before(begin)
        if not self.opened:
            raise cannot_parse(f"Unexpected end tag at byte offset {offset}")
        name = _TAG_NAME.match(self.source, begin + 1)
        assert name is not None  # it is at least the slash
        self.at = name.end()
        self.skip_spaces()
        if self.source[self.at] != ">":
            raise cannot_parse(f"Unclosed end tag at byte offset {offset}")
        self.at += 1
        opened = self.opened.pop()
        tag = lower_ascii(name[0][1:])
        if tag and tag != opened.tag:
            raise cannot_parse(
                f"Unmatched end tag at byte offset {offset}, "
                f'expected "</{opened.tag}>", found "</{tag}>"'
            )
        if self.offset > opened.offset:
            self.add(opened)

    def add(self, opened: _Open) -> None:
        tag = opened.tag
        if tag in _STYLE_TAGS:
            self.append(_STYLE_TAGS[tag], opened)
        elif tag == "a":
            self.add_link(opened)
        elif tag in ("pre", "code"):
            self.add_code(opened)
        elif tag == "blockquote":
            kind = "expandable_blockquote" if opened.argument else "blockquote"
            self.append(kind, opened)
        elif tag == "tg-emoji":
            if not whole_number(opened.argument):
                raise cannot_parse("Invalid custom emoji identifier specified")
            self.append("custom_emoji", opened, {"custom_emoji_id": opened.argument})
        else:
            date_format = date_time_format(opened.argument)
            if date_format is None:
                raise cannot_parse("Invalid date format used")
            if opened.date > 0:
                fields = {"unix_time": opened.date, "date_time_format": date_format}
                self.append("date_time", opened, fields)

    def add_link(self, opened: _Open) -> None:
        url = opened.argument or "".join(self.pieces[opened.begin :])
        if _SURROGATE.search(url):
            raise _invalid_unicode()
        user_id = link_user_id(url)
        if user_id is not None:
            self.append("text_mention", opened, {"user": {"id": user_id}})
        elif stored := checked_link(url):
            self.append("text_link", opened, {"url": stored})

    def add_code(self, opened: _Open) -> None:
        """A pre and a code element over the same text are one pre with the code's language."""
        last = self.entities[-1] if self.entities else None
        other = "code" if opened.tag == "pre" else "pre"
        covers = (
            last is not None
            and last["type"] == other
            and (last["offset"], last["length"]) == (opened.offset, self.offset - opened.offset)
        )
        if opened.tag == "pre":
            if last is not None and covers and last.get("language"):
                last["type"] = "pre"
            else:
                self.append("pre", opened)
        elif last is not None and covers and opened.argument:
            last["language"] = opened.argument
        else:
            self.append("code", opened, {"language": opened.argument})

    def append(self, kind: str, opened: _Open, fields: Mapping[str, object] = _NOTHING) -> None:
        size = self.offset - opened.offset
        entity = {"type": kind, "offset": opened.offset, "length": size, **fields}
        self.entities.append(entity)  # type: ignore[arg-type]  # fields depend on the type

    def bytes_before(self, position: int) -> int:
        return len(self.source[:position].encode())


def _decoded(match: re.Match[str]) -> str:
    """The character that a reference means, or "" (TDLib, decode_html_entity)."""
    hexadecimal, decimal, name = match.groups()
    if name is not None:
        return _NAMED.get(name, "")
    digits = hexadecimal if hexadecimal is not None else decimal
    if not digits or len(match[0].rstrip(";")) > _LONGEST_REFERENCE:
        return ""
    code = int(digits, 16 if hexadecimal is not None else 10)
    return chr(code) if 0 < code < 0x10FFFF else ""


def _argument(tag: str, name: str, value: str, argument: str) -> str:
    """The tag's argument after one more attribute with a value."""
    if (tag, name) in (("a", "href"), ("tg-emoji", "emoji-id"), ("tg-time", "format")):
        return value
    if (tag, name) == ("code", "class") and value.startswith("language-"):
        return value.removeprefix("language-")
    if (tag, name) == ("span", "class") and value.startswith("tg-"):
        return value.removeprefix("tg-")
    if (tag, name) == ("blockquote", "expandable"):
        return "1"
    return argument


def _loose_int32(text: str) -> int:
    """The digits that a text begins with, wrapped around like TDLib's to_integer."""
    match = _INTEGER.match(text)
    assert match is not None  # it may be empty
    value = int(match[2] or "0") & 0xFFFFFFFF
    value = value - (1 << 32) if value > 0x7FFFFFFF else value
    return -value if match[1] else value


def _invalid_unicode() -> ParseError:
    return cannot_parse(
        "Text contains invalid Unicode characters after decoding HTML entities, "
        "check for unmatched surrogate code units"
    )
