"""kill -9 of all of Tocsin while it delivers what it accepted. Alertmanager is killed as well."""

import time

from bench.ground import Ground, Site
from bench.load import send
from bench.product import Wanted
from bench.rows import Peer, Row, at_most
from bench.servers import Alertmanager

DELAY = 0.05
TENANTS = 32
PER_POST = 100
SENDERS = 48
"""Calls that one worker has in flight at most (`THREADS` in deliveries/dispatcher.py)."""
RECOVERY = 150.0
"""A call under way is left alone for 5 s, or for 50 where nobody can know that its process is
gone; a claim runs out after 15."""
ARRIVED_ONE_IN = 10
ARRIVING = 20.0


def run(ground: Ground) -> list[Row]:
    """How many accepted alerts never arrived, and how many arrived twice."""
    alerts = 1_000 if ground.quick else 5_000
    wanted = Wanted(TENANTS, unpaced=True)
    with (
        ground.scaled_out("kill", wanted, DELAY) as site,
        ground.alertmanager(site.telegram) as peer,
    ):
        wait = 5.0 if ground.quick else 8.0
        theirs = _kill_peer(site, peer, alerts, wait) if peer is not None else None
        site.telegram.set_up(DELAY)
        site.tocsin.start_web()
        site.tocsin.start_worker()
        job = site.tocsin.job("separate", alerts_per_post=PER_POST, posts=alerts // PER_POST)
        accepted = send(job).sent_at()
        # So that calls are under way.
        site.telegram.wait_for(len(accepted) // ARRIVED_ONE_IN, ARRIVING)
        site.tocsin.kill()
        before = len(site.telegram.notes().seen)
        restarted = time.monotonic()
        site.tocsin.start_web()
        site.tocsin.start_worker()
        seen = site.telegram.wait_for_all(accepted, RECOVERY)
        site.telegram.wait_quiet(2.0, 20.0)
        notes = site.telegram.notes()
    lost = sum(1 for name in accepted if name not in notes.seen)
    twice = sum(count - 1 for count in notes.firsts.values())
    back = max(seen.values()) - restarted
    note = f"{before:,} had arrived; the last one {back:.0f} s after the restart"
    n = len(accepted)
    what = f"kill -9 after {n:,} accepted"
    return [
        Row(f"{what}, lost", lost, "alerts", at_most(0), theirs, n=n, note=note),
        Row(f"{what}, twice", twice, "alerts", at_most(SENDERS), n=n),
    ]


def _kill_peer(site: Site, peer: Alertmanager, alerts: int, wait: float) -> Peer:
    job = peer.job(first=5_000_000, alerts_per_post=PER_POST, posts=alerts // PER_POST)
    accepted = send(job).sent_at()
    peer.restart_after_kill()
    time.sleep(wait)
    seen = site.telegram.notes().seen
    lost = sum(1 for name in accepted if name not in seen)
    return Peer("Alertmanager", lost, f"of {len(accepted):,}, {wait:.0f} s after")
