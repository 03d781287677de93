"""The table of methods, and values checked against it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from botapi.reply_markups import markup_faults
from botapi.spec import STATED, fields_of, methods, object_faults

ROOT = Path(__file__).parents[2]


def faults(owner: str, given: dict[str, Any], **withheld: str) -> dict[str, str]:
    return {"/".join(one.path): one.words for one in object_faults(owner, given, withheld)}


def test_every_type_that_is_named_is_there_or_left_out() -> None:
    scalars = {"Integer", "Float", "String", "Boolean", "InputFile"}
    seen: set[str] = set()
    wanted = methods()
    while wanted:
        owner = wanted.pop()
        for field in fields_of(owner).values():
            for name in (
                one.removeprefix("Array of ").removeprefix("Array of ") for one in field.types
            ):
                if name in scalars | seen:
                    continue
                seen.add(name)
                try:
                    fields_of(name)
                except KeyError:
                    assert name in _left_out(), f"{owner}.{field.name}: {name}"
                else:
                    wanted.append(name)
    assert "InlineKeyboardButton" in seen


def _left_out() -> str:
    return (ROOT / "bin" / "send-methods").read_text()


def test_what_is_stated_by_hand_is_of_something_that_is_there() -> None:
    names = {name for owner in methods() for name in fields_of(owner)}
    names |= {name for owner in TYPES for name in fields_of(owner)}
    for key in STATED:
        owner, _, name = key.rpartition(".")
        assert name in (fields_of(owner) if owner else names), key


TYPES = ("InputPollOption", "InputMediaAudio", "InputMediaVideo", "InlineKeyboardButton")


def test_the_script_needs_its_input() -> None:
    script = ROOT / "bin" / "send-methods"
    failed = subprocess.run([sys.executable, script], capture_output=True, check=False)
    assert failed.returncode != 0


@pytest.mark.parametrize(
    ("owner", "given", "place", "words"),
    [
        ("sendDice", {"chat_id": True}, "chat_id", "a whole number or a text"),
        ("sendDice", {"chat_id": 5, "emoij": "x"}, "emoij", "Did you mean emoji?"),
        ("sendDice", {"chat_id": 5, "zzzz": 1}, "zzzz", "Fields are: "),
        ("sendDice", {}, "chat_id", "required"),
        ("sendPhoto", {"chat_id": 5, "photo": 5}, "photo", "Give a text"),
        ("sendLocation", {"chat_id": 5, "latitude": "1", "longitude": 1}, "latitude", "a number"),
        (
            "sendLocation",
            {"chat_id": 5, "latitude": float("nan"), "longitude": 1},
            "latitude",
            "-90",
        ),
        ("sendVideo", {"chat_id": 5, "video": "x", "width": 2**40}, "width", "0 to 10000"),
        ("sendMessage", {"chat_id": 5, "text": "a\0"}, "text", "U+0000"),
        ("sendMessage", {"chat_id": 5, "text": "a", "parse_mode": "html"}, "parse_mode", "'HTML'"),
        (
            "sendPoll",
            {"chat_id": 5, "question": "q", "options": [{"text": 1}]},
            "options/0/text",
            "Give a text",
        ),
        (
            "sendMessage",
            {"chat_id": 5, "text": "a", "reply_markup": {"keyboard": [{"text": "a"}]}},
            "reply_markup/keyboard/0",
            "Give a list",
        ),
        (
            "sendMediaGroup",
            {"chat_id": 5, "media": [{"type": "photo"}] * 2},
            "media/1/media",
            "required",
        ),
    ],
)
def test_faults(owner: str, given: dict[str, Any], place: str, words: str) -> None:
    assert words in faults(owner, given)[place]


def test_what_is_withheld_says_why_and_is_not_asked_for() -> None:
    assert faults("sendDice", {"chat_id": 1}, chat_id="The channel's.") == {
        "chat_id": "The channel's."
    }
    assert faults("sendDice", {}, chat_id="The channel's.") == {}
    only_there = {"sendPoll.chat_id": "Here."}
    assert faults("sendDice", {"chat_id": 1}, **only_there) == {}


def test_keyboards_have_limits() -> None:
    def words(markup: dict[str, Any], chat_type: str = "private") -> list[str]:
        return ["/".join(one.path) for one in markup_faults(markup, chat_type)]

    button = {"text": "a", "url": "https://e.org"}
    assert words({"inline_keyboard": [[button] * 8] * 12}) == []
    assert words({"inline_keyboard": [[button] * 9]}) == ["inline_keyboard/0"]
    assert words({"inline_keyboard": [[button] * 8] * 13}) == ["inline_keyboard"]
    long = button | {"url": "https://e.org/" + "x" * 1900}
    assert words({"inline_keyboard": [[long]] * 6}) == [""]
    switch = {"text": "a", "switch_inline_query": "x"}
    assert words({"inline_keyboard": [[switch]]}, "channel") == [
        "inline_keyboard/0/0/switch_inline_query"
    ]
    asks = {"text": "a", "request_contact": True}
    assert words({"keyboard": [[asks]]}, "group") == ["keyboard/0/0/request_contact"]
    assert words({"keyboard": [[asks]]}, "") == []
