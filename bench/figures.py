"""Figures from samples. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Spread", "median", "percentile", "spread"]


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that at least `percent` of all samples do not exceed (nearest rank).

    Raises ValueError without samples.
    """
    if not samples:
        raise ValueError("percentile of nothing")
    ranked = sorted(samples)
    return ranked[max(1, math.ceil(len(ranked) * percent / 100)) - 1]


@dataclass(frozen=True, slots=True)
class Spread:
    """Of repeats: what is reported, and between what they lay."""

    median: float
    low: float
    high: float
    repeats: int

    def __str__(self) -> str:
        return f"{self.low:.4g}–{self.high:.4g}, {self.repeats} ×"


def spread(repeats: Iterable[float]) -> Spread:
    """Raises ValueError without repeats."""
    ranked = sorted(repeats)
    if not ranked:
        raise ValueError("spread of nothing")
    return Spread(median(ranked), ranked[0], ranked[-1], len(ranked))
