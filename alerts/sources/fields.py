"""Reads single fields of a payload: whatever JSON is there becomes what the field is meant to be.

Nothing here refuses: a wrong type is coerced or ignored, and the caller's `Problems` says so.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TypeAlias

from alerts.sources.incoming import (
    MAX_ANNOTATIONS,
    MAX_GROUP_KEY,
    MAX_LABEL_NAME,
    MAX_LABEL_VALUE,
    MAX_LABELS,
    MAX_LINKS,
    MAX_NAME,
    MAX_TEXT,
    MAX_URL,
    AlertStatus,
    Link,
    LinkKind,
)
from alerts.sources.json_text import MARK, Json, clean, number_of, shorten, text_of
from alerts.sources.links import absolute_url, is_http
from alerts.sources.problems import Problems, pointer_to

Object: TypeAlias = dict[str, Json]

_WORDS_OF_STATUS: dict[AlertStatus, str] = {
    "firing": "firing alerting alert active triggered trigger open opened problem down critical"
    " error warning failed failing failure no_data nodata pending unhealthy on",
    "resolved": "resolved resolve ok okay recovery recovered up closed close inactive normal"
    " healthy cleared clear success fixed ended expired paused off",
    "event": "event notice notification info",
}
_STATUS_OF_WORD = {w: status for status, words in _WORDS_OF_STATUS.items() for w in words.split()}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_YEAR = 9_000
RUNBOOK_ANNOTATIONS = ("runbook_url", "runbook")
DASHBOARD_ANNOTATIONS = ("dashboard_url", "dashboard")


def read_text(
    payload: Object, name: str, pointer: str, problems: Problems, limit: int = MAX_TEXT
) -> str:
    """A text field, stripped; an object or list there is shown as JSON. Absent and null are ""."""
    value = payload.get(name)
    if value is None:
        return ""
    if isinstance(value, dict | list):
        problems.note(pointer_to(pointer, name), "should be text; shown as JSON", value)
    return _fit(text_of(value).strip(), limit, pointer_to(pointer, name), problems)


def _fit(text: str, limit: int, pointer: str, problems: Problems) -> str:
    if len(text) <= limit:
        return text
    problems.note(pointer, f"shortened from {len(text)} to {limit} characters", text)
    return shorten(text, limit)


def one_line(text: str) -> str:
    """A name for people: white space collapsed, at most 256 characters."""
    return shorten(" ".join(text[: 4 * MAX_NAME].split()), MAX_NAME)


def read_labels(value: Json, pointer: str, problems: Problems) -> dict[str, str]:
    """Labels: text by name. An over-long value ends in the mark and a digest of the whole, so that
    what was different stays different."""
    pairs = _read_pairs(value, MAX_LABELS, pointer, problems)
    for name, text in pairs.items():
        if len(text) > MAX_LABEL_VALUE:
            reason = f"label shortened from {len(text)} to {MAX_LABEL_VALUE} characters"
            problems.note(pointer_to(pointer, name), reason, text)
            pairs[name] = _shorten_distinctly(text, MAX_LABEL_VALUE)
    return pairs


def read_annotations(value: Json, pointer: str, problems: Problems) -> dict[str, str]:
    """Annotations: text by name, over-long values shortened with the mark."""
    pairs = _read_pairs(value, MAX_ANNOTATIONS, pointer, problems)
    for name, text in pairs.items():
        if len(text) > MAX_TEXT:
            pairs[name] = _fit(text, MAX_TEXT, pointer_to(pointer, name), problems)
    return pairs


def _read_pairs(value: Json, limit: int, pointer: str, problems: Problems) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        problems.note(pointer, "should be an object of texts; ignored", value)
        return {}
    pairs: dict[str, str] = {}
    for name, item in value.items():
        if item is None:
            continue
        if name and len(name) <= MAX_LABEL_NAME:
            pairs[clean(name)] = clean(item) if isinstance(item, str) else text_of(item)
        elif name:
            problems.note(pointer, f"name shortened to {MAX_LABEL_NAME} characters", name)
            pairs[_shorten_distinctly(clean(name), MAX_LABEL_NAME)] = text_of(item)
        else:
            problems.note(pointer, "an entry with an empty name was ignored", item)
    if len(pairs) > limit:
        problems.note(pointer, f"{len(pairs) - limit} of {len(pairs)} entries left out")
        pairs = {name: pairs[name] for name in sorted(pairs)[:limit]}
    return pairs


def _shorten_distinctly(text: str, limit: int) -> str:
    ending = f"{MARK}{sha256(text.encode()).hexdigest()[:16]}"
    return text[: limit - len(ending)] + ending


def first_text(pairs: dict[str, str], names: Iterable[str]) -> str:
    """The first of these entries that says something, stripped; "" when none does."""
    for name in names:
        text = pairs.get(name)
        if text and (text := text.strip()):
            return text
    return ""


def read_time(value: Json, pointer: str, problems: Problems) -> datetime | None:
    """RFC 3339 with any offset and 0 to 9 fraction digits, or Unix seconds or milliseconds; UTC.

    Go's zero time and anything up to the epoch mean "not set".
    """
    if value is None or value == "" or (isinstance(value, str) and value.startswith("0001-01-01T")):
        return None
    try:
        moment = _moment(value)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.year > _LAST_YEAR:
        problems.note(pointer, "not a time such as 2026-01-31T12:00:00Z; ignored", value)
        return None
    return moment if moment > _EPOCH else None


def _moment(value: Json) -> datetime | None:
    seconds = number_of(value)
    if seconds is not None:
        if abs(seconds) >= 1e11:  # as seconds that would be the year 5138: these are milliseconds
            seconds /= 1000
        return _EPOCH + timedelta(seconds=seconds)
    if not isinstance(value, str):
        return None
    moment = datetime.fromisoformat(value.strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_status(value: Json, pointer: str, problems: Problems) -> AlertStatus | None:
    """What a status word means; None when none was given. An unknown word means firing: an alarm
    too many is seen, an alarm too few is not."""
    if value is None or value == "":
        return None
    word = text_of(value).strip().casefold()
    if status := _STATUS_OF_WORD.get(word):
        return status
    problems.note(pointer, "unknown status word, taken as firing; use firing or resolved", value)
    return "firing"


def read_count(value: Json) -> int:
    """A count of something: 0 where there is none, at most a billion."""
    number = number_of(value) or 0.0
    return int(min(max(number, 0.0), 1e9))


def read_group_key(value: Json) -> str | None:
    """The sender's group key (a number in version 3, 0 being none); an over-long one is hashed."""
    text = text_of(value)
    if not text or value == 0:
        return None
    if len(text) > MAX_GROUP_KEY:
        return f"sha256:{sha256(text.encode()).hexdigest()}"
    return text


