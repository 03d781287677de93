"""The table, for the terminal and for README.md."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.results import Results
from bench.rows import Row

_HEAD = ("what", "measured", "budget → goal", "", "peer", "ratio", "n", "repeats")
BEGIN, END = "<!-- results: written by make bench -->", "<!-- end of results -->"


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
    if row.shares:
        whole = sum(row.shares.values())
        told = ", ".join(
            f"{name} {ms:.1f} ({100 * ms / whole:.0f} %)" for name, ms in row.shares.items()
        )
        remarks.append(f"{whole:.1f} ms on average: {told}")
    if row.stages:
        told = ", ".join(f"{name} {ms:.2f}" for name, ms in row.stages.items())
        remarks.append(f"CPU ms an alert: {told}")
    return remarks


def number(value: float) -> str:
    """Three digits that matter, thousands apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def markdown(results: Results, pictures: Iterable[str] = ()) -> str:
    """Machine, one table, what is to be said about its rows, and the pictures with these names."""
    lines = [f"- {name}: {text}" for name, text in results.machine.items()]
    lines += [*_circumstances(results), "", _row(_HEAD), _row(["---"] * len(_HEAD))]
    lines += [_row(_cells(row)) for row in results.rows]
    lines += ["", *_notes(results)]
    lines += [f"\n![{name}]({name}.svg)" for name in pictures]
    return "\n".join(lines)


def _circumstances(results: Results) -> list[str]:
    """Each day and commit once, with the scenarios measured there."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, outcome in results.outcomes.items():
        about = outcome.circumstances
        key = (about.get("when", "")[:10], about.get("commit", ""))
        found.setdefault(key, []).append(name)
    lines = []
    for (day, commit), names in found.items():
        outcomes = [results.outcomes[name] for name in names]
        load = outcomes[0].circumstances.get("load before", "unknown")
        seconds = sum(outcome.seconds for outcome in outcomes)
        which = f": {', '.join(names)}" if len(found) > 1 else ""
        told = f"measured: {day}, commit {commit}, load before {load}, {seconds:.0f} s"
        lines.append(f"- {told}{which}")
    return lines


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _notes(results: Results) -> list[str]:
    lines = []
    for name, outcome in results.outcomes.items():
        if outcome.failure:
            lines.append(f"- **`{name}` failed**: {' '.join(outcome.failure.split())[:300]}")
        told = [(row.what, _remarks(row)) for row in outcome.rows]
        lines += [f"- {what}: {'; '.join(remarks)}" for what, remarks in told if remarks]
    return lines


def write_into(page: Path, results: Results) -> bool:
    """Replace what stands between the two marks; the rest is written by hand. False: no marks."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        return False
    told = markdown(results, sorted(picture.stem for picture in page.parent.glob("*.svg")))
    page.write_text(f"{before}{BEGIN}\n{told}\n{END}{after}", encoding="utf-8")
    return True
