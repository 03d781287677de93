"""What stands behind a button: at most 64 bytes that name a verb and a row, and grant nothing.

Whoever presses is authorised anew for what the row is, so the data need not be secret, and must not
be trusted: Telegram's documentation says that a client may send what it likes. The first character
is the version, so that buttons of years ago are understood or refused by name.
"""

import base64
import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from botapi.limits import CALLBACK_DATA_BYTES_MAX

VERSION: Final = "1"
_FORM: Final = re.compile(r"1([a-z]{2})([A-Za-z0-9_-]{22})([A-Za-z0-9_.:,-]*)", re.ASCII)
ARGUMENT_MAX: Final = CALLBACK_DATA_BYTES_MAX - 25


@dataclass(frozen=True, slots=True)
class Pressed:
    """`verb`: two letters; `row`: what it is about; `argument`: the rest, such as a duration."""

    verb: str
    row: UUID
    argument: str = ""


def pack(verb: str, row: UUID, argument: str = "") -> str:
    """The callback_data of such a button. Raises ValueError for what could not be read again."""
    data = f"{VERSION}{verb}{short(row)}{argument}"
    if len(data) > CALLBACK_DATA_BYTES_MAX or not _FORM.fullmatch(data):
        raise ValueError(f"not callback data: verb {verb!r}, argument {argument!r}")
    return data


def unpack(data: str) -> Pressed | None:
    """What was pressed; None for what no version of ours wrote."""
    found = _FORM.fullmatch(data)
    if found is None or len(data) > CALLBACK_DATA_BYTES_MAX:
        return None
    verb, code, argument = found.groups()
    row = from_short(code)
    if row is None or pack(verb, row, argument) != data:
        return None
    return Pressed(verb, row, argument)


def short(row: UUID) -> str:
    """A row's ID in 22 characters: as an argument it names a second row."""
    return base64.urlsafe_b64encode(row.bytes).decode().rstrip("=")


def from_short(code: str) -> UUID | None:
    """None for what names no row."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{22}", code, re.ASCII):
        return None
    return UUID(bytes=base64.urlsafe_b64decode(code + "=="))
