"""Which buttons stand under a message, in which rows, and what they carry."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rendering.actions import (
    SILENCE_MENU,
    Menu,
    Offer,
    Verb,
    action_rows,
    message_keyboard,
    page_rows,
)
from alerts.rendering.view_model import AlertView, GroupView
from botapi.callback_data import unpack
from botapi.keyboards import Button, CallbackButton
from channels_app.offered import length_of
from tests.alerts.rendering.cases import OPENED, alert, group
from tests.alerts.rendering.groups import groups, many_examples

ROW = UUID("01a21925-226a-7112-ae7e-d79f3c34319e")
USUAL = Offer(("1h", "4h"))
BURNS = alert("A", "web-1")
OVER = alert("A", "web-1", status="resolved", ends_at=OPENED)
EVENT = alert("A", "web-1", status="event")


def labels(rows: list[list[Button]]) -> list[list[str]]:
    return [[button.text for button in row] for row in rows]


@pytest.mark.parametrize(
    ("alerts", "fields", "expected"),
    [
        ([BURNS], {}, [["Acknowledge", "Resolve"], ["Silence 1h", "Silence 4h", "More…"]]),
        (
            [BURNS, OVER],
            {"acknowledged_at": OPENED},
            [["Unacknowledge", "Resolve"], ["Silence 1h", "Silence 4h", "More…"]],
        ),
        ([EVENT], {"status": "event"}, [["Silence 1h", "Silence 4h", "More…"]]),
        ([OVER], {"status": "resolved"}, [["More…"]]),
        ([], {"status": "resolved"}, [["More…"]]),
    ],
)
def test_what_can_be_done_depends_on_how_it_stands(
    alerts: list[AlertView], fields: dict[str, object], expected: list[list[str]]
) -> None:
    assert labels(action_rows(group(*alerts, **fields), ROW, USUAL)) == expected


@pytest.mark.parametrize(
    ("durations", "expected"),
    [
        ((), [["More…"]]),
        (("1h",), [["Silence 1h", "More…"]]),
        (("1h", "4h", "1d"), [["Silence 1h", "Silence 4h", "Silence 1d"], ["More…"]]),
        (("1000h", "2000m", "30d"), [["Silence 1000h", "Silence 2000m"], ["Silence 30d", "More…"]]),
    ],
)
def test_rows_fit_a_phone(durations: tuple[str, ...], expected: list[list[str]]) -> None:
    assert labels(action_rows(group(BURNS), ROW, Offer(durations)))[1:] == expected


def test_menus_offer_what_is_possible() -> None:
    burning = action_rows(group(BURNS), ROW, USUAL, Menu.MORE)
    assert labels(burning) == [
        ["All labels", "History", "Who"],
        ["Silence for…", "Assign to me"],
        ["‹ Back"],
    ]
    event = action_rows(group(EVENT, status="event"), ROW, USUAL, Menu.MORE)
    assert labels(event)[1] == ["Silence for…"]
    over = group(OVER, status="resolved")
    assert labels(action_rows(over, ROW, USUAL, Menu.MORE)) == [
        ["All labels", "History", "Who"],
        ["‹ Back"],
    ]
    assert labels(action_rows(over, ROW, USUAL, Menu.SILENCE)) == [["More…"]], "nothing to silence"
    assert labels(action_rows(group(BURNS), ROW, USUAL, "of a newer version"))[0][0] == (
        "Acknowledge"
    )


def test_every_duration_of_the_menu_is_one_that_a_button_may_say() -> None:
    assert all(map(length_of, SILENCE_MENU))


def test_pages_go_round() -> None:
    (turns, end) = page_rows(ROW, Verb.HISTORY, 1, 3)
    assert [button.text for button in turns] == ["‹", "1/3", "›"]
    assert [_argument(button) for button in turns] == ["3", "1", "2"]
    assert [button.text for button in end] == ["Close"]
    assert labels(page_rows(ROW, Verb.HISTORY, 1, 1)) == [["Close"]]


def _argument(button: Button) -> str:
    assert isinstance(button, CallbackButton)
    pressed = unpack(button.callback_data)
    assert pressed is not None
    return pressed.argument


@many_examples
@given(groups, st.sampled_from([*Menu, "x"]), st.lists(st.just("9999m"), max_size=6))
def test_any_group_has_a_keyboard_that_telegram_takes(
    shown: GroupView, menu: str, durations: list[str]
) -> None:
    keyboard = message_keyboard(shown, shown, ROW, Offer(tuple(durations)), menu)
    assert keyboard is not None
    pressed = [
        unpack(button.callback_data)
        for row in keyboard.rows
        for button in row
        if isinstance(button, CallbackButton)
    ]
    assert pressed
    assert all(one and one.row == ROW and one.verb in list(Verb) for one in pressed)


def test_what_is_over_has_nothing_to_press_though_its_group_was_read_before() -> None:
    seen = replace(group(OVER), status="firing")
    assert labels(action_rows(seen, ROW, USUAL)) == [["More…"]]
