"""A million alerts and ten thousand organizations later, while the purge runs: as fast as empty?"""

from dataclasses import dataclass

from bench.figures import median, percentile
from bench.ground import Ground, Site
from bench.growth import Size, grow
from bench.load import send
from bench.product import Wanted
from bench.rows import Row, at_most
from bench.scenarios.ingest import CONNECTIONS
from bench.scenarios.latency import PER_SECOND, measure

TENANTS = 16
FULL = Size(alerts=1_000_000, organizations=10_000)
QUICK = Size(alerts=50_000, organizations=500)


@dataclass(frozen=True, slots=True)
class Speed:
    """Alerts stored a second, and milliseconds from POST to Telegram."""

    rate: float
    half: float
    tail: float
    n: int


def run(ground: Ground) -> list[Row]:
    """How many times slower."""
    size = QUICK if ground.quick else FULL
    with ground.scaled_out("growth", Wanted(TENANTS)) as site:
        _speed(ground, site, first=0, repeats=1, seconds=2.0)  # fills caches, writes the samples
        empty = _speed(ground, site, first=2_000_000)
        assert site.postgres is not None
        grow(site.postgres, site.tocsin.database, size)
        before = _old_rows(site)
        _speed(ground, site, first=4_000_000, repeats=1, seconds=2.0)
        grown = _speed(ground, site, first=5_000_000)
        purged = before - _old_rows(site)
    what = f"growth to {size.alerts:,} alerts of {size.organizations:,} organizations"
    note = f"{purged:,} rows purged meanwhile"
    rates = f"{empty.rate:.0f} → {grown.rate:.0f}/s"
    halves = f"p50 {empty.half:.1f} → {grown.half:.1f} ms"
    tails = f"p99 {empty.tail:.0f} → {grown.tail:.0f} ms"
    limit = at_most(1.2)
    slower = empty.rate / grown.rate
    later = grown.half / empty.half
    return [
        Row(f"{what}, ingest", slower, "× empty", limit, note=f"{rates}; {note}"),
        Row(f"{what}, latency", later, "× empty", limit, n=grown.n, note=f"{halves}, {tails}"),
    ]


def _speed(ground: Ground, site: Site, first: int, repeats: int = 0, seconds: float = 0.0) -> Speed:
    """With a worker that has just started, and so purges at once."""
    repeats = repeats or ground.repeats
    seconds = seconds or (3.0 if ground.quick else 8.0)
    site.tocsin.start_web()
    site.tocsin.start_worker("maintenance")
    rates = []
    for number in range(repeats):
        begin = first + number * 100_000
        job = site.tocsin.job(seconds=seconds, first=begin, connections=CONNECTIONS)
        rates.append(send(job).rate)
    site.tocsin.stop()
    _forget_backlog(site)
    site.tocsin.start_web()
    site.tocsin.start_worker()
    times: list[float] = []
    for number in range(repeats):
        begin = first + 900_000 + number * 1_000
        times += measure(site, site.tocsin.job(rate=PER_SECOND, seconds=seconds, first=begin))
    site.tocsin.stop()
    return Speed(median(rates), percentile(times, 50), percentile(times, 99), len(times))


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
