"""Bytes from a stranger → one JSON value, form fields, or text.

The content type is a hint: `curl -d` calls everything a form, and many scripts send JSON as text.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from alerts.sources.fields import Object
from alerts.sources.incoming import Unparseable
from alerts.sources.json_text import Duplicate, Json, JsonError, complete_elements, loads
from alerts.sources.problems import Problems, pointer_to

FIX: Final = (
    'Send JSON such as {"title": "Disk full", "status": "firing"}, an Alertmanager or Grafana'
    " webhook, form fields, or plain text."
)
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# Text encodings only: Python also has "codecs" that decompress.
_LEGACY_CHARSET = re.compile(
    r"iso-?8859-?\d{1,2}|latin-?1|windows-?125\d|cp125\d|koi8-[ru]|utf-?16(-?[lb]e)?|gb2312|gbk"
    r"|gb18030|big5|shift[_-]jis|euc-(jp|kr)",
    re.IGNORECASE,
)
_PARAMETER = r";\s*%s\s*=\s*\"?([^\";,\s]{1,200})"
_CHARSET = re.compile(_PARAMETER % "charset", re.IGNORECASE)
_BOUNDARY = re.compile(_PARAMETER % "boundary", re.IGNORECASE)
_PART_NAME = re.compile(rb'[;\s]name="?([^";\r\n]{1,200})', re.IGNORECASE)
_PART_FILE = re.compile(rb"[;\s]filename\*?=", re.IGNORECASE)
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_NOT_PRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\N{REPLACEMENT CHARACTER}]")
_JSON_START = re.compile(r'\s*(?:\{\s*["}]|\[\s*[{\]])')
_BRACKETED_NAME = re.compile(r"(labels|annotations)\[([^\]]+)\]")
_STRUCTURED_FIELDS = frozenset(("labels", "annotations", "attachments"))
# Types that say nothing about the content, "" being none at all.
_UNTOLD_TYPES = ("", "application/x-www-form-urlencoded", "application/octet-stream")
MAX_FORM_FIELDS = 1_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """`value`: an object, a list, or text. `is_form`: the object came as form fields, and `text`
    is the body as it stood. `incomplete`: the body broke off, and what was whole was kept."""

    value: Json
    text: str = ""
    is_form: bool = False
    incomplete: bool = False


def decode(body: bytes, content_type: str, problems: Problems) -> Decoded:
    """Decode a body as well as it can be. Raises Unparseable with status 400, or 415 when neither
    the content type nor the body is one that we read."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return Decoded(_multipart(body, content_type, problems), is_form=True)
    text = _text(body, content_type, problems)
    if not text.strip():
        raise Unparseable("The body is empty.", fix=FIX)
    if media_type.endswith(("/json", "+json")) or _JSON_START.match(text):
        value, incomplete = _json(text, problems, strictly=media_type != "text/plain")
        return Decoded(value, text=text, incomplete=incomplete)
    if media_type == "application/x-www-form-urlencoded" and "=" in text:
        return Decoded(_urlencoded(text, problems), text=text, is_form=True)
    if media_type.startswith("text/"):
        return Decoded(text, text=text)
    if media_type not in _UNTOLD_TYPES:
        reason = f"Content type {media_type[:100]} is not understood, and the body is not JSON."
        raise Unparseable(reason, fix=FIX, status=415)
    if _NOT_PRINTABLE.search(text):
        raise Unparseable("The body is neither JSON nor readable text.", fix=FIX)
    return Decoded(text, text=text)


def _text(body: bytes, content_type: str, problems: Problems) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        position = error.start
    charset = _CHARSET.search(content_type)
    if charset is not None and _LEGACY_CHARSET.fullmatch(charset[1]):
        return body.decode(charset[1], "replace")
    problems.note("", f"byte {position} is not valid UTF-8; bytes like it were replaced by U+FFFD")
    return body.decode("utf-8", "replace")


