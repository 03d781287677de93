"""What a handler says of an update. Its effects are in the database by then, in the same
transaction as the mark that the update is done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botapi import limits


@dataclass(frozen=True, slots=True)
class Answer:
    """A call that ends a query, made directly and not through a lane: answerCallbackQuery or
    answerInlineQuery."""

    method: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Handled:
    """`outcome` stands in the inbox, for whoever looks there: a few words."""

    outcome: str
    answer: Answer | None = None


def toast(query_id: str, text: str = "", *, alert: bool = False, url: str = "") -> Answer:
    """Ends a button's spinner. `alert` shows the text in a window that has to be closed."""
    params: dict[str, Any] = {"callback_query_id": query_id}
    if text:
        params["text"] = text[: limits.CALLBACK_ANSWER_MAX]
    if alert:
        params["show_alert"] = True
    if url:
        params["url"] = url
    return Answer("answerCallbackQuery", params)
