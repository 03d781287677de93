"""How bad an alert is: four words read from its labels, whatever its sender calls them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """Worst first. An alert whose severity is not known has None, stored as ""."""

    CRITICAL = "critical"
    HIGH = "high"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """4 for critical down to 1 for info; see `rank` for severities that may be unknown."""
        return _RANKS[self]


_RANKS: Final = {severity: 4 - index for index, severity in enumerate(Severity)}


def rank(severity: Severity | None) -> int:
    """Orders severities: a higher number is worse, unknown is 0."""
    return 0 if severity is None else severity.rank


def worst(severities: Iterable[Severity | None]) -> Severity | None:
    """The worst of these; None when there are none, or none is known."""
    return max(severities, key=rank, default=None)


# Senders' words, as `_plain` writes them. Bare numbers are left out: 1 is the worst priority in one
# system and the mildest in the next.
_WORDS: Final = {
    Severity.CRITICAL: "critical crit fatal emergency emerg disaster panic page blocker urgent"
    " alert highest p0 p1 sev0 sev1 s0 s1",
    Severity.HIGH: "high error err major severe p2 sev2 s2",
    Severity.WARNING: "warning warn minor medium moderate average ticket p3 sev3 s3",
    # Prometheus' own rules say "none" of what is no trouble: Watchdog, InfoInhibitor.
    Severity.INFO: "info information informational informative notice low lowest debug trace"
    " verbose trivial none ok p4 p5 sev4 sev5 s4 s5",
}
DEFAULT_LABELS: Final = ("severity", "priority", "level")
DEFAULT_VALUES: Final = {w: severity for severity, words in _WORDS.items() for w in words.split()}
MAX_LABELS: Final = 10
MAX_VALUES: Final = 200
_SEPARATORS = re.compile(r"[\s_-]+")


class SeverityMapError(ValueError):
    """A severity map cannot be used. `field` names the part: "labels", "values" or "values.<x>"."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SeverityMap:
    """Which labels tell the severity, in order, and what their values mean.

    Keys of `values` are plain: lower case, without spaces, hyphens and underscores.
    """

    labels: tuple[str, ...] = DEFAULT_LABELS
    values: Mapping[str, Severity] = field(default_factory=lambda: DEFAULT_VALUES)

    def severity_of(self, labels: Mapping[str, str]) -> Severity | None:
        """The first of the labels whose value is known decides; None when none does."""
        for name in self.labels:
            text = labels.get(name)
            if text and (severity := self.values.get(_plain(text))) is not None:
                return severity
        return None

    def overridden(self, overrides: object) -> "SeverityMap":
        """This map with an organization's JSON on top:
        `{"labels": ["sev"], "values": {"P1": "critical", "none": null}}`, both parts optional.

        Labels replace the list; values are added, and null makes a value unknown.
        Raises SeverityMapError.
        """
        if not overrides:
            return self
        if not isinstance(overrides, dict):
            raise SeverityMapError("", "must be an object with labels and values")
        for name in overrides:
            if name not in ("labels", "values"):
                raise SeverityMapError(str(name)[:100], "is not known; use labels and values")
        labels, values = overrides.get("labels"), overrides.get("values")
        return SeverityMap(
            self.labels if labels is None else _checked_labels(labels),
            self.values if values is None else _merged_values(self.values, values),
        )


DEFAULT: Final = SeverityMap()


def _plain(text: str) -> str:
    return _SEPARATORS.sub("", text[:100]).casefold()


def _checked_labels(labels: object) -> tuple[str, ...]:
    if not isinstance(labels, list) or not 1 <= len(labels) <= MAX_LABELS:
        raise SeverityMapError("labels", f"must list 1 to {MAX_LABELS} label names")
    for name in labels:
        if not isinstance(name, str) or not name.strip():
            raise SeverityMapError("labels", f"{name!r} is not a label name")
    return tuple(dict.fromkeys(labels))


def _merged_values(known: Mapping[str, Severity], values: object) -> dict[str, Severity]:
    if not isinstance(values, dict) or len(values) > MAX_VALUES:
        raise SeverityMapError(
            "values", f"must map at most {MAX_VALUES} label values to severities"
        )
    merged = dict(known)
    for text, word in values.items():
        plain = _plain(str(text))
        if not plain:
            raise SeverityMapError("values", "an empty label value has no severity")
        if word is None:
            merged.pop(plain, None)
        elif isinstance(word, str) and word in _RANKS:
            merged[plain] = Severity(word)
        else:
            choices = ", ".join(Severity)
            reason = f"{str(word)[:100]!r} is not a severity; use {choices}, or null for unknown"
            raise SeverityMapError(f"values.{str(text)[:100]}", reason)
    return merged
