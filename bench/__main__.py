"""`python -m bench [--quick] [--only latency,ingest] [--out DIR]`."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from bench import processes, runner, servers
from bench.ground import Ground
from bench.machine import describe
from bench.plots import draw
from bench.report import table, write_into
from bench.results import Outcome, Results, earlier, write
from bench.scenarios import (
    delivery,
    embedded,
    generator,
    growth,
    ingest,
    interactive,
    kill,
    latency,
    neighbour,
    pace,
    pressed,
    render,
    storm,
    together,
)

SCENARIOS: dict[str, runner.Scenario] = {
    "generator": generator.run,
    "latency": latency.run,
    "ingest": ingest.run,
    "together": together.run,
    "delivery": delivery.run,
    "embedded": embedded.run,
    "pace": pace.run,
    "interactive": interactive.run,
    "pressed": pressed.run,
    "neighbour": neighbour.run,
    "storm": storm.run,
    "kill": kill.run,
    "growth": growth.run,
    "render": render.run,
}
QUICK_BATCHES = (
    ("generator",),
    ("latency", "ingest", "together", "delivery", "embedded", "render"),
    ("pace", "interactive", "pressed", "neighbour", "storm", "kill", "growth"),
)
"""What a quick run does side by side: it shows that all of it works, not how fast."""
ON_POSTGRESQL = frozenset(SCENARIOS) - {"generator", "embedded", "render"}
DEFAULT_OUT = processes.ROOT / "docs" / "benchmarks"


def main() -> int:
    """Run what was asked for; 1 when a budget was missed or a scenario failed, 130 when stopped."""
    arguments = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
    folder.chmod(0o711)  # PostgreSQL's own user passes through
    ground = Ground(folder, arguments.quick, servers.missing())
    results = Results(describe(), arguments.quick, {})
    started = time.monotonic()
    stopped = False
    try:
        for name, outcome in _outcomes(ground, arguments.only):
            results = results.merged({name: outcome}, list(SCENARIOS))
            _keep(results, arguments.out)
    except KeyboardInterrupt:
        stopped = True
    finally:
        processes.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
    _tell(ground, results)
    print(f"{time.monotonic() - started:.0f} s{', stopped' if stopped else ''}")
    if arguments.out is not None:
        draw(arguments.out, _with_earlier(results, arguments.out), results.rows)
        _keep(results, arguments.out)  # the page shows the pictures
    if stopped:
        return 130
    return 0 if all(outcome.is_success for outcome in results.outcomes.values()) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Tocsin.")
    parser.add_argument(
        "--quick", action="store_true", help="shorter, smaller, side by side; writes nothing"
    )
    parser.add_argument(
        "--only",
        type=_names,
        default=list(SCENARIOS),
        metavar="A,B,…",
        help=f"of {', '.join(SCENARIOS)}; what results.json says of the others stays",
    )
    parser.add_argument("--out", type=Path, help="default: docs/benchmarks")
    arguments = parser.parse_args()
    if arguments.out is None and not arguments.quick:
        arguments.out = DEFAULT_OUT
    return arguments


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SCENARIOS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SCENARIOS)}")
    return names


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _outcomes(ground: Ground, names: Sequence[str]) -> Iterator[tuple[str, Outcome]]:
    """Each scenario's, once it has ended. What needs a server that is not installed is left out."""
    usable = [name for name in names if name not in ON_POSTGRESQL or _has_servers(ground)]
    with ExitStack() as stack:
        if any(name in ON_POSTGRESQL for name in usable):
            try:
                runner.open_servers(ground, stack)
            except Exception as error:  # noqa: BLE001  # it is reported; the other scenarios run
                failure = Outcome(failure=f"PostgreSQL: {type(error).__name__}: {error}")
                yield from [(name, failure) for name in usable if name in ON_POSTGRESQL]
                usable = [name for name in usable if name not in ON_POSTGRESQL]
        yield from runner.run(ground, _batches(usable, quick=ground.quick), SCENARIOS)


def _has_servers(ground: Ground) -> bool:
    return not {"postgresql", "redis-server"}.intersection(ground.missing)


def _batches(names: Sequence[str], *, quick: bool) -> list[list[str]]:
    """What runs at the same time."""
    if not quick:
        return [[name] for name in names]
    batches = [[name for name in batch if name in names] for batch in QUICK_BATCHES]
    return [batch for batch in batches if batch]


def _with_earlier(results: Results, out: Path) -> Results:
    known = earlier(out / "results.json", results.machine, quick=results.quick)
    return known.merged(results.outcomes, list(SCENARIOS))


def _keep(results: Results, out: Path | None) -> None:
    """Now, and not at the end: nothing is lost by what happens later."""
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    whole = _with_earlier(results, out)
    write(out / "results.json", whole)
    write_into(out / "README.md", whole)


def _tell(ground: Ground, results: Results) -> None:
    print("\n".join(f"{name}: {text}" for name, text in results.machine.items()))
    if ground.missing:
        print(f"Not installed, so left out with all that needs it: {', '.join(ground.missing)}")
    print(f"\n{table(results.rows)}\n")
    for name, outcome in results.outcomes.items():
        if outcome.failure:
            print(f"FAILED {name}: {outcome.failure}")


if __name__ == "__main__":
    sys.exit(main())