def read_url(payload: Object, name: str, base: str, pointer: str, problems: Problems) -> str:
    """A URL, absolute where possible (`links.absolute_url`); "" when absent or beyond any use."""
    value = payload.get(name)
    if value is None or value == "":
        return ""
    if not isinstance(value, str):
        problems.note(pointer_to(pointer, name), "should be a URL; ignored", value)
        return ""
    url = absolute_url(clean(value), base) if len(value) <= MAX_URL else value
    if len(url) > MAX_URL:
        reason = f"a URL of {len(url)} characters was left out, at most {MAX_URL} are kept"
        problems.note(pointer_to(pointer, name), reason, value)
        return ""
    return url


def gather_links(
    links: Iterable[tuple[LinkKind, str]], annotations: dict[str, str]
) -> tuple[Link, ...]:
    """The links that are there, each URL once, with those that annotations carry by convention."""
    found: dict[str, Link] = {}
    for kind, url in links:
        if url:
            found.setdefault(url, Link(kind, url))
    conventions = (
        (LinkKind.RUNBOOK, RUNBOOK_ANNOTATIONS),
        (LinkKind.DASHBOARD, DASHBOARD_ANNOTATIONS),
    )
    for kind, names in conventions:
        url = first_text(annotations, names)
        if url and len(url) <= MAX_URL and not any(c.isspace() for c in url) and is_http(url):
            found.setdefault(url, Link(kind, url))
    return tuple(found.values())[:MAX_LINKS]
