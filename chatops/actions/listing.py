"""A chat's menu of commands, short enough for Telegram. Pure.

setMyCommands takes a hundred, and less where they are long: it answers BOT_COMMANDS_TOO_MUCH from
about 4 KB of descriptions on, which the Bot API does not document.
"""

from collections.abc import Mapping, Sequence

COMMANDS_MAX = 100
BYTES_MAX = 3_800
"""Of all names and descriptions together."""
Listed = Sequence[Mapping[str, str]]


def listing(own: Listed, usual: Listed) -> list[Mapping[str, str]]:
    """Each `{"command", "description"}`; own ones first. All names stay; where it is too much the
    longest of the own descriptions are cut, to the same length."""
    rest = usual[: COMMANDS_MAX - len(own)]
    room = BYTES_MAX - sum(_bytes(one["command"]) for one in own)
    room -= sum(_bytes(one["command"]) + _bytes(one["description"]) for one in rest)
    most = _longest([_bytes(one["description"]) for one in own], room)
    cut = [{**one, "description": _cut(one["description"], most)} for one in own]
    return [*cut, *rest]


def _longest(lengths: Sequence[int], room: int) -> int:
    """To what all have to be cut so that they fit."""
    left = max(0, room)
    for number, length in enumerate(sorted(lengths)):
        share = left // (len(lengths) - number)
        if length > share:
            return share
        left -= length
    return max(lengths, default=0)


def _cut(text: str, most: int) -> str:
    if _bytes(text) <= most:
        return text
    return text.encode()[: max(0, most - len("…".encode()))].decode(errors="ignore").rstrip() + "…"


def _bytes(text: str) -> int:
    return len(text.encode())
