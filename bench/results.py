"""What each scenario gave, as JSON: written after each one, and a later run of some keeps the rest.

`results.json`: {"machine": {what: text}, "quick": bool, "scenarios": {name: Outcome}}; a row is
`rows.Row` with its verdict and its ratio, and without its picture.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.rows import Bound, Peer, Row


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scenario: its rows, or why it failed; how long it took in seconds; `circumstances`: when
    it was measured, of which commit, and how busy the machine was before."""

    rows: Sequence[Row] = ()
    failure: str = ""
    seconds: float = 0.0
    circumstances: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """It did not fail, and missed no budget."""
        return not self.failure and all(row.verdict != "MISSED" for row in self.rows)


@dataclass(frozen=True, slots=True)
class Results:
    """Of one machine; quick ones are not mixed with others."""

    machine: Mapping[str, str]
    quick: bool
    outcomes: Mapping[str, Outcome]

    def merged(self, newer: Mapping[str, Outcome], order: Sequence[str]) -> "Results":
        """With newer outcomes in place of those of the same scenarios."""
        known = {**self.outcomes, **newer}
        return replace(self, outcomes={name: known[name] for name in order if name in known})

    @property
    def rows(self) -> list[Row]:
        """Of all scenarios."""
        return [row for outcome in self.outcomes.values() for row in outcome.rows]


def write(path: Path, results: Results) -> None:
    """In one step: whoever breaks off in the middle keeps what was there."""
    told = {name: _outcome(outcome) for name, outcome in results.outcomes.items()}
    content = {"machine": dict(results.machine), "quick": results.quick, "scenarios": told}
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)


def earlier(path: Path, machine: Mapping[str, str], *, quick: bool) -> Results:
    """What an earlier run of the same kind on the same machine wrote there; else nothing."""
    nothing = Results(machine, quick, {})
    if not path.exists():
        return nothing
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        outcomes = {name: _read_outcome(told) for name, told in content["scenarios"].items()}
        found = Results(content["machine"], content["quick"], outcomes)
    except (ValueError, KeyError, TypeError):
        return nothing
    return found if (found.machine, found.quick) == (dict(machine), quick) else nothing


def _outcome(outcome: Outcome) -> dict[str, Any]:
    rows = []
    for row in outcome.rows:
        values = asdict(row) | {"verdict": row.verdict, "ratio": row.ratio}
        del values["plot"]
        rows.append(values)
    told = {"failure": outcome.failure, "seconds": round(outcome.seconds), "rows": rows}
    return dict(outcome.circumstances) | told


def _read_outcome(told: dict[str, Any]) -> Outcome:
    rows = [_read_row(values) for values in told.pop("rows")]
    failure, seconds = told.pop("failure"), told.pop("seconds")
    return Outcome(rows, failure, seconds, told)


def _read_row(values: dict[str, Any]) -> Row:
    known = {name: value for name, value in values.items() if name not in ("verdict", "ratio")}
    bound, peer = known.pop("bound"), known.pop("peer")
    return Row(
        **known, bound=Bound(**bound) if bound else None, peer=Peer(**peer) if peer else None
    )
