"""A line to a server, which can go dead as a network does: nothing is refused, nothing answers."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.ports import free_port

BACKLOG = 4
PIECE = 65_536


class Wire:
    """A port of 127.0.0.1 from which bytes go to the Unix socket `target` and back."""

    def __init__(self, target: Path) -> None:
        self.port = free_port()
        self._target = target
        self._is_dead = threading.Event()
        self._changing = threading.Lock()  # nobody is let in while the line goes dead
        self._lines: list[_Line] = []
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=BACKLOG)
        threading.Thread(target=self._accept, name="wire", daemon=True).start()

    @contextmanager
    def dead(self) -> Iterator[None]:
        """Whoever connects waits; what is connected hears nothing any more, and never will: a
        firewall that has forgotten a connection does not remember it when the line is back."""
        with self._changing:
            self._is_dead.set()
            for line in self._lines:
                line.is_dead.set()
        callers = [_call(self.port) for _ in range(3 * BACKLOG)]  # then the kernel answers nobody
        try:
            yield
        finally:
            self._is_dead.clear()
            for caller in callers:
                caller.close()

    def close(self) -> None:
        """Hang up on everybody."""
        self._listener.close()
        for line in self._lines:
            line.close()

    def _accept(self) -> None:
        with suppress(OSError, ValueError):  # it was closed: a select on it says either
            while True:
                select.select([self._listener], [], [])
                with self._changing:
                    if not self._is_dead.is_set():
                        line = _Line(self._listener.accept()[0], self._target)
                        self._lines.append(line)  # known before it carries anything
                        line.start()
                        continue
                time.sleep(0.05)


class _Line:
    """One connection; while it is dead, both ends stay open and hear nothing."""

    def __init__(self, near: socket.socket, target: Path) -> None:
        self.is_dead = threading.Event()
        self._is_over = threading.Event()
        self._ends = (near, socket.socket(socket.AF_UNIX))
        self._thread = threading.Thread(target=self._run, args=(target,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._is_over.set()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _run(self, target: Path) -> None:
        near, far = self._ends
        with near, far, suppress(OSError):  # whoever hangs up, hangs up for both
            far.connect(str(target))
            other = {near: far, far: near}
            while True:
                ready, _, _ = select.select([near, far], [], [])
                if self.is_dead.is_set():
                    self._is_over.wait()
                    return
                for end in ready:
                    piece = end.recv(PIECE)
                    if not piece:
                        return
                    other[end].sendall(piece)


def _call(port: int) -> socket.socket:
    caller = socket.socket()
    caller.setblocking(False)
    with suppress(BlockingIOError):
        caller.connect(("127.0.0.1", port))
    return caller
