"""`manage.py up` on SQLite: rate both ways, latency, memory of all its processes."""

import time

from bench.figures import percentile, spread
from bench.ground import Ground
from bench.product import Wanted
from bench.rows import Row, at_least, at_most
from bench.scenarios.latency import measure
from bench.scenarios.together import DELAY, both_ways

TENANTS = 32
CONNECTIONS = 8
SETTLE_SECONDS = 2.0


def run(ground: Ground) -> list[Row]:
    """Latency at 10/s, then as fast as it goes, then what it takes of memory."""
    seconds = 3.0 if ground.quick else 6.0
    with ground.embedded(Wanted(TENANTS, unpaced=True)) as site:
        time.sleep(SETTLE_SECONDS)
        idle = site.tocsin.pss()
        measure(site, site.tocsin.job(rate=10.0, seconds=2.0))
        runs = [
            measure(site, site.tocsin.job(rate=10.0, seconds=seconds, first=(n + 1) * 10_000))
            for n in range(ground.repeats)
        ]
        site.telegram.set_up(DELAY)
        before = site.cpu()
        rates = []
        alerts = 0
        for number in range(ground.repeats):
            first = (number + 1) * 1_000_000
            job = site.tocsin.job(seconds=seconds, first=first, connections=CONNECTIONS)
            rate, sent, missing = both_ways(site, job)
            alerts += sent.alerts - missing
            rates.append(rate)
        stages = site.stages(before, alerts)
        loaded = site.tocsin.pss()
    found = spread(rates)
    halves = spread(percentile(times, 50) for times in runs)
    tails = spread(percentile(times, 99) for times in runs)
    n = sum(map(len, runs))
    note = f"{CONNECTIONS} connections, 50 ms to Telegram"
    return [
        Row(
            "embedded, both ways",
            found.median,
            "/s",
            at_least(300),
            n=alerts,
            repeats=str(found),
            note=note,
            stages=stages,
        ),
        Row("embedded, 10/s, p50", halves.median, "ms", at_most(15), n=n, repeats=str(halves)),
        Row("embedded, 10/s, p99", tails.median, "ms", at_most(80), n=n, repeats=str(tails)),
        Row("embedded, memory", loaded, "MB PSS", at_most(300), note=f"before load {idle:.0f}"),
    ]
