"""What scenarios stand on: the folder, the PostgreSQL, and installations of their own on it."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import product, servers
from bench.processes import cpu_seconds
from bench.product import Tocsin, Wanted
from bench.rows import Row
from bench.servers import Alertmanager, Postgres, Redis, Telegram

PEER_TOKEN = f"{9_000_001}:AAbench{'x' * 28}"
PEER_CHAT = 900_001


@dataclass(frozen=True, slots=True)
class Site:
    """An installation, and what it talks to."""

    tocsin: Tocsin
    telegram: Telegram
    postgres: Postgres | None = None
    redis: Redis | None = None

    def cpu(self) -> dict[str, float]:
        """Processor seconds so far, by kind of process."""
        used = self.tocsin.cpu()
        if self.postgres is not None:
            used["postgresql"] = cpu_seconds(self.postgres.process.pid)
        if self.redis is not None:
            used["redis"] = cpu_seconds(self.redis.process.pid)
        used["telegram stand-in"] = cpu_seconds(self.telegram.process.pid)
        return used

    def publish_all(self, calls: int, seconds: float = 120.0) -> None:
        """Have what was stored put into the outbox, while nobody dispatches. Raises TimeoutError
        unless so many calls wait there in time."""
        assert self.postgres is not None
        sql = "SELECT count(*) FROM deliveries_delivery WHERE state = 'waiting'"
        publisher = self.tocsin.start_worker("publish")
        ends = time.monotonic() + seconds
        while (waiting := self.postgres.query(self.tocsin.database, sql)[0][0]) < calls:
            if time.monotonic() > ends:
                raise TimeoutError(f"only {waiting} of {calls} calls came to the outbox")
            time.sleep(0.2)
        self.tocsin.workers.remove(publisher)
        publisher.stop()

    def stages(self, before: Mapping[str, float], alerts: int) -> dict[str, float]:
        """Processor milliseconds for each alert since `before`; {} without alerts."""
        if not alerts:
            return {}
        spent = {name: now - before.get(name, 0.0) for name, now in self.cpu().items()}
        return {name: 1000 * seconds / alerts for name, seconds in spent.items()}


@dataclass(slots=True)
class Ground:
    """One run of the benchmark. `quick`: shorter and smaller, to see that all of it works."""

    folder: Path
    quick: bool
    missing: list[str]
    database_server: Postgres | None = None

    @property
    def postgres(self) -> Postgres:
        """The private cluster; scenarios that need one are left out without it."""
        assert self.database_server is not None
        return self.database_server

    def in_both_modes(
        self,
        scaled_out: Callable[["Ground"], list[Row]],
        embedded: Callable[["Ground"], list[Row]],
    ) -> Iterator[Row]:
        """What both measure side by side; the embedded one alone where there is no PostgreSQL."""
        with ThreadPoolExecutor() as pool:
            measured = [pool.submit(embedded, self)]
            if self.database_server is not None:
                measured.insert(0, pool.submit(scaled_out, self))
            for one in measured:
                yield from one.result()

    @property
    def repeats(self) -> int:
        """How often what is cheap is measured."""
        return 1 if self.quick else 3

    @contextmanager
    def scaled_out(
        self, name: str, wanted: Wanted, delay: float = 0.0, *, limited: bool = False
    ) -> Iterator[Site]:
        """An installation on PostgreSQL, with a Redis and a Telegram of its own."""
        with (
            servers.telegram(self.folder, delay, limited=limited) as api,
            servers.redis(self.folder) as broker,
            product.scaled_out(self.folder, name, self.postgres, broker, api, wanted) as tocsin,
        ):
            yield Site(tocsin, api, self.postgres, broker)

    @contextmanager
    def embedded(
        self,
        wanted: Wanted,
        delay: float = 0.0,
        *,
        limited: bool = False,
        prepare: Callable[[Tocsin], object] | None = None,
    ) -> Iterator[Site]:
        """An installation by `manage.py up`; `prepare` is called before that."""
        with (
            servers.telegram(self.folder, delay, limited=limited) as api,
            product.embedded(self.folder, api, wanted, prepare) as tocsin,
        ):
            yield Site(tocsin, api)

    @contextmanager
    def alertmanager(self, api: Telegram) -> Iterator[Alertmanager | None]:
        """One that sends to a chat of its own; None where it is not installed."""
        if "prometheus-alertmanager" in self.missing:
            yield None
            return
        with servers.alertmanager(self.folder, api, PEER_TOKEN, PEER_CHAT) as peer:
            yield peer
