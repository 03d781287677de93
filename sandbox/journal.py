"""What was called, with what, and how it ended: a capped record that tests read and wait on. Never
holds a token.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.model import Json

KEPT_ENTRIES = 100_000
KEPT_BYTES = 64 * 2**20
_ENTRY_BYTES = 500
"""What one entry takes besides its parameters, roughly."""


@dataclass(slots=True)
class Entry:
    """`time` is when the call arrived, Unix seconds; `duration` in seconds; `status` 0 when nothing
    was answered.
    """

    sequence: int
    time: float
    method: str
    bot_id: int
    chat_id: int
    parameters: dict[str, str]
    files: list[Json]
    status: int = 0
    description: str = ""
    message_id: int = 0
    fault: str = ""
    duration: float = 0.0

    def as_json(self) -> Json:
        return {name: getattr(self, name) for name in self.__slots__}

    def size(self) -> int:
        return _ENTRY_BYTES + sum(map(len, self.parameters.values()))


class Journal:
    def __init__(self, kept_entries: int = KEPT_ENTRIES) -> None:
        self._kept_entries = kept_entries
        self._entries: deque[Entry] = deque()
        self._size = 0
        self._arrival: asyncio.Event | None = None
        self.last_sequence = 0

    def append(self, entry: Entry) -> None:
        """Record a finished call; its sequence number is given here, in the order of endings."""
        self.last_sequence += 1
        entry.sequence = self.last_sequence
        self._entries.append(entry)
        self._size += entry.size()
        while len(self._entries) > self._kept_entries or self._size > KEPT_BYTES:
            self._size -= self._entries.popleft().size()
        if self._arrival is not None:
            self._arrival.set()
            self._arrival = None

    def since(self, sequence: int) -> Iterator[Entry]:
        """Entries after that sequence number, oldest first."""
        fresh = []
        for entry in reversed(self._entries):
            if entry.sequence <= sequence:
                break
            fresh.append(entry)
        return reversed(fresh)

    async def wait(self, seconds: float) -> None:
        """Until the next entry, at most so long."""
        if self._arrival is None:
            self._arrival = asyncio.Event()
        try:
            async with asyncio.timeout(seconds):
                await self._arrival.wait()
        except TimeoutError:
            return

    def clear(self) -> None:
        self._entries.clear()
        self._size = 0
