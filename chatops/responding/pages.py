"""A long list in one message, a page at a time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from botapi import callback_data
from botapi.keyboards import CallbackButton, InlineKeyboard, keyboard

VERB = "cp"
ROWS = 10


@dataclass(frozen=True, slots=True)
class Page:
    """`number` counts from 1; `first`: the index of its first row."""

    number: int
    of: int

    @property
    def first(self) -> int:
        """Where it begins."""
        return (self.number - 1) * ROWS


def page_of(number: int, rows: int) -> Page:
    """The page that is there: the last one, where the list has grown shorter."""
    of = max(1, -(-rows // ROWS))
    return Page(min(max(number, 1), of), of)


def turning(listing: UUID, page: Page) -> Sequence[CallbackButton]:
    """ "‹ 2/5 ›"; the middle reads the page anew. Nothing for a single page."""
    if page.of == 1:
        return ()
    before, after = page.number - 1 or page.of, page.number % page.of + 1
    return tuple(
        CallbackButton(label, callback_data.pack(VERB, listing, str(number)))
        for label, number in (
            ("‹", before),
            (f"{page.number}/{page.of}", page.number),
            ("›", after),
        )
    )


def turning_keyboard(listing: UUID, page: Page) -> InlineKeyboard | None:
    """The row of these buttons alone."""
    return keyboard(turning(listing, page))
