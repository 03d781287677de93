"""Rendering alone, in one process: groups a second of a core."""

import os
import sys

from bench.figures import spread
from bench.ground import Ground
from bench.processes import run as run_command
from bench.rows import Row, at_least

SIZES = (1, 3, 10)
TYPICAL = 3


def run(ground: Ground) -> list[Row]:
    """Of one alert, of three (a typical group), of ten."""
    seconds = "0.5" if ground.quick else "1"
    command = [sys.executable, "-m", "bench.render_loop", seconds]
    env = {"PATH": os.environ["PATH"]}
    told = [run_command(command, env=env).split() for _ in range(ground.repeats)]
    rows = []
    for place, size in enumerate(SIZES):
        found = spread(float(rates[place]) for rates in told)
        bound = at_least(5000) if size == TYPICAL else None
        what = f"render, group of {size}"
        rows.append(Row(what, found.median, "groups/s a core", bound, repeats=str(found)))
    return rows
