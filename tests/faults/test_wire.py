"""A dead line refuses nobody and answers nobody; what was on it stays so."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.wire import Wire

PATIENCE = 10.0
SILENT_FOR = 0.5


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    """A line to somebody who says everything again."""
    target = tmp_path / "echo.sock"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(target))
    server.listen()

    def echo(line: socket.socket) -> None:
        while piece := line.recv(100):
            line.sendall(piece)

    def serve() -> None:
        while True:
            threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    wire = Wire(target)
    yield wire
    wire.close()


def call(wire: Wire, seconds: float = PATIENCE) -> socket.socket:
    return socket.create_connection(("127.0.0.1", wire.port), timeout=seconds)


def answers(line: socket.socket, seconds: float = PATIENCE) -> bool:
    line.settimeout(seconds)
    line.sendall(b"hello")
    try:
        return line.recv(5) == b"hello"
    except TimeoutError:
        return False


def test_a_dead_line_is_silent(wire: Wire) -> None:
    with call(wire) as line:
        assert answers(line)
        with wire.dead():
            assert not answers(line, SILENT_FOR)
            with pytest.raises(TimeoutError):
                call(wire, SILENT_FOR)
        assert not answers(line, SILENT_FOR), "forgotten for good"
    with call(wire) as line:
        assert answers(line)
