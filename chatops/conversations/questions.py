"""A question and its answer: pure data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Choice:
    """A button. `value` is what the step takes for it, at most a few dozen characters; with
    `request` the person's own contact or place comes, in private chats alone."""

    label: str
    value: str
    request: Literal["", "contact", "location"] = ""


Rows = tuple[tuple[Choice, ...], ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question. `text` is HTML; `rows` of buttons: below the message (`inline`), else in the
    place of the letters. Without rows a person just writes. `placeholder` is cut to
    what Telegram takes."""

    text: str
    rows: Rows = ()
    inline: bool = False
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: `value` of the button that was meant, None for what was typed. `contact` and
    `location` as the Bot API has them; a contact is the person's own."""

    text: str
    value: str | None = None
    contact: Mapping[str, Any] | None = None
    location: Mapping[str, Any] | None = None
