"""As little HTTP/1.1 as the stand-in and the load generator need: what they cost is not measured.

Bodies come with Content-Length, and one request follows another on a connection.
"""

import asyncio
import re
from typing import Protocol

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Messages:
    """Cuts a stream of bytes into requests or answers: (head, body) each."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """What is whole now."""
        self._buffer = self._buffer + data if self._buffer else data
        whole = []
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            found = _LENGTH.search(head)
            stop = end + 4 + (int(found[1]) if found else 0)
            if len(self._buffer) < stop:
                break
            whole.append((head, self._buffer[end + 4 : stop]))
            self._buffer = self._buffer[stop:]
        return whole


class Main(Protocol):
    """What `run` runs."""

    async def __call__(self) -> None:
        """To its end."""


def run(main: Main) -> None:
    """Run on the fastest event loop there is."""
    import uvloop  # noqa: PLC0415  # of requirements-bench.txt, which tests do without

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
