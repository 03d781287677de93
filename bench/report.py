"""The table for the terminal, and the results as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.rows import Row

_HEAD = ("what", "measured", "budget → goal", "", "peer", "ratio", "n", "repeats")


def table(rows: Sequence[Row]) -> str:
    """One line a row, and under it what is to be said about it."""
    cells = [_cells(row) for row in rows]
    widths = [max(len(line[place]) for line in [_HEAD, *cells]) for place in range(len(_HEAD))]
    lines = [_line(_HEAD, widths), _line(["─" * width for width in widths], widths)]
    for row, line in zip(rows, cells, strict=True):
        lines.append(_line(line, widths))
        lines += [f"    {remark}" for remark in _remarks(row)]
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    peer = f"{row.peer.name} {number(row.peer.value)}" if row.peer else ""
    return (
        row.what,
        f"{'> ' if row.unfinished else ''}{number(row.measured)} {row.unit}",
        str(row.bound) if row.bound else "",
        row.verdict,
        peer,
        f"{row.ratio:.2g} ×" if row.ratio is not None else "",
        f"{row.n:,}" if row.n else "",
        row.repeats,
    )


def _remarks(row: Row) -> list[str]:
    remarks = [row.note] if row.note else []
    if row.peer and row.peer.note:
        remarks.append(f"{row.peer.name}: {row.peer.note}")
    if row.stages:
        shares = ", ".join(f"{name} {ms:.2f}" for name, ms in row.stages.items())
        remarks.append(f"CPU ms an alert: {shares}")
    return remarks


def number(value: float) -> str:
    """Three digits that matter, thousands apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def write_json(path: Path, machine: Mapping[str, str], rows: Sequence[Row], *, quick: bool) -> None:
    """Everything but the points of the plots."""
    told = []
    for row in rows:
        values = asdict(row) | {"verdict": row.verdict, "ratio": row.ratio}
        del values["series"]
        told.append(values)
    content = {"machine": dict(machine), "quick": quick, "rows": told}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
