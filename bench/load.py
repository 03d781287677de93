"""The load generator, in a process of its own: `python -m bench.load`, a job on stdin.

Closed loop: so many connections, each POSTs again once it was answered. Open loop: POSTs at a fixed
rate, whatever the answers do, so that a slow answer delays no other until very many are slow. It
prints what it did as JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from bench.http import Messages, run
from bench.payloads import Shape, body, marker
from bench.processes import Process


@dataclass(frozen=True, slots=True)
class Job:
    """What to POST. It ends after `posts` POSTs or after `seconds`, whichever comes first.

    `urls` are taken in turn. `first`: the number of the first alert; each has its own.
    `rate`: POSTs a second in open loop; 0.0: closed loop. `connections`: of a closed loop;
    `most_connections`: of an open one, beyond which POSTs are late.
    """

    urls: tuple[str, ...]
    shape: Shape = "webhook"
    alerts_per_post: int = 1
    first: int = 0
    posts: int = 10_000_000
    seconds: float = 600.0
    connections: int = 16
    rate: float = 0.0
    most_connections: int = 500


@dataclass(frozen=True, slots=True)
class Post:
    """One POST; times are `time.monotonic()`. `status` 0: no connection, or it broke."""

    first: int
    alerts: int
    due: float
    sent: float
    answered: float
    status: int

    @property
    def alert_names(self) -> list[str]:
        """The markers in it."""
        return [marker(self.first + offset) for offset in range(self.alerts)]


@dataclass(frozen=True, slots=True)
class Sent:
    """What a job did."""

    posts: tuple[Post, ...]

    @property
    def accepted(self) -> list[Post]:
        """Those answered with 2xx."""
        return [post for post in self.posts if 200 <= post.status < 300]

    @property
    def alerts(self) -> int:
        """How many were accepted."""
        return sum(post.alerts for post in self.accepted)

    @property
    def seconds(self) -> float:
        """From the first POST to the last answer."""
        return max(p.answered for p in self.posts) - min(p.sent for p in self.posts)

    @property
    def rate(self) -> float:
        """Accepted alerts a second."""
        return self.alerts / self.seconds

    @property
    def times(self) -> list[float]:
        """Seconds that the accepted POSTs took."""
        return [post.answered - post.sent for post in self.accepted]

    @property
    def refused(self) -> int:
        """POSTs that were not accepted."""
        return len(self.posts) - len(self.accepted)

    @property
    def late(self) -> float:
        """Seconds by which the generator itself was late at worst (open loop)."""
        return max(post.sent - post.due for post in self.posts)

    def sent_at(self) -> dict[str, float]:
        """Alert → when its POST left, of those that were accepted."""
        return {name: post.sent for post in self.accepted for name in post.alert_names}

    def answered_at(self) -> dict[str, float]:
        """Alert → when its POST was answered, of those that were accepted."""
        return {name: post.answered for post in self.accepted for name in post.alert_names}


class Load:
    """A job under way."""

    def __init__(self, job: Job) -> None:
        self._process = Process([sys.executable, "-m", "bench.load"], name="load", pipes=True)
        self._process.write(json.dumps(asdict(job)).encode())

    def result(self) -> Sent:
        """Wait for its end. Raises RuntimeError when it failed."""
        output = self._process.output()
        return Sent(tuple(Post(*post) for post in json.loads(output)))


def send(job: Job) -> Sent:
    """Run the job to its end. Raises RuntimeError when the generator failed."""
    return Load(job).result()


# --- in its own process --------------------------------------------------------------------------


class _Connection(asyncio.Protocol):
    """One connection; at most one request is under way."""

    def __init__(self) -> None:
        self._messages = Messages()
        self._waiting: asyncio.Future[int] | None = None
        self._transport: Any = None
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for head, _ in self._messages.feed(data):
            self._resolve(int(head[9:12]))
            if b"connection: close" in head.lower():
                self._transport.close()
                self.closed = True

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        self._resolve(0)

    def _resolve(self, status: int) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(status)

    async def exchange(self, request: bytes) -> int:
        """The answer's status; 0 when the connection broke."""
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting


async def _connect(address: str) -> _Connection:
    host, _, port = address.rpartition(":")
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(_Connection, host, int(port))
    return connection


class _Generator:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.posts: list[Post] = []
        self._free: dict[str, list[_Connection]] = {}
        self._begun = 0
        self._ends = time.monotonic() + job.seconds

    def requests(self) -> Iterator[tuple[int, str, bytes]]:
        """(number of the first alert, address, request) without end."""
        parts = [urlsplit(url) for url in self.job.urls]
        count = self.job.alerts_per_post
        while self._begun < self.job.posts and time.monotonic() < self._ends:
            part = parts[self._begun % len(parts)]
            first = self.job.first + self._begun * count
            self._begun += 1
            content = body(self.job.shape, range(first, first + count))
            head = (
                f"POST {part.path} HTTP/1.1\r\nHost: {part.netloc}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
            )
            yield first, part.netloc, head.encode() + content

    async def post(self, first: int, address: str, request: bytes, due: float) -> None:
        """One POST, on a free connection or a new one."""
        free = self._free.setdefault(address, [])
        connection = free.pop() if free else None
        sent = time.monotonic()
        status = 0
        with suppress(OSError):
            if connection is None or connection.closed:
                connection = await _connect(address)
                sent = time.monotonic()
            status = await connection.exchange(request)
            if not connection.closed:
                free.append(connection)
        answered = time.monotonic()
        self.posts.append(
            Post(first, self.job.alerts_per_post, due or sent, sent, answered, status)
        )

    async def closed_loop(self) -> None:
        requests = self.requests()

        async def one() -> None:
            for first, address, request in requests:
                await self.post(first, address, request, 0.0)

        await asyncio.gather(*[one() for _ in range(self.job.connections)])

    async def open_loop(self) -> None:
        begun: set[asyncio.Task[None]] = set()
        free = asyncio.Semaphore(self.job.most_connections)
        start = time.monotonic()
        for number, (first, address, request) in enumerate(self.requests()):
            due = start + number / self.job.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await free.acquire()
            task = asyncio.create_task(self.post(first, address, request, due))
            task.add_done_callback(lambda _: free.release())
            begun.add(task)
        await asyncio.gather(*begun)


async def main() -> None:
    """The job on stdin."""
    job = Job(**json.loads(sys.stdin.buffer.read()))
    generator = _Generator(job)
    await (generator.open_loop() if job.rate else generator.closed_loop())
    rows = [(p.first, p.alerts, p.due, p.sent, p.answered, p.status) for p in generator.posts]
    sys.stdout.write(json.dumps(rows))


if __name__ == "__main__":
    run(main)
