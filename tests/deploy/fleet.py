"""Tocsin as on several hosts: web servers on one port, workers and beats, one database."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests import clock
from tests.faults.processes import ROOT, environment, run_manage
from tests.flows.system import eventually
from tests.ports import free_port

START_SECONDS = 90.0
KEYS = {
    "SECRET_KEY": "x" * 50,
    "ENCRYPTION_KEYS": "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}
"""No folder is shared by hosts, so keys come from the environment."""


class Fleet:
    """Processes by name. `broker_url` may be of any kind; `environ` is every process's."""

    def __init__(self, folder: Path, telegram_url: str, **environ: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._env = environment(folder / "data", self.port, telegram_url, **KEYS, **environ)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            _end(process)

    def start(self, name: str, *arguments: str, **env: str) -> None:
        """Start it as a container does, with `env` on top. See `ready`."""
        heartbeat = self._heartbeat(name)
        heartbeat.unlink(missing_ok=True)
        self._spawn(name, (sys.executable, "-m", "config.container", *arguments), env)

    def ready(self, *names: str) -> None:
        """Until these work: a worker has a heartbeat, a web server listens and says so."""
        for name in names:
            eventually(lambda: self._is_ready(name), START_SECONDS, what=f"a ready {name}")  # noqa: B023  # called at once

    def _is_ready(self, name: str) -> bool:
        return self._heartbeat(name).exists() or "Started worker-1 runtime" in self.log(name)

    def stop(self, name: str, seconds: float = 60.0) -> float:
        """SIGTERM; how many seconds it took to end, with exit code 0."""
        process = self._running.pop(name)
        began = clock.now()
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(seconds) == 0, self.log(name)
        finally:
            _end(process)
        return clock.now() - began

    def kill(self, name: str) -> None:
        """kill -9. The product that a Site knows has this."""
        _end(self._running.pop(name))

    def log(self, name: str) -> str:
        """What it has said."""
        return (self._folder / f"{name}.log").read_text(errors="replace")

    def manage(self, *arguments: str) -> Any:
        """What a management command prints as JSON."""
        return run_manage(self._env, *arguments)

    def migrate(self) -> None:
        """Set up the database."""
        run_manage(self._env, "migrate", "--verbosity", "0", is_json=False)

    def _heartbeat(self, name: str) -> Path:
        return self._folder / f"{name}.alive"

    def _spawn(self, name: str, argv: Sequence[str], env: dict[str, str]) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                argv,
                cwd=ROOT,
                env={
                    **self._env,
                    "WORKER_HEARTBEAT_FILE": str(self._heartbeat(name)),
                    "LOG_LEVEL": "INFO",
                    **env,
                },
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that its children are ended with it
            )


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
