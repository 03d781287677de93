"""A million alerts and ten thousand organizations later, while the purge runs: as fast as empty?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bench.figures import median, percentile, spread
from bench.ground import Ground, Site
from bench.growth import Size, grow
from bench.load import send
from bench.product import Wanted
from bench.rows import Plot, Row, at_most, shares_of
from bench.scenarios.ingest import CONNECTIONS
from bench.scenarios.latency import PER_SECOND, measure

TENANTS = 16
FULL = Size(alerts=1_000_000, organizations=10_000)
QUICK = Size(alerts=50_000, organizations=500)


@dataclass(frozen=True, slots=True)
class Speed:
    """Alerts stored a second, and milliseconds from POST to Telegram."""

    rate: float
    times: list[float]

    @property
    def half(self) -> float:
        """p50."""
        return percentile(self.times, 50)

    @property
    def tail(self) -> float:
        """p99."""
        return percentile(self.times, 99)


def run(ground: Ground) -> list[Row]:
    """How many times slower, measured in turn: the machine's mood meets both."""
    size = QUICK if ground.quick else FULL
    seconds = 2.0 if ground.quick else 4.0
    wanted = Wanted(TENANTS)
    empty: list[Speed] = []
    grown: list[Speed] = []
    with ground.scaled_out("young", wanted) as young, ground.scaled_out("old", wanted) as old:
        assert old.postgres is not None
        for site in (young, old):
            _speed(site, first=0, seconds=1.0)  # fills caches, and writes what is copied
        grow(old.postgres, old.tocsin.database, size)
        before = _old_rows(old)
        for number in range(1, ground.repeats + 1):
            empty.append(_speed(young, number * 1_000_000, seconds))
            grown.append(_speed(old, number * 1_000_000, seconds))
        purged = before - _old_rows(old)
    what = f"growth to {size.alerts:,} alerts of {size.organizations:,} organizations"
    slower = spread(a.rate / b.rate for a, b in zip(empty, grown, strict=True))
    later = spread(b.half / a.half for a, b in zip(empty, grown, strict=True))
    rates = f"{_told(s.rate for s in empty)} → {_told(s.rate for s in grown)}/s"
    halves = f"p50 {_told(s.half for s in empty)} → {_told(s.half for s in grown)} ms"
    tails = f"p99 {_told(s.tail for s in empty)} → {_told(s.tail for s in grown)} ms"
    named = {"empty": empty, f"{size.alerts:,} alerts": grown}
    return [
        Row(
            f"{what}, ingest",
            slower.median,
            "× empty",
            at_most(1.2),
            repeats=str(slower),
            note=f"{rates}; {purged:,} rows purged meanwhile",
            plot=_rates(named),
        ),
        Row(
            f"{what}, latency",
            later.median,
            "× empty",
            at_most(1.2),
            n=sum(len(speed.times) for speed in grown),
            repeats=str(later),
            note=f"{halves}, {tails}",
            plot=_latencies(named),
        ),
    ]


def _rates(named: Mapping[str, list[Speed]]) -> Plot:
    series = {
        name: [(number + 1, speed.rate) for number, speed in enumerate(speeds)]
        for name, speeds in named.items()
    }
    return Plot("growth-ingest", "repeat", "alerts stored a second", series)


def _latencies(named: Mapping[str, list[Speed]]) -> Plot:
    series = {
        name: shares_of(time for speed in speeds for time in speed.times)
        for name, speeds in named.items()
    }
    axis = "milliseconds from POST to Telegram"
    return Plot("growth-latency", axis, "% of alerts", series, log=True)


def _told(values: Iterable[float]) -> str:
    return f"{median(values):.3g}"


def _speed(site: Site, first: int, seconds: float) -> Speed:
    """With a worker that has just started, and so purges at once."""
    tocsin = site.tocsin
    if tocsin.web is None:
        tocsin.start_web()
    tocsin.start_worker("maintenance")
    rate = send(tocsin.job(seconds=seconds, first=first, connections=CONNECTIONS)).rate
    tocsin.stop_workers()
    _forget_backlog(site)
    tocsin.start_worker()
    job = tocsin.job(rate=PER_SECOND, seconds=seconds, first=first + 900_000)
    times = measure(site, job)
    tocsin.stop_workers()
    return Speed(rate, times)


def _forget_backlog(site: Site) -> None:
    """What was stored for its rate alone is not to be sent at Telegram's pace."""
    assert site.postgres is not None
    sql = "UPDATE alerts_groupmessage SET due_at = NULL WHERE due_at IS NOT NULL"
    site.postgres.query(site.tocsin.database, sql)


def _old_rows(site: Site) -> int:
    """Rows that the purge may take."""
    assert site.postgres is not None
    tables = ("alerts_trace", "alerts_alertgroup", "alerts_alert", "deliveries_deliveryattempt")
    counts = " + ".join(
        f"(SELECT count(*) FROM {table} WHERE id < '01900000-0000-7000-8000-000000000000')"
        for table in tables
    )
    return int(site.postgres.query(site.tocsin.database, f"SELECT {counts}")[0][0])
