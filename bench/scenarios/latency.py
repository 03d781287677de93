"""From a POST to its arrival at Telegram, ten a second on PostgreSQL, beside Alertmanager."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain

from bench.figures import percentile, spread
from bench.ground import Ground, Site
from bench.load import Job, Post, Sent, send
from bench.product import Wanted
from bench.rows import Bound, Peer, Plot, Row, at_most, shares_of
from bench.shares import shares

PER_SECOND = 10.0
WARM_UP = 2.0
TENANTS = 16
"""At ten a second each chat gets fewer than Telegram's limit of one a second."""
PATIENCE = 20.0


def run(ground: Ground) -> list[Row]:
    """p50, p99, and p50 ÷ Alertmanager's."""
    seconds = 5.0 if ground.quick else 10.0
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    with (
        ground.scaled_out("latency", Wanted(TENANTS)) as site,
        ground.alertmanager(site.telegram) as peer,
    ):
        assert site.postgres is not None
        site.tocsin.start_web()
        site.tocsin.start_worker()
        measure(site, site.tocsin.job(rate=PER_SECOND, seconds=WARM_UP))
        stages: dict[str, float] = {}
        posts: list[Post] = []
        for number in range(1, ground.repeats + 1):
            before = site.cpu()
            first = number * 10_000
            job = site.tocsin.job(rate=PER_SECOND, seconds=seconds, first=first)
            sent, seen = post(site, job)
            ours.append(times_of(sent, seen))
            stages = site.stages(before, len(ours[-1]))
            posts += sent.posts
            if peer is not None:
                job = peer.job(rate=PER_SECOND, seconds=seconds / 2, first=first + 5_000)
                theirs.append(measure(site, job))
        everything = site.telegram.notes().seen
        parts = shares(site.postgres, site.tocsin.database, Sent(tuple(posts)), everything)
    rows = [
        replace(_row("p50", 50, at_most(12, 8), ours, theirs), shares=parts),
        replace(
            _row("p99", 99, at_most(40, 25), ours, theirs),
            stages=stages,
            plot=_plot(ours, theirs),
        ),
    ]
    if theirs:
        ratio = rows[0].ratio or 0.0
        n = rows[0].n
        what = "POST → Telegram, p50 ÷ Alertmanager's"
        rows.append(Row(what, ratio, "×", at_most(6, 4), n=n))
    return rows


def measure(site: Site, job: Job) -> list[float]:
    """Milliseconds of each alert from leaving the sender to arriving at Telegram."""
    return times_of(*post(site, job))


def post(site: Site, job: Job) -> tuple[Sent, dict[str, float]]:
    """(what was sent, when each alert was seen)."""
    sent = send(job)
    return sent, site.telegram.wait_for_all(sent.sent_at(), PATIENCE)


def times_of(sent: Sent, seen: Mapping[str, float]) -> list[float]:
    """Milliseconds of each alert. What was refused or never arrived took as long as we waited."""
    times = [1000 * (seen.get(name, at + PATIENCE) - at) for name, at in sent.sent_at().items()]
    return times + [1000 * PATIENCE] * sent.refused


def _row(
    name: str, percent: float, bound: Bound, ours: list[list[float]], theirs: list[list[float]]
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
    )


def _plot(ours: list[list[float]], theirs: list[list[float]]) -> Plot:
    named = {"Tocsin": ours, "Alertmanager": theirs}
    series = {name: shares_of(chain(*runs)) for name, runs in named.items() if runs}
    return Plot("latency", "milliseconds from POST to Telegram", "% of alerts", series, log=True)
