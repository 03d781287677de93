"""The table's rows, and what each is held to. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["goal", "met", "MISSED", "–"]


@dataclass(frozen=True, slots=True)
class Bound:
    """At most or at least so much; a goal is the same, further."""

    budget: float
    goal: float | None = None
    at_least: bool = False

    def holds(self, measured: float, limit: float) -> bool:
        """Whether what was measured keeps this limit."""
        return measured >= limit if self.at_least else measured <= limit

    def verdict(self, measured: float) -> Verdict:
        """The goal reached, the budget met, or missed."""
        if not self.holds(measured, self.budget):
            return "MISSED"
        if self.goal is not None and self.holds(measured, self.goal):
            return "goal"
        return "met"

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        goal = f" → {self.goal:,g}" if self.goal is not None else ""
        return f"{sign} {self.budget:,g}{goal}"


def at_most(budget: float, goal: float | None = None) -> Bound:
    """Less is better."""
    return Bound(budget, goal)


def at_least(budget: float, goal: float | None = None) -> Bound:
    """More is better."""
    return Bound(budget, goal, at_least=True)


@dataclass(frozen=True, slots=True)
class Peer:
    """Another program's figure, measured in the same run unless `note` says otherwise."""

    name: str
    value: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture of a row: `name`.svg with points (x, y) by the name of each line, as steps.

    `mark`: where a vertical line stands.
    """

    name: str
    x: str
    y: str
    series: Mapping[str, Sequence[tuple[float, float]]]
    log: bool = False
    mark: float | None = None


def shares_of(samples: Iterable[float], of: int | None = None) -> list[tuple[float, float]]:
    """Points of a distribution: each sample, and the percentage of all (`of`) that is not above."""
    ranked = sorted(samples)
    whole = of or len(ranked)
    return [(sample, 100 * (place + 1) / whole) for place, sample in enumerate(ranked)]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `n`: samples behind it; `repeats`: how far they lay apart.

    `unfinished`: the measurement was broken off, so that it is at least so much, and no success.
    `stages`: processor milliseconds for each alert, by kind of process. `shares`: parts of the
    average time of an alert in milliseconds, in their order.
    """

    what: str
    measured: float
    unit: str
    bound: Bound | None = None
    peer: Peer | None = None
    n: int = 0
    repeats: str = ""
    note: str = ""
    unfinished: bool = False
    stages: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    plot: Plot | None = None

    @property
    def verdict(self) -> Verdict:
        """How it stands to its bound."""
        if self.bound and self.unfinished:
            return "MISSED"
        return self.bound.verdict(self.measured) if self.bound else "–"

    @property
    def ratio(self) -> float | None:
        """Measured ÷ the peer's."""
        if self.peer is None or not self.peer.value:
            return None
        return self.measured / self.peer.value
