"""The results as pictures (SVG)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.report import number
from bench.results import Results
from bench.rows import Plot, Row

_COLOURS = {"goal": "#2e7d32", "met": "#7cb342", "MISSED": "#c62828"}
_TOLD = ("CPU", "kernel")
_FEW = 9
"""Points that are drawn as such, and no distribution."""


def draw(folder: Path, known: Results, rows: Sequence[Row]) -> list[Path]:
    """All budgets that are known, and the pictures of these rows; where they were written."""
    machine = [text for name, text in known.machine.items() if name in _TOLD]
    commits = {one.circumstances.get("commit", "") for one in known.outcomes.values()}
    caption = "; ".join([*machine, *sorted(commits), *(["quick"] if known.quick else [])])
    made = [_budgets(folder / "budgets.svg", known.rows, caption)]
    return made + [
        _lines(folder / f"{row.plot.name}.svg", row.plot, caption)
        for row in rows
        if row.plot is not None
    ]


def _figure(width: float, height: float) -> Any:
    # Of requirements-bench.txt, which tests do without.
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    # Text stays text, and the same results give the same file.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "tocsin", "font.size": 9})
    return Figure(figsize=(width, height))


def _save(figure: Any, path: Path, caption: str) -> Path:
    figure.text(0.01, -0.04, caption, fontsize=6, color="#666", va="top")
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    return path


def _budgets(path: Path, rows: Sequence[Row], caption: str) -> Path:
    """How far each figure is on the good side of its budget: 1 is the budget itself."""
    bound = [row for row in rows if row.bound and row.bound.budget]
    figure = _figure(9, 0.36 * len(bound) + 1.2)
    axes = figure.add_subplot()
    for place, row in enumerate(reversed(bound)):
        assert row.bound is not None
        share = row.measured / row.bound.budget
        good = share if row.bound.at_least else 1 / max(share, 1e-3)
        shown = min(max(good, 0.06), 10.0)
        axes.barh(place, shown, color=_COLOURS[row.verdict], height=0.6)
        told = f" {number(row.measured)} {row.unit} ({row.bound})"
        axes.text(shown, place, told, va="center", fontsize=7)
    axes.set_yticks(range(len(bound)), [row.what for row in reversed(bound)], fontsize=7)
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlim(0.05, 60)
    axes.set_xlabel("times as good as the budget")
    axes.spines[["top", "right"]].set_visible(False)
    return _save(figure, path, caption)


def _lines(path: Path, plot: Plot, caption: str) -> Path:
    figure = _figure(6, 3.5)
    axes = figure.add_subplot()
    for name, points in plot.series.items():
        if not points:
            continue
        xs, ys = zip(*points, strict=True)
        if len(points) > _FEW:
            axes.step(xs, ys, where="post", label=name)
        else:
            axes.plot(xs, ys, marker="o", label=name)
            axes.set_xticks(xs)
    if plot.log:
        axes.set_xscale("log")
    if plot.mark is not None:
        axes.axvline(plot.mark, color="black", linewidth=0.8)
    axes.set_xlabel(plot.x)
    axes.set_ylabel(plot.y)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    return _save(figure, path, caption)
