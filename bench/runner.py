"""Runs scenarios, one after the other or side by side. One that fails, or never ends, costs its own
rows alone."""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from bench import processes, product, servers
from bench.ground import Ground
from bench.machine import circumstances
from bench.results import Outcome
from bench.rows import Row

Scenario = Callable[[Ground], Iterable[Row]]

PATIENCE = 600.0
"""Seconds: what takes longer than this hangs."""
UNWINDING = 30.0
"""Seconds that it has to clean up once all that it waits for is dead."""


def run(
    ground: Ground, batches: Sequence[Sequence[str]], scenarios: Mapping[str, Scenario]
) -> Iterator[tuple[str, Outcome]]:
    """Each scenario's outcome as soon as its batch, which runs side by side, has ended."""
    for batch in batches:
        yield from side_by_side({name: partial(scenarios[name], ground) for name in batch})


def side_by_side(
    scenarios: Mapping[str, Callable[[], Iterable[Row]]],
    patience: float = PATIENCE,
    unwinding: float = UNWINDING,
) -> list[tuple[str, Outcome]]:
    """The outcome of each, in order. The threads end with us, whatever they wait for."""
    done: dict[str, Outcome] = {}

    def work(name: str) -> None:
        done[name] = _one(name, scenarios[name])

    before = processes.running()
    threads = [threading.Thread(target=work, args=[name], daemon=True) for name in scenarios]
    for thread in threads:
        thread.start()
    try:
        _join(threads, patience)
        late = [name for name in scenarios if name not in done]
        if late:
            processes.kill_all_but(before)
            _join(threads, unwinding)
    except KeyboardInterrupt:
        processes.stop_all()  # at once, not each after the other as the scenarios unwind
        raise
    for name in late:
        known = done.get(name, Outcome(seconds=patience))
        done[name] = replace(known, failure=f"did not end in {patience:.0f} s {known.failure}")
    return [(name, done[name]) for name in scenarios]


def _join(threads: Sequence[threading.Thread], seconds: float) -> None:
    ends = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))


def _one(name: str, scenario: Callable[[], Iterable[Row]]) -> Outcome:
    """What it gave until it ended or failed."""
    say(f"{name}…")
    about = circumstances()
    started = time.monotonic()
    rows: list[Row] = []
    failure = ""
    try:
        for row in scenario():
            rows.append(row)  # noqa: PERF402  # extend would lose those before a failure
    except Exception as error:  # noqa: BLE001  # it is reported; the other scenarios go on
        failure = f"{type(error).__name__}: {error}"
    seconds = time.monotonic() - started
    say(f"{name}: {f'FAILED, {failure}' if failure else f'{seconds:.0f} s'}")
    return Outcome(rows, failure, seconds, about)


def say(text: str) -> None:
    """Progress, for who waits."""
    print(text, file=sys.stderr, flush=True)


def open_servers(ground: Ground, stack: ExitStack) -> None:
    """The PostgreSQL that all scenarios share, with a migrated database to copy."""
    say("PostgreSQL…")
    ground.database_server = stack.enter_context(servers.postgres(ground.folder))
    with servers.telegram(ground.folder) as api:
        product.migrate_template(ground.folder, ground.postgres, api)
