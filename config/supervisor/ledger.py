"""One supervisor per data folder, and the tidying up after one that was killed.

Each child leads a process group of its own, whose number the kernel does not give away again while
any member lives. So a recorded child that is gone but whose group still has members left orphans of
ours, and a recorded number that now belongs to a process with another birth is a stranger's.
"""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from config.supervisor.options import StartRefusedError

ON_LINUX = os.uname().sysname == "Linux"

GRACE = 3.0
"""Seconds that a leftover process gets to end by itself."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A child as the ledger knows it; `birth` tells it from a later process of its number."""

    name: str
    pid: int
    birth: str


class Ledger:
    """The lock on a data folder and the list of children that run for it.

    `up.lock` is locked while a supervisor lives: the kernel lets go however the supervisor ends.
    """

    def __init__(self, data_dir: Path) -> None:
        self.directory = data_dir
        self._children_file = data_dir / "up.children.json"
        self._lock: IO[str] | None = None

    def take(self, port: int) -> None:
        """Become the folder's only supervisor. Raises StartRefusedError naming the one that is."""
        path = self.directory / "up.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        lock = os.fdopen(descriptor, "r+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = lock.read().strip() or "PID unknown"
            lock.close()
            raise StartRefusedError(
                f"Tocsin already runs on DATA_DIR={self.directory} ({holder}). "
                "Stop it first, or start a second one with its own folder and port: "
                "DATA_DIR=./var2 PORT=8010 make run"
            ) from error
        lock.truncate(0)
        lock.write(f"PID {os.getpid()}, port {port}\n")
        lock.flush()
        self._lock = lock

    def record(self, children: Iterable[Recorded]) -> None:
        """Write down who runs, whole or not at all."""
        draft = self._children_file.with_suffix(".new")
        draft.write_text(json.dumps([asdict(child) for child in children]), encoding="utf-8")
        draft.replace(self._children_file)

    def end_leftovers(self) -> list[str]:
        """End what a killed supervisor left running; returns the names of what was ended."""
        orphans = [child for child in self._recorded() if _is_ours(child)]
        for number in (signal.SIGTERM, signal.SIGKILL):
            for child in orphans:
                signal_group(child.pid, number)
            deadline = time.monotonic() + GRACE
            while any(group_exists(child.pid) for child in orphans):
                if time.monotonic() >= deadline:
                    break
                time.sleep(0.05)
        self._children_file.unlink(missing_ok=True)
        return [child.name for child in orphans]

    def release(self) -> None:
        """Let the next supervisor in."""
        self._children_file.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _recorded(self) -> list[Recorded]:
        try:
            rows = json.loads(self._children_file.read_text(encoding="utf-8"))
            return [Recorded(**row) for row in rows]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError):  # damaged by hand: there is nothing to learn from it
            return []


def record_of(name: str, pid: int) -> Recorded:
    """The ledger's entry for a child that has just been started."""
    return Recorded(name=name, pid=pid, birth=birth_of(pid))


def birth_of(pid: int) -> str:
    """What tells a process from any other that ever had its number; "" when there is none.

    Linux: boot ID and start time in ticks since boot (proc(5), stat field 22). Elsewhere: ps.
    """
    if ON_LINUX:
        stat = _stat(pid)
        return f"{_boot_id()}:{stat[19]}" if stat and stat[0] != "Z" else ""
    listed = subprocess.run(  # noqa: S603 -- fixed arguments and an integer
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip()


def signal_group(pgid: int, number: signal.Signals) -> None:
    """Signal every process of a group; a group that is gone, or a stranger's, is left alone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pgid, number)


def group_exists(pgid: int) -> bool:
    """Whether any process of the group is left that we may signal.

    A zombie does not count: in a container whose first process reaps nothing it stays for ever.
    """
    try:
        os.killpg(pgid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    if not ON_LINUX:
        return True
    members = (_stat(int(path.name)) for path in Path("/proc").glob("[0-9]*"))
    return any(stat and stat[0] != "Z" and stat[2] == str(pgid) for stat in members)


def _is_ours(child: Recorded) -> bool:
    birth = birth_of(child.pid)
    if birth:
        return birth == child.birth
    return group_exists(child.pid)


def _stat(pid: int) -> list[str]:
    """proc(5), /proc/<pid>/stat from the third field on: state, parent, group, …; [] when gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
