"""How fast POSTs are stored on PostgreSQL. No worker runs: what follows is measured elsewhere."""

from collections.abc import Callable
from typing import Any

from bench.figures import percentile, spread
from bench.ground import Ground
from bench.load import Job, Sent, send
from bench.product import Wanted
from bench.rows import Peer, Row, at_least, at_most

TENANTS = 16
CONNECTIONS = 16


def run(ground: Ground) -> list[Row]:
    """One alert a POST, a hundred in one group, a hundred in as many groups."""
    seconds = 2.0 if ground.quick else 4.0
    with (
        ground.scaled_out("ingest", Wanted(TENANTS)) as site,
        ground.alertmanager(site.telegram) as peer,
    ):
        site.tocsin.start_web()
        send(site.tocsin.job(seconds=1.0, first=9_000_000, connections=CONNECTIONS))
        before = site.cpu()
        alone: dict[str, Any] = {"seconds": seconds, "connections": CONNECTIONS}
        single = _repeat(ground, site.tocsin.job, step=100_000, **alone)
        stages = site.stages(before, sum(sent.alerts for sent in single))
        before = site.cpu()
        many: dict[str, Any] = {"seconds": seconds - 1, "alerts_per_post": 100, "connections": 8}
        together = _repeat(ground, site.tocsin.job, first=1_000_000, **many)
        many_stages = site.stages(before, sum(sent.alerts for sent in together))
        apart = _repeat(ground, site.tocsin.job, shape="separate", first=4_000_000, **many)
        theirs = _repeat(ground, peer.job, first=7_000_000, **many) if peer else []
    rates = spread(sent.rate for sent in single)
    tails = spread(1000 * percentile(sent.times, 99) for sent in single)
    n = sum(len(sent.posts) for sent in single)
    refused = sum(sent.refused for sent in [*single, *together, *apart])
    note = f"{CONNECTIONS} connections" + (f"; {refused} refused" if refused else "")
    what = "durable ingest, 1 alert a POST"
    return [
        Row(
            what,
            rates.median,
            "/s",
            at_least(1000),
            n=n,
            repeats=str(rates),
            note=note,
            stages=stages,
        ),
        Row(f"{what}, p99", tails.median, "ms", at_most(40), n=n, repeats=str(tails)),
        _many("one group", together, theirs, many_stages),
        _many("each its own group", apart, theirs),
    ]


def _repeat(
    ground: Ground, job: Callable[..., Job], *, first: int = 0, step: int = 1_000_000, **values: Any
) -> list[Sent]:
    """No alert comes twice: numbers are never used again."""
    return [send(job(first=first + number * step, **values)) for number in range(ground.repeats)]


def _many(
    how: str, ours: list[Sent], theirs: list[Sent], stages: dict[str, float] | None = None
) -> Row:
    rates = spread(sent.rate for sent in ours)
    peers = spread(sent.rate for sent in theirs) if theirs else None
    return Row(
        f"durable ingest, 100 alerts a POST, {how}",
        rates.median,
        "alerts/s",
        at_least(5000) if how == "one group" else None,
        peer=Peer("Alertmanager", peers.median, "in memory alone") if peers else None,
        n=sum(sent.alerts for sent in ours),
        repeats=str(rates),
        stages=stages or {},
    )
