"""Buttons that the stand-in shows, and presses of them. Pure: times are passed in.

A press is answered by `answerCallbackQuery`, and shown by the first change of its message that does
not offer the pressed button any more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Board:
    """The buttons below a message now: what they carry, by their text."""

    bot_id: int
    chat_id: int
    buttons: Mapping[str, str]


@dataclass(slots=True)
class Press:
    """`answered` and `shown` 0.0: not yet."""

    message_id: int
    data: str
    pressed: float
    answered: float = 0.0
    shown: float = 0.0


@dataclass(slots=True)
class Presses:
    """`boards`: by message_id; `made`: by the query's ID."""

    boards: dict[int, Board] = field(default_factory=dict)
    made: dict[str, Press] = field(default_factory=dict)
    _unshown: dict[int, Press] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def note_message(self, bot_id: int, message: Json, markup: Any, now: float) -> None:
        """A message was sent or changed, and has this `reply_markup` from now on."""
        number = message["message_id"]
        buttons = _buttons(markup)
        if buttons or number in self.boards:
            self.boards[number] = Board(bot_id, message["chat"]["id"], buttons)
        press = self._unshown.get(number)
        if press is not None and press.data not in buttons.values():
            press.shown = now
            del self._unshown[number]

    def note_answer(self, query: str, now: float) -> None:
        """answerCallbackQuery came; the first one counts."""
        press = self.made.get(query)
        if press is not None and not press.answered:
            press.answered = now

    def press(self, message: Json, data: str, person: Json, now: float) -> Json:
        """Somebody presses: the callback_query of the update."""
        query = str(next(self._numbers))
        press = Press(message["message_id"], data, now)
        self.made[query] = self._unshown[press.message_id] = press
        return {
            "id": query,
            "from": person,
            "chat_instance": "1",
            "data": data,
            "message": message,
        }


def _buttons(markup: Any) -> dict[str, str]:
    rows = markup.get("inline_keyboard", []) if isinstance(markup, dict) else []
    found = (button for row in rows for button in row)
    return {
        button["text"]: button["callback_data"] for button in found if "callback_data" in button
    }
