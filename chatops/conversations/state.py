"""What a Conversation's `data` holds, and the buttons of its question. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from alerts.rendering.words import shorten_end
from botapi import callback_data
from botapi.keyboards import (
    CallbackButton,
    ForceReply,
    InlineKeyboard,
    Keyboard,
    ReplyButton,
    ReplyKeyboard,
)
from botapi.limits import INPUT_PLACEHOLDER_MAX
from chatops.conversations.questions import Prompt
from languages.speaking import pgettext

VERB = "cv"
BACK, CANCEL = "‹ Back", "Cancel"
"""In English, which is understood in every language."""
_BACK, _CANCEL = "back", "cancel"
_MARK = "‹ "


@dataclass(slots=True)
class Saved:
    """`values` by step; `trail`: names of the steps that were answered, for Back; `choices`: label
    and value of the buttons that the person sees now."""

    values: dict[str, Any] = field(default_factory=dict)
    trail: list[str] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self, version: int) -> dict[str, Any]:
        """For Conversation.data."""
        return {
            "v": version,
            "values": self.values,
            "trail": self.trail,
            "choices": [list(choice) for choice in self.choices],
        }

    def value_of(self, label: str) -> str | None:
        """Of the button with this label, however its letters are written."""
        said = label.strip().casefold()
        return next((value for text, value in self.choices if text.casefold() == said), None)


def from_json(data: Mapping[str, Any], version: int) -> Saved | None:
    """None for what another version of the dialogue wrote."""
    if data.get("v") != version:
        return None
    choices = [(label, value) for label, value in data["choices"]]
    return Saved(dict(data["values"]), list(data["trail"]), choices)


def label_of(which: str) -> str:
    """Of Back or Cancel, in the language that is spoken."""
    return pgettext("button", "‹ Back") if which == _BACK else pgettext("button", "Cancel")


def is_label(said: str) -> bool:
    """Whether it is the label of Back or of Cancel to the letter, in the language that is spoken or
    in English: in groups people also say "back" to each other."""
    return said in (BACK, CANCEL, label_of(_BACK), label_of(_CANCEL))


def is_back(said: str) -> bool:
    """Whether somebody pressed Back, or wrote it."""
    return _bare(said) in (_bare(BACK), _bare(label_of(_BACK)))


def is_cancel(said: str) -> bool:
    """Whether somebody pressed Cancel, or wrote it."""
    return _bare(said) in (_bare(CANCEL), _bare(label_of(_CANCEL)))


def _bare(words: str) -> str:
    return words.removeprefix(_MARK).casefold()


def keyboard_of(
    prompt: Prompt, saved: Saved, conversation: UUID, turn: int, *, is_private: bool
) -> Keyboard:
    """The buttons of the question, Back where there is one before it, and Cancel. In groups they
    are for the one who is asked; in private Telegram would show them to nobody then."""
    placeholder = shorten_end(prompt.placeholder, INPUT_PLACEHOLDER_MAX)
    around = [_BACK, _CANCEL] if saved.trail else [_CANCEL]
    if not prompt.rows:
        return ForceReply(placeholder, not is_private)
    if not prompt.inline:
        rows = [tuple(ReplyButton(one.label, one.request) for one in row) for row in prompt.rows]
        rows.append(tuple(ReplyButton(label_of(one)) for one in around))
        return ReplyKeyboard(tuple(rows), placeholder, not is_private)
    number = 0
    inline: list[tuple[CallbackButton, ...]] = []
    for row in prompt.rows:
        buttons = []
        for one in row:
            buttons.append(CallbackButton(one.label, _data(conversation, turn, str(number))))
            number += 1
        inline.append(tuple(buttons))
    inline.append(
        tuple(CallbackButton(label_of(one), _data(conversation, turn, one)) for one in around)
    )
    return InlineKeyboard(tuple(inline))


@dataclass(frozen=True, slots=True)
class Press:
    """A button of a question: at which turn, and which: its label, None for one that never was."""

    turn: int
    label: str | None


def read_press(argument: str, saved: Saved) -> Press:
    """What stood behind it."""
    turn, _, which = argument.partition(".")
    number = int(turn) if turn.isdecimal() else -1
    if which in (_BACK, _CANCEL):
        return Press(number, label_of(which))
    at = int(which) if which.isdecimal() else -1
    return Press(number, saved.choices[at][0] if 0 <= at < len(saved.choices) else None)


def _data(conversation: UUID, turn: int, which: str) -> str:
    return callback_data.pack(VERB, conversation, f"{turn}.{which}")
