"""Bodies of the REST API: limited in size and depth, and free of what no database stores."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from django.conf import settings
from django.http import HttpRequest
from rest_framework.parsers import BaseParser
from rest_framework.parsers import FormParser as DrfFormParser
from rest_framework.parsers import MultiPartParser as DrfMultiPartParser

from accounts.problems import ApiRefusal, wrong

MAX_BYTES = 1024 * 1024
"""Of a body without files."""
MAX_DEPTH = 20
MAX_INTEGER = 2**63 - 1


class JsonParser(BaseParser):
    """`application/json` (RFC 8259), strictly: UTF-8, unique names, finite numbers."""

    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The value. Raises ApiRefusal 400, 411, 413."""
        request = (parser_context or {})["request"]
        check_length(request, MAX_BYTES)
        raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            _too_large(MAX_BYTES)
        return read_json(raw)


class MultiPartParser(DrfMultiPartParser):
    """`multipart/form-data` with at most one file's worth of bytes."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Fields and files. Raises ApiRefusal 411, 413."""
        check_length(parser_context["request"], settings.UPLOAD_MAX_BYTES + MAX_BYTES)
        return super().parse(stream, media_type, parser_context)


class FormParser(DrfFormParser):
    """`application/x-www-form-urlencoded`, as curl sends by itself."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Fields. Raises ApiRefusal 411, 413."""
        check_length(parser_context["request"], MAX_BYTES)
        return super().parse(stream, media_type, parser_context)


def check_length(request: HttpRequest, limit: int) -> None:
    """Refuse by Content-Length, before anything is read. Raises ApiRefusal 411, 413."""
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        raise ApiRefusal(411, "Send the body with a Content-Length, not in chunks.")
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > limit:
        _too_large(limit)


def _too_large(limit: int) -> NoReturn:
    raise ApiRefusal(413, f"The body is larger than {limit} bytes ({limit // 2**20} MiB).")


def read_json(raw: bytes) -> Any:
    """The value of this JSON text. Raises ApiRefusal 400 that says where it is wrong."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse("", f"The body isn't UTF-8: byte {error.start} can't be read.", "encoding")
    try:
        value = json.loads(
            text, parse_constant=_constant, parse_float=_float, object_pairs_hook=_unique
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        _refuse("", f"The body isn't JSON: {error.msg} at {place}.", "json")
    except RecursionError:
        _refuse("", f"The body is nested deeper than {MAX_DEPTH} levels.", "depth")
    except ValueError as error:  # int() of thousands of digits, and ours below
        _refuse("", f"The body can't be used: {error}"[:300], "json")
    for pointer, detail, code in _unusable(value, "", 0):
        _refuse(pointer, detail, code)
    return value


def _refuse(pointer: str, detail: str, code: str) -> NoReturn:
    raise ApiRefusal(
        400, "The body can't be used; see errors.", errors=[wrong("pointer", pointer, detail, code)]
    )


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON; use a number or null")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        for name, _ in reversed(pairs):  # every name is in `value` until it is met
            if value.pop(name, pairs) is pairs:
                raise ValueError(f"the name {name[:80]!r} is given twice")
    return value


def _unusable(value: Any, pointer: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """(pointer, words, code) of what parses but can't be stored."""
    if depth > MAX_DEPTH:
        yield pointer, f"This is nested deeper than {MAX_DEPTH} levels.", "depth"
    elif isinstance(value, dict):
        for name, inner in value.items():
            part = name[:80].replace("~", "~0").replace("/", "~1")
            yield from _unusable_text(name, pointer, "A name here")
            yield from _unusable(inner, f"{pointer}/{part}", depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _unusable(inner, f"{pointer}/{number}", depth + 1)
    elif isinstance(value, str):
        yield from _unusable_text(value, pointer, "The text")
    elif isinstance(value, int) and abs(value) > MAX_INTEGER:
        yield pointer, f"The number is larger than {MAX_INTEGER}.", "max_value"


def _unusable_text(text: str, pointer: str, what: str) -> Iterator[tuple[str, str, str]]:
    if "\0" in text:
        yield pointer, f"{what} holds the character U+0000. Take it out.", "null_character"
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        yield pointer, f"{what} holds half of a surrogate pair. Send whole characters.", "surrogate"
