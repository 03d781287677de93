"""The event loop: children's output, their deaths, and the signals that end it all.

One thread. Linux ends a child when the *thread* that started it ends (prctl(2), PR_SET_PDEATHSIG),
and forking with other threads around is a trap of its own.
"""

import ctypes
import os
import selectors
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from config.supervisor.ledger import (
    ON_LINUX,
    Ledger,
    Recorded,
    group_exists,
    record_of,
    signal_group,
)
from config.supervisor.processes import Process
from config.supervisor.terminal import Terminal

PR_SET_PDEATHSIG = 1
TAIL = 40
"""Lines of a child's log kept for the moment it fails."""
FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 30.0
HEALTHY_AFTER = 60.0
"""Seconds of life after which a child's next crash counts as its first."""
IMPATIENT_AFTER = 1.0
"""A second Ctrl-C this many seconds after the first one ends the children at once."""

libc = ctypes.CDLL(None, use_errno=True) if ON_LINUX else None


class Child:
    """A process of ours, through all its restarts."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.popen: subprocess.Popen[bytes] | None = None
        self.recorded: Recorded | None = None
        self.tail: deque[str] = deque(maxlen=TAIL)
        self.answers: list[str] = []
        self.started_at = 0.0
        self.started_wall = 0.0
        self.failures = 0
        self.restart_at: float | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.process.name

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not been seen to end."""
        return self.popen is not None and self.popen.returncode is None

    @property
    def has_failed(self) -> bool:
        """Whether it ended, should not have, and nothing is planned about it."""
        if self.popen is None or self.is_running or self.restart_at is not None:
            return False
        return not self.process.one_shot or self.popen.returncode != 0


