"""The buttons under a group's message by which people act on it: which there are, in which rows.

    firing:    Acknowledge (or Unacknowledge), Resolve / Silence 1h, Silence 4h, More…
    an event:  Silence 1h, Silence 4h, More…      it never ends, so nobody has to be on it
    resolved:  More…

More… puts a menu in the place of the whole keyboard, for everybody in the chat: what else there is,
and what the organization added. What the buttons carry names the message's row and grants nothing
(botapi/callback_data.py): whoever presses is judged then. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from alerts.rendering.keyboard import keyboard
from alerts.rendering.view_model import GroupView
from botapi.callback_data import pack, short
from botapi.keyboards import Button, CallbackButton, InlineKeyboard
from languages.speaking import gettext


class Verb(StrEnum):
    """What a button asks for, as its data says it. Buttons live for years: a verb is never given
    another meaning, and one that is dropped stays here by name."""

    ACKNOWLEDGE = "ak"
    UNACKNOWLEDGE = "ua"
    SILENCE = "si"
    RESOLVE = "en"
    ASSIGN_ME = "am"
    MENU = "mn"
    DETAILS = "de"
    HISTORY = "hi"
    WHO = "wh"
    CLOSE = "cl"
    OWN = "ow"


class Menu(StrEnum):
    """What stands under a message: the argument of Verb.MENU, and GroupMessage.menu."""

    MAIN = ""
    MORE = "more"
    SILENCE = "silence"


SILENCE_MENU: Final = ("1h", "2h", "4h", "8h", "24h", "7d")
_PER_ROW: Final = 3
_ROW_LABELS_MAX: Final = 34  # characters of a row's labels together: more is cut on a phone


@dataclass(frozen=True, slots=True)
class Offer:
    """That a channel's messages have buttons. `durations`: of its Silence buttons; `own`: the ID
    and label of what the organization added to the menu."""

    durations: tuple[str, ...] = ()
    own: tuple[tuple[UUID, str], ...] = ()


def action_rows(
    group: GroupView, row: UUID, offer: Offer, menu: str = Menu.MAIN
) -> list[list[Button]]:
    """The rows of buttons; `row`: the GroupMessage."""
    make = _Maker(row)
    status = _status(group)
    if menu == Menu.MORE:
        return _more(make, offer, is_firing=status == "firing", is_over=status == "resolved")
    if menu == Menu.SILENCE and status != "resolved":
        lengths: list[Button] = [make.button(one, Verb.SILENCE, one) for one in SILENCE_MENU]
        return [*_in_rows(lengths), [make.button(gettext("‹ Back"), Verb.MENU, Menu.MORE)]]
    more = make.button(gettext("More…"), Verb.MENU, Menu.MORE)
    if status == "resolved":
        return [[more]]
    silence = gettext("Silence {length}")
    silences = [
        make.button(silence.format(length=one), Verb.SILENCE, one) for one in offer.durations
    ]
    rows = _in_rows([*silences, more])
    if status == "firing":
        return [[_acknowledge(make, group), make.button(gettext("Resolve"), Verb.RESOLVE)], *rows]
    return rows


def message_keyboard(
    group: GroupView, listed: GroupView, row: UUID, offer: Offer | None, menu: str = Menu.MAIN
) -> InlineKeyboard | None:
    """All that stands under a message: the actions, then the links of what it lists. An open menu
    stands alone, so that it fits a phone."""
    if offer is None:
        return keyboard(listed)
    rows = action_rows(group, row, offer, menu)
    if menu == Menu.MAIN:
        return keyboard(listed, rows)
    return InlineKeyboard(tuple(map(tuple, rows)))


def page_rows(row: UUID, verb: Verb, page: int, pages: int) -> list[list[Button]]:
    """Under a text of several pages: `page` counts from 1."""
    make = _Maker(row)
    turns: list[Button] = []
    end: list[Button] = [make.button(gettext("Close"), Verb.CLOSE)]
    if pages > 1:
        before, after = (page - 2) % pages + 1, page % pages + 1
        turns = [
            make.button("‹", verb, str(before)),
            make.button(f"{page}/{pages}", verb, str(page)),
            make.button("›", verb, str(after)),
        ]
    return [buttons for buttons in (turns, end) if buttons]


def _status(group: GroupView) -> str:
    if any(alert.status == "firing" for alert in group.alerts):
        return "firing"
    # The alerts were read after their group, which may have closed in between.
    is_over = group.alerts and all(alert.status == "resolved" for alert in group.alerts)
    return "resolved" if is_over else group.status


def _acknowledge(make: "_Maker", group: GroupView) -> Button:
    if group.acknowledged_at is not None:
        return make.button(gettext("Unacknowledge"), Verb.UNACKNOWLEDGE)
    return make.button(gettext("Acknowledge"), Verb.ACKNOWLEDGE)


def _more(make: "_Maker", offer: Offer, *, is_firing: bool, is_over: bool) -> list[list[Button]]:
    reading: list[Button] = [
        make.button(gettext("All labels"), Verb.DETAILS, "1"),
        make.button(gettext("History"), Verb.HISTORY, "1"),
        make.button(gettext("Who"), Verb.WHO),
    ]
    acting: list[Button] = []
    if not is_over:
        acting.append(make.button(gettext("Silence for…"), Verb.MENU, Menu.SILENCE))
    if is_firing:
        acting.append(make.button(gettext("Assign to me"), Verb.ASSIGN_ME))
    back: list[Button] = [make.button(gettext("‹ Back"), Verb.MENU, Menu.MAIN)]
    own: list[Button] = [make.button(label, Verb.OWN, short(pk)) for pk, label in offer.own]
    return [rows for rows in (reading, acting, *_in_rows(own), back) if rows]


def _in_rows(buttons: Sequence[Button]) -> list[list[Button]]:
    rows: list[list[Button]] = [[]]
    for button in buttons:
        width = sum(len(other.text) for other in rows[-1]) + len(button.text)
        if rows[-1] and (len(rows[-1]) == _PER_ROW or width > _ROW_LABELS_MAX):
            rows.append([])
        rows[-1].append(button)
    return rows


@dataclass(frozen=True, slots=True)
class _Maker:
    row: UUID

    def button(self, text: str, verb: Verb, argument: str = "") -> CallbackButton:
        return CallbackButton(text, pack(verb, self.row, argument))
