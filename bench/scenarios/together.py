"""Taken in and delivered at the same time on PostgreSQL, with 50 ms to Telegram."""

from bench.figures import percentile, spread
from bench.ground import Ground, Site
from bench.load import Job, Sent, send
from bench.product import Wanted
from bench.rows import Peer, Row, at_least

DELAY = 0.05
TENANTS = 64
CONNECTIONS = 16
PATIENCE = 60.0


def run(ground: Ground) -> list[Row]:
    """Alerts a second from the first POST to the last arrival."""
    seconds = 3.0 if ground.quick else 6.0
    wanted = Wanted(TENANTS, unpaced=True)
    ours: list[tuple[float, Sent, int]] = []
    theirs: list[tuple[float, Sent, int]] = []
    with (
        ground.scaled_out("together", wanted, DELAY) as site,
        ground.alertmanager(site.telegram) as peer,
    ):
        site.tocsin.start_web()
        site.tocsin.start_worker()
        both_ways(site, site.tocsin.job(seconds=1.0, first=9_000_000, connections=4))
        before = site.cpu()
        for number in range(ground.repeats):
            job = site.tocsin.job(
                seconds=seconds, first=number * 1_000_000, connections=CONNECTIONS
            )
            ours.append(both_ways(site, job))
        stages = site.stages(before, sum(sent.alerts for _, sent, _ in ours))
        if peer is not None:
            job = peer.job(seconds=seconds, first=8_000_000, connections=CONNECTIONS)
            theirs.append(both_ways(site, job))
    rates = spread(rate for rate, _, _ in ours)
    times = [time for _, sent, _ in ours for time in sent.times]
    missing = sum(missing for _, _, missing in ours)
    note = f"POST p99 {1000 * percentile(times, 99):.0f} ms" + _unseen(missing)
    them = Peer("Alertmanager", theirs[0][0], "keeps nothing") if theirs else None
    return [
        Row(
            "accepted and delivered together, 1 alert a POST",
            rates.median,
            "/s",
            at_least(600),
            them,
            n=len(times),
            repeats=str(rates),
            note=note,
            stages=stages,
        )
    ]


def both_ways(site: Site, job: Job) -> tuple[float, Sent, int]:
    """(alerts a second from the first POST to the last arrival, what was sent, how many of it
    never arrived)."""
    sent = send(job)
    started = sent.sent_at()
    seen = site.telegram.wait_for_all(started, PATIENCE)
    arrived = [seen[name] for name in started if name in seen]
    rate = len(arrived) / (max(arrived) - min(started.values())) if arrived else 0.0
    return rate, sent, len(started) - len(arrived)


def _unseen(missing: int) -> str:
    return f"; {missing} NOT DELIVERED in {PATIENCE:.0f} s" if missing else ""
