"""Delivery alone: a full outbox, two workers, 50 ms to Telegram. Beside Apprise, Alertmanager."""

import os
import sys

from bench.figures import spread
from bench.ground import PEER_CHAT, PEER_TOKEN, Ground, Site
from bench.load import send
from bench.processes import run as run_command
from bench.product import Wanted
from bench.rows import Peer, Row, at_least

DELAY = 0.05
TENANTS = 192
"""A bot and a chat each: a chat has one call in flight, so 192 allow 3,840 calls a second."""
PATIENCE = 120.0


def run(ground: Ground) -> list[Row]:
    """Messages a second: of each third of what waits, from its first arrival to its last."""
    each = 12 if ground.quick else 60
    total = each * TENANTS
    wanted = Wanted(TENANTS, unpaced=True)
    with (
        ground.scaled_out("delivery", wanted, DELAY) as site,
        ground.alertmanager(site.telegram) as peer,
    ):
        site.tocsin.start_web()
        _fill_outbox(site, each)
        before = site.cpu()
        for _ in range(2):
            site.tocsin.start_worker("dispatch")
        rates = _drain(site, total)
        stages = site.stages(before, total)
        site.tocsin.stop()
        alertmanager = None
        if peer is not None:
            site.telegram.set_up(DELAY)
            count = 1000 if ground.quick else 3000
            job = peer.job(first=8_000_000, alerts_per_post=100, posts=count // 100, connections=4)
            sent = send(job)
            site.telegram.wait_for(count, PATIENCE)
            last = site.telegram.count()["last"]
            rate = count / (last - min(post.sent for post in sent.posts))
            alertmanager = Peer("Alertmanager", rate, "100 alerts a POST")
        apprise = _apprise(site, 3.0 if ground.quick else 6.0)
    found = spread(rates)
    what = "delivery alone, 50 ms to Telegram, 2 workers"
    bound = at_least(900, 2000)
    note = f"{TENANTS} bots, a chat each; repeats are thirds of one run"
    rows = [
        Row(
            what,
            found.median,
            "/s",
            bound,
            apprise,
            n=total,
            repeats=str(found),
            note=note,
            stages=stages,
        )
    ]
    if alertmanager is not None:
        rows.append(Row(what, found.median, "/s", peer=alertmanager, n=total))
    return rows


def _fill_outbox(site: Site, each: int) -> None:
    """`each` alerts, a group and so a message each, for every chat, while nobody dispatches."""
    job = site.tocsin.job("separate", alerts_per_post=each, posts=TENANTS)
    assert send(job).alerts == each * TENANTS
    site.publish_all(each * TENANTS)


def _drain(site: Site, total: int) -> list[float]:
    """The rates of the first, the second and the last third. Raises TimeoutError."""
    seen = site.telegram.wait_for(total, PATIENCE)
    if seen < total:
        raise TimeoutError(f"only {seen} of {total} messages were delivered in {PATIENCE:.0f} s")
    arrivals = sorted(call[0] for call in site.telegram.notes().calls)
    size = len(arrivals) // 3
    thirds = [arrivals[place * size : (place + 1) * size] for place in range(3)]
    return [(len(third) - 1) / (third[-1] - third[0]) for third in thirds]


def _apprise(site: Site, seconds: float) -> Peer:
    """In a process of its own, one notification after the other, as its users' scripts do."""
    arguments = [site.telegram.url, PEER_TOKEN, str(PEER_CHAT), str(seconds)]
    env = {"PATH": os.environ["PATH"], "HOME": str(site.tocsin.folder)}
    told = run_command([sys.executable, "-m", "bench.apprise_loop", *arguments], env=env)
    return Peer("Apprise", float(told), "one after the other")
