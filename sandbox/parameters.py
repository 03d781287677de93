"""A call's parameters: query string, form, JSON and multipart, all as the server sees them: names
and texts.

Rules of telegram-bot-api (Query.h, HttpReader.cpp): URL arguments first, the first of equal
names wins, a JSON body's non-string values count as their raw JSON text (`null` is the text
"null"), a broken JSON body yields what came before the break.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

_DECODER = json.JSONDecoder(strict=False)
_LEADING_INTEGER = re.compile(r"[-+]?\d+")
_JSON_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class UploadedFile:
    file_name: str
    content: bytes
    content_type: str


@dataclass(slots=True)
class Parameters:
    values: dict[str, str] = field(default_factory=dict)
    files: dict[str, UploadedFile] = field(default_factory=dict)

    def add(self, pairs: Iterable[tuple[str, str]]) -> None:
        for name, value in pairs:
            self.values.setdefault(name, value)

    def has(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str:
        return self.values.get(name, "")

    def boolean(self, name: str) -> bool:
        """Only `true`, `yes` and `1` are true (Client::to_bool)."""
        return self.text(name).strip().lower() in {"true", "yes", "1"}

    def integer(
        self, name: str, default: int = 0, minimum: int = -(2**31), maximum: int = 2**31 - 1
    ) -> int:
        """Leading digits count, other text is 0, and the value is clamped
        (Client::get_integer_arg).
        """
        text = self.text(name)
        return min(max(leading_integer(text) if text else default, minimum), maximum)

    def message_id(self, name: str = "message_id") -> int:
        return max(self.integer(name), 0)


def leading_integer(text: str) -> int:
    match = _LEADING_INTEGER.match(text)
    return int(match[0]) if match else 0


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Pairs of a query string or a urlencoded form; bytes that are no UTF-8 stay visible as
    surrogates.
    """
    return parse_qsl(query, keep_blank_values=True, errors="surrogateescape")


def json_pairs(body: str) -> list[tuple[str, str]]:
    """Pairs of a JSON object; of a broken one, the pairs before the break."""
    pairs: list[tuple[str, str]] = []
    position = _skip_space(body, 0)
    if body[position : position + 1] != "{":
        return pairs
    position = _skip_space(body, position + 1)
    while body[position : position + 1] == '"':
        try:
            name, position = _DECODER.raw_decode(body, position)
            position = _skip_space(body, position)
            if body[position : position + 1] != ":":
                break
            start = _skip_space(body, position + 1)
            value, position = _DECODER.raw_decode(body, start)
        except ValueError:
            break
        pairs.append((name, value if isinstance(value, str) else body[start:position]))
        position = _skip_space(body, position)
        if body[position : position + 1] != ",":
            break
        position = _skip_space(body, position + 1)
    return pairs


def _skip_space(text: str, position: int) -> int:
    while text[position : position + 1] and text[position] in _JSON_SPACE:
        position += 1
    return position
