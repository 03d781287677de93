"""How numbers are written in the language that is spoken."""

from typing import Final

from languages.speaking import ENGLISH, spoken

THOUSANDS: Final = {ENGLISH: ",", "de": ".", "es": ".", "ru": "\N{NO-BREAK SPACE}"}
"""What stands between thousands, by language."""


def grouped(number: int) -> str:
    """ "525,600"."""
    return f"{number:,}".replace(",", THOUSANDS[spoken()])
