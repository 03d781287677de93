"""The results as pictures (SVG)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.report import number
from bench.rows import Row

_COLOURS = {"goal": "#2e7d32", "met": "#7cb342", "MISSED": "#c62828"}


def draw(folder: Path, rows: Sequence[Row], caption: str) -> list[Path]:
    """Every picture that these rows give; where they were written."""
    made = [_budgets(folder / "budgets.svg", rows, caption)]
    for row in rows:
        if row.series and "POST" in row.what:
            made.append(_latency(folder / "latency.svg", row, caption))
        elif row.series:
            made.append(_storm(folder / "storm.svg", row, caption))
    return made


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


def _latency(path: Path, row: Row, caption: str) -> Path:
    figure = _figure(6, 3.5)
    axes = figure.add_subplot()
    for name, points in row.series.items():
        axes.step([x for x, _ in points], [100 * y for _, y in points], where="post", label=name)
    axes.set_xscale("log")
    axes.set_xlabel("milliseconds from POST to Telegram")
    axes.set_ylabel("% of alerts")
    axes.grid(alpha=0.3)
    axes.legend()
    return _save(figure, path, caption)


def _storm(path: Path, row: Row, caption: str) -> Path:
    figure = _figure(6, 3.5)
    axes = figure.add_subplot()
    for name, points in row.series.items():
        axes.step([x for x, _ in points], [100 * y for _, y in points], where="post", label=name)
    axes.axvline(row.bound.budget if row.bound else 60.0, color="black", linewidth=0.8)
    axes.set_xlabel("seconds from POST until visible")
    axes.set_ylabel("% of alerts")
    axes.set_ylim(0, 101)
    axes.grid(alpha=0.3)
    axes.legend()
    return _save(figure, path, caption)
