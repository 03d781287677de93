"""Wake-ups that wait for a thread: one of each task is enough, for it looks for all there is once
it begins. While threads are busy for long they come by the hundred, and each would be kept."""

import threading
import time
from typing import Final

PATIENCE: Final = 30.0
"""Seconds after which another one may wait: nobody knows what became of the first."""


class Pending:
    """Which tasks have one waiting in this process."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._since: dict[str, float] = {}

    def wait(self, task: str) -> bool:
        """Whether one more of this task is to wait."""
        now = time.monotonic()
        with self._lock:
            since = self._since.get(task)
            if since is not None and now < since + self._patience:
                return False
            self._since[task] = now
            return True

    def begins(self, task: str) -> None:
        """The one that waited begins: whatever is committed from now on needs another one."""
        with self._lock:
            self._since.pop(task, None)


pending: Final = Pending()
"""Of this process."""