def _json(text: str, problems: Problems, *, strictly: bool) -> tuple[Json, bool]:
    """The value, and whether the text broke off after it. Text that only looked like JSON is text
    unless `strictly`."""
    duplicates: list[Duplicate] = []
    try:
        value = loads(text, duplicates)
    except JsonError as error:
        return _salvage(text, error, problems, strictly=strictly)
    if duplicates:
        _note_duplicates(value, duplicates, problems)
    return value, False


def _salvage(
    text: str, error: JsonError, problems: Problems, *, strictly: bool
) -> tuple[Json, bool]:
    kept = text[: error.position] if error.whole_value else complete_elements(text, error.position)
    if kept is not None:
        problems.note("", f"not whole JSON: {error.reason}; what stood before that was kept")
        return loads(kept), True
    if strictly:
        raise Unparseable(f"Not JSON: {error.reason}.", fix=FIX)
    problems.note("", f"taken as text, for as JSON it is broken: {error.reason}")
    return text, False


def _note_duplicates(value: Json, duplicates: list[Duplicate], problems: Problems) -> None:
    names_by_owner: dict[int, list[str]] = {}
    for duplicate in duplicates:
        names_by_owner.setdefault(id(duplicate.owner), []).append(duplicate.name)
    unvisited: list[tuple[str, Json]] = [("", value)]
    while unvisited:
        pointer, node = unvisited.pop()
        if isinstance(node, dict):
            for name in names_by_owner.get(id(node), ()):
                where = pointer_to(pointer, name)
                problems.note(where, "stands here more than once; the last was taken", node[name])
            unvisited += [(pointer_to(pointer, name), item) for name, item in node.items()]
        elif isinstance(node, list):
            unvisited += [(f"{pointer}/{index}", item) for index, item in enumerate(node)]


def _urlencoded(text: str, problems: Problems) -> Object:
    try:
        pairs = parse_qsl(
            text.strip(), keep_blank_values=True, errors="replace", max_num_fields=MAX_FORM_FIELDS
        )
    except ValueError:
        reason = f"The form has more than {MAX_FORM_FIELDS} fields."
        raise Unparseable(reason, fix=FIX) from None
    return _fields(pairs, problems)


def _multipart(body: bytes, content_type: str, problems: Problems) -> Object:
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise Unparseable("The multipart content type has no boundary.", fix=FIX)
    delimiter = b"--" + boundary[1].encode("latin-1", "replace")
    pairs: list[tuple[str, str]] = []
    for part in body.split(delimiter, MAX_FORM_FIELDS)[1:]:
        head = _BLANK_LINE.search(part)
        name = _PART_NAME.search(part, 0, head.start()) if head else None
        if head is None or name is None:
            continue
        field = name[1].decode("utf-8", "replace")
        if _PART_FILE.search(part, 0, head.start()):
            problems.note(f"/{field}", "an uploaded file was left out; give its URL instead")
            continue
        content = part[head.end() :].removesuffix(b"\n").removesuffix(b"\r")
        pairs.append((field, content.decode("utf-8", "replace")))
    return _fields(pairs, problems)


def _fields(pairs: list[tuple[str, str]], problems: Problems) -> Object:
    """Form fields as an object: `labels` and the like may be JSON text, or `labels[host]=web-1`."""
    fields: Object = {}
    nested: dict[str, dict[str, Json]] = {}
    for name, text in pairs:
        if bracketed := _BRACKETED_NAME.fullmatch(name):
            nested.setdefault(bracketed[1], {})[bracketed[2]] = text
            continue
        if name in fields:
            problems.note(pointer_to("", name), "stands here more than once; the last was taken")
        fields[name] = _structured(text) if name in _STRUCTURED_FIELDS else text
    for name, entries in nested.items():
        whole = fields.get(name)
        fields[name] = {**whole, **entries} if isinstance(whole, dict) else entries
    return fields


def _structured(text: str) -> Json:
    try:
        return loads(text) if text.strip() else None
    except JsonError:
        return text
