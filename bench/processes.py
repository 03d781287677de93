"""Processes that the benchmark starts: each in a session of its own, all ended at the end."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
STOP_SECONDS = 15.0
STOP_ALL_SECONDS = 2.0
COMMAND_SECONDS = 240.0
_TICKS = os.sysconf("SC_CLK_TCK")
_started: list["Process"] = []
_over = threading.Event()


class Failed(Exception):
    """A process did not do what it should; the message ends with the end of its log."""


class Process:
    """A running process, with what it logs in a file; `pipes`: it is talked to instead."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        name: str,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        user: str | None = None,
        pipes: bool = False,
        ends_on: signal.Signals = signal.SIGTERM,
    ) -> None:
        if _over.is_set():
            raise Failed(f"{name} is not started any more")
        self.name = name
        self._log = log
        self._ends_on = ends_on
        output: IO[bytes] | int = log.open("ab") if log else subprocess.DEVNULL
        self._popen = subprocess.Popen(
            command,
            cwd="/" if user else ROOT,
            env=env,
            stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
            stdout=subprocess.PIPE if pipes else output,
            stderr=None if pipes else output,
            start_new_session=True,  # Ctrl-C reaches us alone, and we end them in order
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
        _started.append(self)

    @property
    def pid(self) -> int:
        """Of the process that was started, not of its children."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._popen.poll() is None

    def write(self, data: bytes) -> None:
        """All of its input."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(data)
        self._popen.stdin.close()
        self._popen.stdin = None

    def output(self) -> bytes:
        """What it wrote to its end. Raises Failed."""
        output, _ = self._popen.communicate()
        with suppress(ValueError):
            _started.remove(self)
        if self._popen.returncode:
            raise Failed(f"{self.name} failed")
        return output

    def ask_to_end(self) -> None:
        """In the way that it calls polite."""
        if self.running:
            self._popen.send_signal(self._ends_on)

    def stop(self) -> None:
        """Ask it to end, and after STOP_SECONDS kill it and what it started."""
        self.ask_to_end()
        if self.running:
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """kill -9 it and all that it started."""
        for pid in reversed(tree(self.pid)):
            _kill(pid)
        _kill_group(self.pid)
        self._popen.wait()
        with suppress(ValueError):
            _started.remove(self)

    def wait_until(self, is_so: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Poll until `is_so`. Raises Failed when the process ends or the time is over."""
        ends = time.monotonic() + seconds
        while not is_so():
            if not self.running or time.monotonic() > ends:
                raise Failed(f"{self.name}: no {what}\n{self.log_end()}")
            time.sleep(0.05)

    def log_end(self) -> str:
        """The last lines of its log."""
        if self._log is None:
            return ""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, data: str = "") -> str:
    """Run a command to its end; its output. Raises Failed with what it complained about, and
    subprocess.TimeoutExpired."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=env,
        input=data,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
    )
    if done.returncode:
        raise Failed(f"{' '.join(command[:4])}: {done.stderr[-2000:]}")
    return done.stdout


def running() -> list[Process]:
    """What was started and not yet ended."""
    return list(_started)


def kill_all_but(kept: Collection[Process]) -> None:
    """kill -9 what was started since, and what it started."""
    for process in reversed(running()):
        if process not in kept:
            process.kill()


def stop_all() -> None:
    """End everything that was started and still runs, and begin nothing more. They are asked all at
    once, and killed when they take too long: their data are thrown away anyway."""
    _over.set()
    left = list(reversed(_started))
    for process in left:
        process.ask_to_end()
    ends = time.monotonic() + STOP_ALL_SECONDS
    while any(process.running for process in left) and time.monotonic() < ends:
        time.sleep(0.05)
    for process in left:
        process.kill()


# --- what a process and its children use ---------------------------------------------------------


def tree(pid: int) -> list[int]:
    """The process and its descendants that live now, parents first."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            found += [int(child) for child in _read(task).split()]
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time of a process, its descendants, and those of them that have ended."""
    ticks = 0
    for one in tree(pid):
        fields = _read(Path(f"/proc/{one}/stat")).rpartition(")")[2].split()
        ticks += sum(int(field) for field in fields[11:15])  # utime stime cutime cstime
    return ticks / _TICKS


def pss_megabytes(pid: int) -> float:
    """Memory of a process and its descendants; what is shared is divided by who shares it."""
    kilobytes = 0
    for one in tree(pid):
        for line in _read(Path(f"/proc/{one}/smaps_rollup")).splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
    return kilobytes / 1024


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has just ended
        return ""


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
