"""`python -m bench [--quick] [--only latency,ingest] [--out DIR]`."""

import argparse
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from bench import processes, product, servers
from bench.ground import Ground
from bench.load import Job, send
from bench.machine import describe
from bench.plots import draw
from bench.report import table, write_json
from bench.rows import Row
from bench.scenarios import (
    delivery,
    embedded,
    growth,
    ingest,
    kill,
    latency,
    pace,
    render,
    storm,
    together,
)

Scenario = Callable[[Ground], list[Row]]

SCENARIOS: dict[str, Scenario] = {
    "latency": latency.run,
    "ingest": ingest.run,
    "together": together.run,
    "delivery": delivery.run,
    "embedded": embedded.run,
    "pace": pace.run,
    "storm": storm.run,
    "kill": kill.run,
    "growth": growth.run,
    "render": render.run,
}
WAITING = frozenset({"pace", "storm", "kill"})
"""They mostly wait: in a quick run side by side."""
ON_POSTGRESQL = frozenset(SCENARIOS) - {"embedded", "render"}
DEFAULT_OUT = processes.ROOT / "docs" / "benchmarks"


def main() -> int:
    """Run what was asked for; 1 when a budget was missed or a scenario failed."""
    arguments = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
    folder.chmod(0o711)  # PostgreSQL's own user passes through
    machine = describe()
    ground = Ground(folder, arguments.quick, servers.missing())
    started = time.monotonic()
    try:
        rows, failures = _run(ground, arguments.only)
    except KeyboardInterrupt:
        print("Stopped; nothing is kept.", file=sys.stderr)
        return 130
    finally:
        processes.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
    _report(ground, machine, rows, arguments.out)
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{time.monotonic() - started:.0f} s")
    return 1 if failures or any(row.verdict == "MISSED" for row in rows) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Tocsin.")
    parser.add_argument("--quick", action="store_true", help="shorter and smaller; writes nothing")
    parser.add_argument("--only", type=_names, default=list(SCENARIOS), metavar="A,B,…")
    parser.add_argument("--out", type=Path, help=f"default: {DEFAULT_OUT.relative_to(Path.cwd())}")
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


def _run(ground: Ground, names: Sequence[str]) -> tuple[list[Row], list[str]]:
    """(rows, failures) of these scenarios."""
    usable = [name for name in names if name not in ON_POSTGRESQL or _has_servers(ground)]
    with ExitStack() as stack:
        if any(name in ON_POSTGRESQL for name in usable):
            ground.say("PostgreSQL…")
            ground.database_server = stack.enter_context(servers.postgres(ground.folder))
            api = stack.enter_context(servers.telegram(ground.folder))
            product.migrate_template(ground.folder, ground.postgres, api)
        rows = [_generator(ground)]
        failures: list[str] = []
        for batch in _batches(usable, side_by_side=ground.quick):
            for made, failure in _side_by_side(ground, batch):
                rows += made
                failures += [failure] if failure else []
    return rows, failures


def _has_servers(ground: Ground) -> bool:
    return not {"postgresql", "redis-server"}.intersection(ground.missing)


def _batches(names: Sequence[str], *, side_by_side: bool) -> list[list[str]]:
    """What runs at the same time."""
    together = [name for name in names if name in WAITING and side_by_side]
    alone = [[name] for name in names if name not in together]
    return [*alone, together] if together else alone


def _side_by_side(ground: Ground, names: Sequence[str]) -> list[tuple[list[Row], str]]:
    """(rows, why it failed) of each. The threads end with us, whatever they wait for."""
    done: dict[str, tuple[list[Row], str]] = {}

    def work(name: str) -> None:
        done[name] = _one(ground, name)

    threads = [threading.Thread(target=work, args=[name], daemon=True) for name in names]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        processes.stop_all()  # at once, not each after the other as the scenarios unwind
        raise
    return [done[name] for name in names]


def _one(ground: Ground, name: str) -> tuple[list[Row], str]:
    """(rows, why it failed)."""
    ground.say(f"{name}…")
    started = time.monotonic()
    try:
        rows = SCENARIOS[name](ground)
    except Exception as error:  # noqa: BLE001  # it is reported; the other scenarios go on
        return [], f"{name}: {type(error).__name__}: {error}"
    ground.say(f"{name}: {time.monotonic() - started:.0f} s")
    return rows, ""


def _generator(ground: Ground) -> Row:
    """What the load generator and the stand-in can do together, with nothing between them."""
    with servers.telegram(ground.folder) as null:
        rate = send(Job((f"{null.url}/null",), seconds=1.0, connections=16)).rate
    return Row("load generator, 1 alert a POST to nobody", rate, "/s")


def _report(ground: Ground, machine: dict[str, str], rows: list[Row], out: Path | None) -> None:
    print("\n".join(f"{name}: {text}" for name, text in machine.items()))
    if ground.missing:
        print(f"Not installed, so left out with all that needs it: {', '.join(ground.missing)}")
    print(f"\n{table(rows)}\n")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / "results.json", machine, rows, quick=ground.quick)
        caption = f"{machine['CPU']}; {machine['kernel']}; {machine['Tocsin']}"
        draw(out, rows, caption + ("; quick" if ground.quick else ""))


if __name__ == "__main__":
    sys.exit(main())
