"""What an endpoint says of a run: in its answer to the call, or in what it posts back. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

TEXT_MAX = 3_000
"""Characters that are kept and shown; a longer text is cut with a mark."""
NAME_MAX = 40
"""Characters that are shown of the name of a field that there is not."""
BODY_MAX = 64 * 1024
STATES = ("running", "done", "failed")
FIELDS = ("state", "text", "progress")

State = Literal["running", "done", "failed"]


class UnreadableReport(ValueError):
    """It says nothing: `field` is which part of it, "" for the whole; the text what to send."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Report:
    """`state`: running until it is over; `progress`: percent, None where it was not said."""

    state: State
    text: str = ""
    progress: int | None = None


def read_report(body: bytes) -> Report:
    """What is posted about a run; it is running where no state is named. Raises
    UnreadableReport."""
    given = _object(body)
    unknown = next((str(name) for name in given if name not in FIELDS), None)
    if unknown is not None:
        message = f"There is no such field. Fields are: {', '.join(FIELDS)}."
        raise UnreadableReport(message, _cut(unknown, NAME_MAX))
    return _report(given, "running")


def read_answer(status: int, body: bytes) -> Report:
    """The answer to the call, a 2xx. 202 means that more is posted; any other one that it is done,
    unless its JSON says otherwise. Raises UnreadableReport where a field of ours says nothing; what
    else a framework answers with is none of ours: the program was called all the same."""
    usual: State = "running" if status == 202 else "done"
    try:
        given = _object(body)
    except UnreadableReport:  # "ok", pages of proxies: nothing of them is for people
        return Report(usual)
    return _report(given, usual)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableReport("Send a JSON object.") from None
    if not isinstance(given, Mapping):
        raise UnreadableReport("Send a JSON object.")
    return given


def _report(given: Mapping[str, Any], usual: State) -> Report:
    state = given.get("state", usual)
    if state not in STATES:
        raise UnreadableReport(f"Use one of {', '.join(STATES)}.", "state")
    return Report(state, _text(given.get("text")), _progress(given.get("progress")))


def _text(given: Any) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise UnreadableReport("Give a text (a JSON string).", "text")
    return _cut(given, TEXT_MAX)


def _cut(given: str, most: int) -> str:
    # Neither PostgreSQL nor UTF-8 takes these.
    words = given.replace("\0", "").encode("utf-8", "replace").decode().strip()
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _progress(given: Any) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= 100:
        raise UnreadableReport("Give a whole number from 0 to 100.", "progress")
    return given
