"""What a question may be, and what an endpoint is told of it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

TITLE_MAX, TEXT_MAX = 200, 3_000
CHOICES_MAX, VALUE_MAX, LABEL_MAX = 8, 64, 40
SHORTEST, LONGEST = timedelta(seconds=10), timedelta(days=30)
USUAL = timedelta(hours=1)
APPROVE_OR_DENY: list[dict[str, str]] = [
    {"value": "approve", "label": "Approve"},
    {"value": "deny", "label": "Deny"},
]


class ApprovalRefused(ValueError):
    """It can't be asked, or answered: `field` says which input, if one; the text what to do."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def checked_choices(given: Sequence[Mapping[str, str]] | None) -> list[dict[str, str]]:
    """2 to 8 choices with values that differ. Raises ApprovalRefused."""
    if given is None:
        return [dict(choice) for choice in APPROVE_OR_DENY]
    if not 2 <= len(given) <= CHOICES_MAX:
        raise ApprovalRefused(f"Give 2 to {CHOICES_MAX} choices, not {len(given)}.", "choices")
    choices: list[dict[str, str]] = []
    for number, one in enumerate(given, 1):
        value, label = str(one.get("value", "")), " ".join(str(one.get("label", "")).split())
        label = label or value
        if not 1 <= len(value) <= VALUE_MAX or "\0" in value:
            message = f"Choice {number}: give a value of 1 to {VALUE_MAX} characters."
            raise ApprovalRefused(message, "choices")
        if not 1 <= len(label) <= LABEL_MAX or "\0" in label:
            message = f"Choice {number}: give a label of 1 to {LABEL_MAX} characters."
            raise ApprovalRefused(message, "choices")
        if any(value == other["value"] for other in choices):
            message = f"Choice {number}: the value {value!r} is there already."
            raise ApprovalRefused(message, "choices")
        choices.append({"value": value, "label": label})
    return choices


def checked_texts(title: str, words: str) -> tuple[str, str]:
    """On one line the first. Raises ApprovalRefused."""
    one_line = " ".join(title.split())
    if not 1 <= len(one_line) <= TITLE_MAX:
        raise ApprovalRefused(f"Give a title of 1 to {TITLE_MAX} characters.", "title")
    if len(words.strip()) > TEXT_MAX:
        raise ApprovalRefused(f"Give a text of at most {TEXT_MAX:,} characters.", "text")
    for field, value in (("title", one_line), ("text", words)):
        if "\0" in value:
            raise ApprovalRefused("Leave out the NUL character.", field)
    return one_line, words.strip()


def checked_time(wanted: timedelta) -> timedelta:
    """How long people have. Raises ApprovalRefused."""
    if not SHORTEST <= wanted <= LONGEST:
        message = "Give 10 seconds to 30 days (2592000 seconds)."
        raise ApprovalRefused(message, "expires_in")
    return wanted


def body_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What an endpoint is told of it."""
    return {"event": "approval", "approval": dict(values)}