class Watch:
    """Starts children, shows what they say, notices what ends.

    Signals are only remembered: `up` and `start` decide what they mean.
    """

    def __init__(self, terminal: Terminal, ledger: Ledger) -> None:
        self.terminal = terminal
        self._stop_asked = False
        self._is_impatient = False
        self.children: list[Child] = []
        self._ledger = ledger
        self._stopping_since = 0.0
        self._selector = selectors.DefaultSelector()
        self._partial: dict[int, bytes] = {}
        wake, self._wake_sender = socket.socketpair()
        wake.setblocking(False)
        self._wake_sender.setblocking(False)
        self._wake = wake
        self._selector.register(wake, selectors.EVENT_READ)

    def listen_to_signals(self) -> None:
        """From here on, SIGINT, SIGTERM and SIGHUP ask for a clean stop."""
        signal.set_wakeup_fd(self._wake_sender.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_stop_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler, so that the wake-up is written

    def is_stopping(self) -> bool:
        """Whether a clean stop was asked for."""
        return self._stop_asked

    def start(self, process: Process) -> Child:
        """Start a new child."""
        child = Child(process)
        self.children.append(child)
        self._spawn(child)
        return child

    def ask(self, child: Child, line: str) -> None:
        """Write a one-shot child's only line of input."""
        if child.popen is not None and child.popen.stdin is not None:
            with suppress(BrokenPipeError), child.popen.stdin as stdin:
                stdin.write(line.encode() + b"\n")

    def pump(self, timeout: float) -> None:
        """Handle what happens within `timeout` seconds; returns as soon as something did."""
        for key, _ in self._selector.select(max(timeout, 0)):
            if key.fileobj is self._wake:
                self._drain_wake()
            else:
                self._read(key)
        for child in self.children:
            if child.is_running and child.popen is not None and child.popen.poll() is not None:
                # What its own children keep open or running (granian's worker) must not outlive it.
                signal_group(child.popen.pid, signal.SIGKILL)
                child.recorded = None
                self._record()

    def wait_until(self, done: Callable[[], bool], seconds: float, step: float = 0.05) -> bool:
        """Pump until `done()`; False when a stop was asked for, a child died, or time ran out."""
        deadline = time.monotonic() + seconds
        while not self.is_stopping() and not self.dead():
            if done():
                return True
            if time.monotonic() >= deadline:
                return False
            self.pump(step)
        return False

    def dead(self) -> list[Child]:
        """Children that ended and should not have; a one-shot child may, with exit code 0."""
        return [child for child in self.children if child.has_failed]

    def keep_alive(self) -> None:
        """Restart what dies, later and later, until a stop is asked for."""
        while not self.is_stopping():
            for child in self.dead():
                self._plan_restart(child)
            now = time.monotonic()
            for child in self.children:
                if child.restart_at is not None and child.restart_at <= now:
                    child.restart_at = None
                    self._spawn(child)
            planned = [child.restart_at for child in self.children if child.restart_at is not None]
            self.pump(min(planned) - time.monotonic() if planned else 3600)

    def stop(self, child: Child) -> None:
        """SIGTERM, then SIGKILL once `stop_within` has passed or Ctrl-C came a second time."""
        child.restart_at = None
        popen = child.popen
        if popen is None:
            return
        if child.is_running:
            popen.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + child.process.stop_within
            while child.is_running and time.monotonic() < deadline and not self._is_impatient:
                self.pump(min(0.2, deadline - time.monotonic()))
        if child.is_running:
            self.terminal.note(f"{child.name} did not stop in time: ending it")
        if group_exists(popen.pid):
            signal_group(popen.pid, signal.SIGKILL)
        popen.wait()

    def flush(self) -> None:
        """Show what the children wrote last."""
        while events := [
            key for key, _ in self._selector.select(0) if key.fileobj is not self._wake
        ]:
            for key in events:
                self._read(key)

    def _spawn(self, child: Child) -> None:
        process = child.process
        supervisor_pid = os.getpid()
        child.tail.clear()
        child.started_wall = time.time()
        child.started_at = time.monotonic()
        popen = subprocess.Popen(  # noqa: S603 -- our own argument lists, no shell
            process.argv,
            cwd=process.cwd,
            env=dict(process.env),
            stdin=subprocess.PIPE if process.one_shot else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if process.one_shot else subprocess.STDOUT,
            # A group of its own: the terminal's Ctrl-C reaches the supervisor alone, which stops
            # its children in order, and a group can be ended whole.
            start_new_session=True,
            preexec_fn=lambda: _end_with(supervisor_pid),  # noqa: PLW1509 -- there is one thread
        )
        child.popen = popen
        child.recorded = record_of(child.name, popen.pid)
        self._record()
        for pipe in (popen.stdout, popen.stderr):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                is_answer = process.one_shot and pipe is popen.stdout
                self._selector.register(pipe, selectors.EVENT_READ, (child, pipe, is_answer))

    def _plan_restart(self, child: Child) -> None:
        popen = child.popen
        if popen is None:
            return
        if time.monotonic() - child.started_at >= HEALTHY_AFTER:
            child.failures = 0
        delay = min(FIRST_BACKOFF * 2**child.failures, LONGEST_BACKOFF)
        child.failures += 1
        child.restart_at = time.monotonic() + delay
        self.flush()
        if child.process.quiet:
            self.show_tail(child)
        self.terminal.note(
            f"{child.name} {how_it_ended(popen.returncode)}; starting it again in {delay:g} s"
        )

    def show_tail(self, child: Child) -> None:
        """The last lines of a child whose log is not shown otherwise."""
        for line in child.tail:
            self.terminal.child_line(child.name, line)

    def _record(self) -> None:
        self._ledger.record(child.recorded for child in self.children if child.recorded)

    def _read(self, key: selectors.SelectorKey) -> None:
        child, pipe, is_answer = key.data
        try:
            data = os.read(key.fd, 65536)
        except BlockingIOError:
            return
        buffered = self._partial.pop(key.fd, b"") + data
        if not data:
            self._selector.unregister(pipe)
            pipe.close()
            lines, rest = [buffered] if buffered else [], b""
        else:
            *lines, rest = buffered.split(b"\n")
        if len(rest) > 65536:  # a line without an end must not grow for ever
            lines, rest = [*lines, rest], b""
        if rest:
            self._partial[key.fd] = rest
        for line in lines:
            self._on_line(child, line.decode("utf-8", "replace").rstrip("\r"), is_answer=is_answer)

    def _on_line(self, child: Child, line: str, *, is_answer: bool) -> None:
        if is_answer:
            child.answers.append(line)
            return
        child.tail.append(line)
        if not child.process.quiet:
            self.terminal.child_line(child.name, line)

    def _drain_wake(self) -> None:
        with suppress(BlockingIOError):
            while self._wake.recv(512):
                pass

    def _on_stop_signal(self, number: int, _frame: Any) -> None:
        # SIGTERM often comes twice (make passes its own on to a group that has it already): only a
        # person presses Ctrl-C again.
        now = time.monotonic()
        if (
            self._stop_asked
            and number == signal.SIGINT
            and now - self._stopping_since > IMPATIENT_AFTER
        ):
            self._is_impatient = True
        if not self._stop_asked:
            self._stopping_since = now
        self._stop_asked = True


def how_it_ended(returncode: int) -> str:
    """An exit status in words."""
    if returncode < 0:
        try:
            return f"was ended by {signal.Signals(-returncode).name}"
        except ValueError:
            return f"was ended by signal {-returncode}"
    return f"ended with exit code {returncode}"


def _end_with(supervisor_pid: int) -> None:
    """Between fork and exec: ask Linux to end this child when the supervisor is gone."""
    if libc is None:
        return
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != supervisor_pid:  # it was gone already
        os._exit(1)
