"""Live news for the chat page.

Each subscriber has a bounded queue; a slow one is told to reload.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.model import Json

QUEUE_LENGTH = 1000


class Feed:
    def __init__(self) -> None:
        self._subscribers: set[asyncio.Queue[Json]] = set()

    def publish(self, event: Json) -> None:
        for queue in self._subscribers:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait({"type": "reload"})
            else:
                queue.put_nowait(event)

    @contextmanager
    def subscription(self) -> Iterator[asyncio.Queue[Json]]:
        queue: asyncio.Queue[Json] = asyncio.Queue(QUEUE_LENGTH)
        self._subscribers.add(queue)
        try:
            yield queue
        finally:
            self._subscribers.discard(queue)
