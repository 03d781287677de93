"""Keyboards in the place of the letters, and replies that are asked for."""

import pytest

from botapi.keyboards import (
    ForceReply,
    InlineKeyboard,
    InvalidKeyboard,
    Keyboard,
    RemoveKeyboard,
    ReplyButton,
    ReplyKeyboard,
    UrlButton,
    check_keyboard_for,
)

ONE = ((ReplyButton("2 hours"),),)
CONTACT = ((ReplyButton("My number", "contact"),),)


def test_what_telegram_gets() -> None:
    place = ReplyButton("Where I am", "location")
    assert ReplyKeyboard(((ReplyButton("a"), place),), "Write").as_json() == {
        "keyboard": [[{"text": "a"}, {"text": "Where I am", "request_location": True}]],
        "one_time_keyboard": True,
        "resize_keyboard": True,
        "selective": True,
        "input_field_placeholder": "Write",
    }
    assert ForceReply(selective=False).as_json() == {"force_reply": True, "selective": False}
    assert RemoveKeyboard().as_json() == {"remove_keyboard": True, "selective": True}


@pytest.mark.parametrize(
    ("rows", "placeholder", "said"),
    [
        ((), "", "must have buttons"),
        (((),), "", "row 1: must have 1 to 8 buttons"),
        ((tuple(ReplyButton(str(n)) for n in range(9)),), "", "not 9"),
        (tuple(ONE[0] for _ in range(101)), "", "at most 100 buttons"),
        (ONE, "x" * 65, "placeholder: at most 64 characters, not 65"),
        (tuple((ReplyButton("x" * 900),) for _ in range(12)), "", "bytes of JSON"),
    ],
)
def test_what_telegram_would_refuse(
    rows: tuple[tuple[ReplyButton, ...], ...], placeholder: str, said: str
) -> None:
    with pytest.raises(InvalidKeyboard, match=said):
        ReplyKeyboard(rows, placeholder)


def test_a_button_has_a_text_and_a_placeholder_a_limit() -> None:
    with pytest.raises(InvalidKeyboard, match="blank"):
        ReplyButton(" ")
    with pytest.raises(InvalidKeyboard, match="placeholder"):
        ForceReply("x" * 65)


@pytest.mark.parametrize(
    ("chat", "markup", "taken"),
    [
        ("private", ReplyKeyboard(CONTACT), True),
        ("group", ReplyKeyboard(CONTACT), False),
        ("supergroup", ReplyKeyboard(CONTACT), False),
        ("supergroup", ReplyKeyboard(ONE), True),
        ("channel", ReplyKeyboard(ONE), False),
        ("channel", ForceReply(), False),
        ("channel", RemoveKeyboard(), False),
        ("channel", InlineKeyboard(((UrlButton("a", "https://e.com"),),)), True),
    ],
)
def test_which_chats_take_which(chat: str, markup: Keyboard, taken: bool) -> None:
    if taken:
        check_keyboard_for(chat, markup)
        return
    with pytest.raises(InvalidKeyboard):
        check_keyboard_for(chat, markup)
