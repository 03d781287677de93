"""Values of a YAML document, each asked for as what it should be. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Final

from alerts.durations import DurationError, parse_duration
from alerts.importing.yaml_text import Document, Path, YamlError, place_of

_TRUTHS: Final = {
    text: word in ("true", "yes", "on", "y")
    for word in ("true", "false", "yes", "no", "on", "off", "y", "n")
    for text in (word, word.capitalize(), word.upper())
}
"""What Go's YAML takes for a truth where one is asked for."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that is not taken over, or otherwise than it stands. `place`: where it stands."""

    place: str
    line: int | None
    text: str


class Values:
    """Every method raises YamlError, with place and line, for what is no such value."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.notes: list[Note] = []

    def error(self, path: Path, reason: str) -> YamlError:
        """To raise about this value."""
        return self.document.error(path, reason)

    def note(self, path: Path, text: str) -> None:
        """For the report."""
        self.notes.append(Note(place_of(path), self.document.line(path), text))

    def know(self, given: Mapping[str, Any], path: Path, known: Collection[str]) -> None:
        """No other names than these."""
        for key in given:
            if key not in known:
                names = ", ".join(sorted(known))
                raise self.error(
                    (*path, key),
                    f"There is no such setting here. There are: {names}.{_meant(key, known)}",
                )

    def pass_over(
        self,
        given: Mapping[str, Any],
        path: Path,
        used: Collection[str],
        known: Mapping[str, str],
    ) -> None:
        """Note the names that are not among `used`. `known`: those that are of no use here, and
        why; where one of these is empty nothing is lost."""
        for key, value in given.items():
            if key in known and key not in used:
                if value not in (None, "", [], {}):
                    self.note((*path, key), f"Not taken over: {known[key]}.")
            elif key not in used:
                meant = _meant(key, [*used, *known])
                self.note((*path, key), f"Not taken over: no such setting is known.{meant}")

    def mapping(self, value: Any, path: Path) -> Mapping[str, Any]:
        """Names with values."""
        if not isinstance(value, Mapping):
            raise self.error(path, "Names with values are expected here.")
        return value

    def items(self, value: Any, path: Path) -> list[Any]:
        """None is an empty one."""
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(path, "A list is expected here.")
        return value

    def texts(self, value: Any, path: Path) -> list[str]:
        """A list of texts."""
        values = enumerate(self.items(value, path))
        return [self.scalar(one, (*path, n)) for n, one in values]

    def text(self, value: Any, path: Path) -> str:
        """None is the empty one."""
        return "" if value is None else self.scalar(value, path)

    def scalar(self, value: Any, path: Path) -> str:
        """Numbers and truths are their text, as Go's YAML makes it of what a text was asked for."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, str | int):
            raise self.error(path, "A text is expected here.")
        return str(value)

    def flag(self, value: Any, path: Path, *, default: bool) -> bool:
        """True or false."""
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        if value not in _TRUTHS:
            raise self.error(path, "true or false is expected here.")
        return _TRUTHS[value]

    def duration(self, value: Any, path: Path) -> timedelta:
        """Of a text as Prometheus writes it."""
        try:
            return parse_duration(self.scalar(value, path))
        except DurationError as error:
            raise self.error(path, str(error)) from None


def _meant(key: str, known: Collection[str]) -> str:
    near = get_close_matches(key[:100], sorted(known), n=1)
    return f" Did you mean {near[0]}?" if near else ""
