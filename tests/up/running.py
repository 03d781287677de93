"""`up` as a subprocess: what it printed so far, and how to end it."""

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

from tests import clock
from tests.ports import free_port

ANSWER_WITHIN = 90.0


class Running:
    """A supervisor under test, as a context manager: nothing survives a failed test."""

    def __init__(self, command: list[str], data_dir: Path, cwd: Path, **env: str) -> None:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name in {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"}
        }
        self.data_dir = data_dir
        self.port = free_port()
        self.started = clock.now()
        self.popen = subprocess.Popen(
            command,
            cwd=cwd,
            env=inherited | {"DATA_DIR": str(data_dir), "PORT": str(self.port)} | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(60)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        self._reader.join(20)

    @property
    def output(self) -> str:
        """Everything printed so far."""
        return "".join(self._lines)

    def wait_for(self, pattern: str, seconds: float = ANSWER_WITHIN) -> re.Match[str]:
        """The first match in the output; fails with the whole output when it does not come."""
        deadline = clock.now() + seconds
        while clock.now() < deadline:
            if found := re.search(pattern, self.output):
                return found
            if self.popen.poll() is not None:
                self._reader.join(20)
                if found := re.search(pattern, self.output):
                    return found
                break
            time.sleep(0.02)
        raise AssertionError(f"{pattern!r} did not appear in:\n{self.output}")

    def wait_until_up(self) -> float:
        """Wait for the greeting; returns the seconds since the start."""
        self.wait_for("Tocsin is running")
        return clock.now() - self.started

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 60) -> int:
        """Signal the supervisor alone; returns its exit code."""
        self.popen.send_signal(number)
        return self.wait(seconds)

    def wait(self, seconds: float = ANSWER_WITHIN) -> int:
        """The exit code, once it ends by itself."""
        code = self.popen.wait(seconds)
        self._reader.join(20)
        return code

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self._lines.append(line)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_gone(pids: list[int], seconds: float) -> list[int]:
    """Those of the processes that are still alive after `seconds`, or [] as soon as none is."""
    deadline = clock.now() + seconds
    while clock.now() < deadline:
        if not (alive := [pid for pid in pids if is_alive(pid)]):
            return []
        time.sleep(0.05)
    return alive
