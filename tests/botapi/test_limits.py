"""The limits against the Bot API's machine-readable list, where it is at hand."""

import json
from typing import Any

import pytest

from botapi import limits
from tests.reference import REFERENCE


@pytest.fixture(scope="module")
def spec() -> Any:
    path = REFERENCE / "bot_api.json"
    if not path.exists():
        pytest.skip("the Bot API's machine-readable list is not beside the checkout")
    return json.loads(path.read_text())


@pytest.mark.parametrize(
    ("method", "parameter", "limit"),
    [
        ("sendMessage", "text", limits.MESSAGE_TEXT_MAX),
        ("editMessageText", "text", limits.MESSAGE_TEXT_MAX),
        ("sendPhoto", "caption", limits.CAPTION_MAX),
        ("sendDocument", "caption", limits.CAPTION_MAX),
        ("editMessageCaption", "caption", limits.CAPTION_MAX),
        ("answerCallbackQuery", "text", limits.CALLBACK_ANSWER_MAX),
        ("createForumTopic", "name", limits.TOPIC_NAME_MAX),
    ],
)
def test_lengths_of_parameters(spec: Any, method: str, parameter: str, limit: int) -> None:
    parameters = {p["name"]: p for p in spec["methods"][method]["params"]}
    assert parameters[parameter]["len"][1] == limit


def test_lengths_of_fields(spec: Any) -> None:
    button = {f["name"]: f for f in spec["types"]["InlineKeyboardButton"]["fields"]}
    assert button["callback_data"]["len"] == [1, limits.CALLBACK_DATA_BYTES_MAX]
    assert button["callback_data"]["unit"] == "bytes"
    reply = {f["name"]: f for f in spec["types"]["ReplyParameters"]["fields"]}
    assert reply["quote"]["len"][1] == limits.QUOTE_MAX
