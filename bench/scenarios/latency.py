"""From a POST to its arrival at Telegram, ten a second on PostgreSQL, beside Alertmanager."""

from collections.abc import Sequence

from bench.figures import percentile, spread
from bench.ground import Ground, Site
from bench.load import Job, send
from bench.product import Wanted
from bench.rows import Bound, Peer, Row, at_most

PER_SECOND = 10.0
WARM_UP = 2.0
TENANTS = 16
"""At ten a second each chat gets fewer than Telegram's limit of one a second."""
PATIENCE = 20.0


def run(ground: Ground) -> list[Row]:
    """p50, p99, and p50 ÷ Alertmanager's."""
    seconds = 5.0 if ground.quick else 12.0
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    with (
        ground.scaled_out("latency", Wanted(TENANTS)) as site,
        ground.alertmanager(site.telegram) as peer,
    ):
        site.tocsin.start_web()
        site.tocsin.start_worker()
        measure(site, site.tocsin.job(rate=PER_SECOND, seconds=WARM_UP))
        stages: dict[str, float] = {}
        for number in range(1, ground.repeats + 1):
            before = site.cpu()
            first = number * 10_000
            job = site.tocsin.job(rate=PER_SECOND, seconds=seconds, first=first)
            ours.append(measure(site, job))
            stages = site.stages(before, len(ours[-1]))
            if peer is not None:
                job = peer.job(rate=PER_SECOND, seconds=seconds, first=first + 5_000)
                theirs.append(measure(site, job))
    rows = [
        _row("p50", 50, at_most(12, 8), ours, theirs),
        _row("p99", 99, at_most(40, 25), ours, theirs, stages, _curves(ours, theirs)),
    ]
    if theirs:
        ratio = rows[0].ratio or 0.0
        n = rows[0].n
        what = "POST → Telegram, p50 ÷ Alertmanager's"
        rows.append(Row(what, ratio, "×", at_most(6, 4), n=n))
    return rows


def measure(site: Site, job: Job) -> list[float]:
    """Milliseconds of each alert from leaving the sender to arriving at Telegram."""
    sent = send(job).sent_at()
    seen = site.telegram.wait_for_all(sent, PATIENCE)
    return [1000 * (seen[name] - at) for name, at in sent.items() if name in seen]


def _row(
    name: str,
    percent: float,
    bound: Bound,
    ours: list[list[float]],
    theirs: list[list[float]],
    stages: dict[str, float] | None = None,
    series: dict[str, list[tuple[float, float]]] | None = None,
) -> Row:
    found = spread(percentile(times, percent) for times in ours)
    peer = spread(percentile(times, percent) for times in theirs) if theirs else None
    return Row(
        f"POST → Telegram, 10/s, {name}",
        found.median,
        "ms",
        bound,
        peer=Peer("Alertmanager", peer.median) if peer else None,
        n=sum(map(len, ours)),
        repeats=str(found),
        stages=stages or {},
        series=series or {},
    )


def _curves(
    ours: list[list[float]], theirs: list[list[float]]
) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds → share of alerts that were there by then."""
    named = {"Tocsin": ours, "Alertmanager": theirs}
    return {name: _curve(runs) for name, runs in named.items() if runs}


def _curve(runs: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    ranked = sorted(time for times in runs for time in times)
    return [(time, (place + 1) / len(ranked)) for place, time in enumerate(ranked)]
