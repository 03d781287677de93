"""What a Storm remembers, as its JSON columns keep it: pure.

`unheard`: `{"v": 1, "news": {severity: [count, {name: count}]}, "over": count}`: alerts that began
since somebody was last rung for, and groups that ended which somebody had heard of.
`shown`: `{"v": 1, …the fields of Shown}`, times as seconds since the epoch.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

VERSION = 1
NAMES_MAX = 20
"""Names that the news of one severity keeps; a reply has room for few."""


class Fresh(NamedTuple):
    """A firing alert that is news: its severity ("" when unknown) and its name."""

    severity: str
    name: str


@dataclass(frozen=True, slots=True)
class Unheard:
    """`news`: severity → (how many, of which names). `over`: groups that ended."""

    news: Mapping[str, tuple[int, Mapping[str, int]]]
    over: int = 0

    def __bool__(self) -> bool:
        return bool(self.news) or bool(self.over)

    def and_also(self, fresh: Iterable[Fresh], over: int) -> "Unheard":
        """This and more news."""
        counts = {severity: count for severity, (count, _) in self.news.items()}
        names = {severity: dict(known) for severity, (_, known) in self.news.items()}
        for severity, name in fresh:
            counts[severity] = counts.get(severity, 0) + 1
            known = names.setdefault(severity, {})
            if name in known or len(known) < NAMES_MAX:
                known[name] = known.get(name, 0) + 1
        return Unheard({one: (counts[one], names[one]) for one in counts}, self.over + over)


NOTHING_UNHEARD = Unheard({})


@dataclass(frozen=True, slots=True)
class Shown:
    """What the channel was told of the storm.

    `text`: hash of the digest, "" before it. `document`: the revision that the document tells, or
    tells at least; -1 without one. `edited_at`, `document_at`, `rung_at`: when each was last
    decided; 0.0: never. `rank`: of the worst severity that somebody was rung for. `joined`: how
    many groups had brought news at some times of the last half minute. `left`: alerts that still
    fired when it ended, 0 once their end was told; of an outage those that were told by themselves.
    `silent`: whether the digest was to arrive so. `revision`: of which the digest tells.
    `crowded`: whether very many of the bot's chats waited then.
    """

    text: str = ""
    document: int = -1
    edited_at: float = 0.0
    document_at: float = 0.0
    rung_at: float = 0.0
    rank: int = 0
    joined: tuple[tuple[float, int], ...] = ()
    left: int = 0
    silent: bool = False
    revision: int = -1
    crowded: bool = False


def unheard_to_json(unheard: Unheard) -> dict[str, Any]:
    """For Storm.unheard."""
    news = {severity: [count, dict(names)] for severity, (count, names) in unheard.news.items()}
    return {"v": VERSION, "news": news, "over": unheard.over}


def unheard_from_json(stored: Mapping[str, Any]) -> Unheard:
    """From Storm.unheard, also as another version wrote it."""
    news = {severity: (count, names) for severity, (count, names) in stored.get("news", {}).items()}
    return Unheard(news, stored.get("over", 0))


def shown_to_json(shown: Shown) -> dict[str, Any]:
    """For Storm.shown."""
    return {"v": VERSION, **asdict(shown)}


def shown_from_json(stored: Mapping[str, Any]) -> Shown:
    """From Storm.shown, also as another version wrote it."""
    known = {one.name for one in fields(Shown)}
    values = {name: value for name, value in stored.items() if name in known}
    values["joined"] = tuple((at, count) for at, count in values.get("joined", ()))
    return Shown(**values)
