"""What an own command may be called and be told, and how that is read. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from languages.speaking import gettext

NAME_MAX, DESCRIPTION_MAX, BUTTON_MAX, HINT_MAX = 32, 100, 30, 60
CHOICES_MAX, CHOICE_MAX, ARGUMENT_MAX = 20, 40, 300
SHORTEST, LONGEST, USUAL = 5, 24 * 60 * 60, 60
"""Seconds within which a run has to be over."""
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


class ActionRefused(ValueError):
    """It can't be set up, or run: `field` says which input, if one; the text what to do."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Named:
    """A command as it is typed: whether anything may follow its name."""

    name: str
    takes: bool


@dataclass(frozen=True, slots=True)
class Meant:
    """Which command was typed, and what follows it."""

    name: str
    argument: str


def meant(typed: str, rest: str, known: Collection[Named]) -> Meant | None:
    """`/lightson hall` and `/lightson_hall` are both `lightson` with "hall"; the longest name that
    is known counts, and a whole name before any part. None for what begins with no
    name, and where nothing may follow the longest: a shorter one was not meant."""
    names = {one.name: one for one in known}
    if typed in names:
        return Meant(typed, rest.strip())
    cuts = [at for at, sign in enumerate(typed) if sign == "_"]
    for cut in reversed(cuts):
        one = names.get(typed[:cut])
        if one is not None:
            return Meant(one.name, f"{typed[cut + 1 :]} {rest}".strip()) if one.takes else None
    return None


def chosen(said: str, choices: Sequence[str]) -> str | None:
    """The choice that is meant, however its letters and spaces are written: a command's name has
    small letters and no spaces. None for none."""
    wanted = _plain(said)
    return next((one for one in choices if _plain(one) == wanted), None)


def checked_name(name: str, taken: Collection[str]) -> str:
    """`taken`: commands that everybody has. Raises ActionRefused."""
    text = name.strip().removeprefix("/")
    if len(text) > NAME_MAX or not _NAME.fullmatch(text):
        message = f"Give 1 to {NAME_MAX} of a-z, 0-9 and _, a letter first."
        raise ActionRefused(message, "name")
    if text in taken:
        raise ActionRefused(f"/{text} is a command that there is already.", "name")
    return text


def one_line(text: str, field: str, most: int, least: int = 0) -> str:
    """On one line, without what no chat shows. Raises ActionRefused."""
    line = " ".join(text.split())
    if not least <= len(line) <= most or "\0" in line:
        raise ActionRefused(f"Give {least} to {most} characters.", field)
    return line


def checked_choices(given: Sequence[str]) -> list[str]:
    """Each once, however it is written. Raises ActionRefused."""
    choices: list[str] = []
    for one in given:
        line = one_line(one, "choices", CHOICE_MAX, 1)
        if chosen(line, choices) is not None:
            raise ActionRefused(f"{line!r} is there twice.", "choices")
        choices.append(line)
    if len(choices) > CHOICES_MAX:
        raise ActionRefused(f"Give at most {CHOICES_MAX} choices.", "choices")
    return choices


def checked_deadline(seconds: int) -> int:
    """Raises ActionRefused."""
    if not SHORTEST <= seconds <= LONGEST:
        raise ActionRefused(f"Give {SHORTEST} to {LONGEST} seconds.", "deadline")
    return seconds


def checked_argument(said: str, parameter: str, choices: Sequence[str]) -> str:
    """What the endpoint is told. `parameter`: none, optional or required. Raises ActionRefused."""
    line = " ".join(said.replace("\0", "").split())
    if not line:
        if parameter == "required":
            raise ActionRefused(gettext("Say what."), "argument")
        return ""
    if parameter == "none":
        raise ActionRefused(gettext("Nothing may follow this command."), "argument")
    if len(line) > ARGUMENT_MAX:
        message = gettext("Write at most {count} characters.").format(count=ARGUMENT_MAX)
        raise ActionRefused(message, "argument")
    if not choices:
        return line
    found = chosen(line, choices)
    if found is None:
        message = gettext("Choose one of {choices}.").format(choices=", ".join(choices))
        raise ActionRefused(message, "argument")
    return found


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()
