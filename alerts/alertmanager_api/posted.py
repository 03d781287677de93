"""A silence as clients post it: `postableSilence` of api/v2/openapi.yaml. Pure."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from alerts.alertmanager_api.errors import (
    REQUIRED,
    TOO_FEW,
    Refused,
    invalid,
    problem,
    words,
)
from alerts.matchers import Matcher, MatcherError, read_matchers
from alerts.muting.silencing import says_something
from alerts.sources.json_text import clean

_KINDS: Final = {str: "string", bool: "bool", list: "array", dict: "object"}
_REQUIRED: Final = ("comment", "createdBy", "endsAt", "matchers", "startsAt")
_OF_A_MATCHER: Final = ("isRegex", "name", "value")


@dataclass(frozen=True, slots=True)
class PostedSilence:
    """`id`: which silence it is to change; "" for a new one."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    comment: str
    created_by: str


def read_silence(body: bytes, now: datetime) -> PostedSilence:
    """The silence, as far as its text alone can tell. Raises Refused."""
    if not body:
        raise invalid(REQUIRED, "silence in body is required")
    values = _decoded(body)
    starts_at, ends_at = (_time(values, name) for name in ("startsAt", "endsAt"))
    _check_required(values)
    posted = PostedSilence(
        id=values.get("id") or "",
        matchers=_matchers(values["matchers"]),
        starts_at=starts_at,
        ends_at=ends_at,
        comment=clean(values["comment"]),
        created_by=clean(values["createdBy"]),
    )
    if ends_at <= starts_at:
        raise words("Failed to create silence: start time must be before end time")
    if ends_at < now:
        raise words("Failed to create silence: end time can't be in the past")
    if not any(map(says_something, posted.matchers)):
        raise words("silence invalid: at least one matcher must not match the empty string")
    return posted


def _decoded(body: bytes) -> dict[str, Any]:
    """The object, its values of the kinds that they should be or null."""
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _unparsed(f"{error}") from None
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise _unparsed(f"{_kind(values)} is no silence")
    _check_kinds(values, "", {**dict.fromkeys((*_REQUIRED, "id"), str), "matchers": list})
    for number, matcher in enumerate(values.get("matchers") or ()):
        if not isinstance(matcher, dict):
            raise _unparsed(f"matchers.{number} is a JSON {_kind(matcher)}, not an object")
        kinds = {"name": str, "value": str, "isRegex": bool, "isEqual": bool}
        _check_kinds(matcher, f"matchers.{number}.", kinds)
    return values


def _check_kinds(values: dict[str, Any], place: str, kinds: dict[str, type]) -> None:
    for name, kind in kinds.items():
        value = values.get(name)
        if value is not None and not isinstance(value, kind):
            wanted = _KINDS[kind]
            raise _unparsed(f"{place}{name} is a JSON {_kind(value)}, not of type {wanted}")


def _check_required(values: dict[str, Any]) -> None:
    """The first that is missing is named, in the order of their names."""
    for name in _REQUIRED:
        if values.get(name) is None:
            raise invalid(REQUIRED, f"{name} in body is required")
        if name == "matchers":
            _check_matchers(values[name])


def _check_matchers(matchers: list[dict[str, Any]]) -> None:
    if not matchers:
        raise invalid(TOO_FEW, "matchers in body should have at least 1 items")
    for number, matcher in enumerate(matchers):
        for name in _OF_A_MATCHER:
            if matcher.get(name) is None:
                raise invalid(REQUIRED, f"matchers.{number}.{name} in body is required")


def _matchers(values: list[dict[str, Any]]) -> tuple[Matcher, ...]:
    found: list[Matcher] = []
    for number, value in enumerate(values):
        where = f"silence invalid: invalid label matcher {number}"
        if not value["name"]:
            raise words(f'{where}: invalid label name ""')
        plain = {name: inner for name, inner in value.items() if inner is not None and name != "op"}
        try:
            found += read_matchers([plain])
        except MatcherError as error:
            raise words(f"{where}: {error.reason.partition(': ')[2]}") from None
    return tuple(found)


def _time(values: dict[str, Any], name: str) -> datetime:
    """In UTC, which is also meant where no zone is given."""
    text = values.get(name)
    if text is None:
        return datetime.min.replace(tzinfo=UTC)  # told as missing later
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise _unparsed(f'{name} is no time such as "2026-01-31T12:00:00.000Z"') from None


def _unparsed(why: str) -> Refused:
    return problem(400, f'parsing silence body from "" failed, because {why}')


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "number")
