"""YAML from strangers: bounded, without duplicate keys, and with the line of every value. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml

MAX_CHARACTERS: Final = 1_000_000
MAX_VALUES: Final = 100_000
"""Counted as if every alias were written out, for that is what a YAML bomb makes of a few lines;
and what is merged counts once more for each merge, which copies it."""
MAX_DEPTH: Final = 100
_Loader: Final[type[Any]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STANDARD: Final = "tag:yaml.org,2002:"
_MERGE: Final = f"{_STANDARD}merge"
_TAGS: Final = frozenset(
    _STANDARD + name for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map")
) | {_MERGE, f"{_STANDARD}value"}
_WORDS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"0|-?[1-9]\d{0,18}", re.ASCII)

Path: TypeAlias = tuple[str | int, ...]


class YamlError(ValueError):
    """The text is no YAML that we take. `place`: such as `route.routes[2].matchers`, "" for all of
    it; `path`: the same, for programs; `line`: counted from 1, None where it is not known. The
    text of the error names both."""

    def __init__(self, reason: str, path: Path = (), line: int | None = None) -> None:
        place = place_of(path)
        where = ", ".join(filter(None, [place, f"line {line}" if line else ""]))
        super().__init__(f"{where}: {reason}" if where else reason)
        self.reason = reason
        self.path = path
        self.place = place
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """What it says, and the line of each value by its path. It may hold secrets."""

    data: Any = field(repr=False)
    lines: Mapping[Path, int] = field(default_factory=dict, repr=False)

    def error(self, path: Path, reason: str) -> YamlError:
        """To raise about this value, or the nearest one around it that was written."""
        return YamlError(reason, path, self.line(path))

    def line(self, path: Path) -> int | None:
        """Of this value, or of the nearest one around it that was written."""
        for length in range(len(path), -1, -1):
            if line := self.lines.get(path[:length]):
                return line
        return None


def read_yaml(text: str) -> Document:
    """One document, of plain values alone. Raises YamlError."""
    if len(text) > MAX_CHARACTERS:
        raise YamlError(f"{len(text):,} characters; at most {MAX_CHARACTERS:,} are read.")
    try:
        _check_depth(text)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = f"It is no valid YAML: {error.problem or error.context}."
        raise YamlError(reason, line=mark.line + 1 if mark else None) from None
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise YamlError("It holds characters that are no text.", line=line) from None
    except yaml.YAMLError as error:
        raise YamlError(f"It is no valid YAML: {str(error)[:200]}.") from None
    if root is None:
        return Document(None)
    reader = _Reader()
    data = reader.value(root, (), ())
    return Document(data, reader.lines)


def _check_depth(text: str) -> None:
    """Before anything is built: libyaml's composer ends the process where C's stack ends."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else None
                raise YamlError(f"Nested more than {MAX_DEPTH} deep.", line=line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def place_of(path: Path) -> str:
    """`route.routes[2].matchers`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


class _Reader:
    """Nodes → values."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self._count = 0

    def value(self, node: yaml.Node, path: Path, above: tuple[int, ...]) -> Any:
        line = node.start_mark.line + 1
        self._count_in(1, line)
        if id(node) in above:
            raise YamlError("An alias that stands within what it names.", path, line)
        if len(above) >= MAX_DEPTH:
            raise YamlError(f"Nested more than {MAX_DEPTH} deep.", line=line)
        if node.tag not in _TAGS:
            raise YamlError(f"{node.tag[:50]} is no plain value.", path, line)
        self.lines.setdefault(path, line)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, (*above, id(node)))
        if isinstance(node, yaml.SequenceNode):
            inside = (*above, id(node))
            return [self.value(one, (*path, n), inside) for n, one in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, path)

    def _mapping(
        self, node: yaml.MappingNode, path: Path, above: tuple[int, ...]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _MERGE:
                is_list = isinstance(value_node, yaml.SequenceNode)
                merged += value_node.value if is_list else [value_node]
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise YamlError("A key has to be a text.", path, line)
            key = key_node.value
            if key in found:
                raise YamlError("This key stands here twice.", (*path, key), line)
            found[key] = self.value(value_node, (*path, key), above)
            self.lines[*path, key] = line
        for other in merged:
            if not isinstance(other, yaml.MappingNode):
                raise YamlError("Only mappings are merged.", path, other.start_mark.line + 1)
            values = self.value(other, path, above)
            self._count_in(len(values), other.start_mark.line + 1)
            for key, value in values.items():
                found.setdefault(key, value)
        return found

    def _count_in(self, values: int, line: int) -> None:
        self._count += values
        if self._count > MAX_VALUES:
            raise YamlError(f"More than {MAX_VALUES:,} values, aliases written out.", line=line)

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> str | int | bool | None:
        """Only what cannot mean anything else: `17:00`, `007`, `yes` and `1e3` stay texts, which
        Go's YAML makes of them where a text is asked for, too."""
        text = str(node.value)
        if node.style or node.tag == f"{_STANDARD}str":
            return text
        if text in _WORDS:
            return _WORDS[text]
        return int(text) if _INTEGER.fullmatch(text) else text
