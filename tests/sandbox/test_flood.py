"""The published limits: who is refused, for how long, and what is counted."""

from __future__ import annotations

import pytest

from sandbox.errors import BotApiError
from sandbox.flood import FloodMode, FloodModel
from sandbox.model import Chat, ChatKind
from tests.sandbox.conftest import Stage


def _refusals(
    times: list[float], *, kind: ChatKind = "private", chats: int = 1
) -> list[tuple[float, int]]:
    """(time, retry_after) of the calls refused when one is made at each time, round-robin."""
    model = FloodModel(FloodMode.PUBLISHED)
    places = [Chat(number + 1, kind) for number in range(chats)]
    refused = []
    for index, now in enumerate(times):
        try:
            model.admit(7, places[index % chats], now)
        except BotApiError as error:
            refused.append((now, error.retry_after or 0))
    return refused


def test_one_chat_takes_three_at_once_and_then_one_a_second() -> None:
    assert _refusals([0, 0, 0]) == []
    assert _refusals([0, 0, 0, 0.25]) == [(0.25, 1)]
    assert _refusals([0, 0, 0, 1, 2, 3, 4]) == []
    assert _refusals([0, 0, 0, 1, 1.5, 2]) == [(1.5, 1)]
    assert _refusals([0, 0, 0, 100, 100, 100, 100]) == [(100, 1)]


def test_a_group_takes_twenty_a_minute() -> None:
    steady = [index * 3.0 for index in range(60)]
    assert _refusals(steady, kind="group") == []
    hasty = [float(index) for index in range(21)]
    assert _refusals(hasty, kind="supergroup") == [(20, 40)]
    assert _refusals(hasty, kind="channel") == []
    assert _refusals([*hasty[:20], 60.0], kind="group") == []


def test_a_bot_takes_thirty_a_second() -> None:
    assert _refusals([index / 100 for index in range(31)], chats=31) == [(0.3, 1)]
    assert _refusals([index / 30 for index in range(300)], chats=300) == []


def test_refused_calls_do_not_count_against_the_limit() -> None:
    assert _refusals([0, 0, 0, 0.5, 0.5, 0.5, 1]) == [(0.5, 1)] * 3


def test_observed_mode_counts_and_lets_pass() -> None:
    model = FloodModel(FloodMode.OBSERVED)
    for _ in range(5):
        model.admit(7, Chat(1, "private"), 0)
    assert model.violations == {(7, 1, "chat"): 2}
    model.mode = FloodMode.OFF
    model.admit(7, Chat(1, "private"), 0)
    assert model.violations.total() == 2


def test_sends_and_edits_share_the_limits_and_reads_are_free(stage: Stage) -> None:
    stage.telegram.set_flood("published")
    message_id = stage.send("one")["message_id"]
    assert stage.call("editMessageText", message_id=message_id, text="two")["ok"]
    assert stage.call("editMessageReplyMarkup", message_id=message_id)["ok"] is False
    refused = stage.call("editMessageText", message_id=message_id, text="three")
    assert refused == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 1",
        "parameters": {"retry_after": 1},
    }
    for method in ("getMe", "getChat", "sendChatAction"):
        assert stage.call(method, action="typing")["ok"]
    assert stage.call("deleteMessage", message_id=message_id)["ok"]
    violations = stage.telegram.violations()
    assert violations == [
        {"bot_id": stage.bot.id, "chat_id": stage.chat.id, "limit": "chat", "count": 1}
    ]


@pytest.mark.parametrize("mode", ["off", "observed"])
def test_modes_that_refuse_nothing(stage: Stage, mode: str) -> None:
    stage.telegram.set_flood("observed" if mode == "observed" else "off")
    for _ in range(6):
        stage.send()
    counted = sum(violation["count"] for violation in stage.telegram.violations())
    assert counted == (3 if mode == "observed" else 0)
