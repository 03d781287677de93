"""How much of what Telegram's limits allow is used, with the limits enforced: at a private chat, at
a group, and at a bot whose chats want more than it may send. All at once, with a bot for each; on
one installation with one worker process, and on another with four."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from bench.backlog import Load, fill
from bench.ground import PEER_CHAT, Ground, Site
from bench.limits import BOT_CALLS, GROUP_CALLS, allowed_calls
from bench.load import send
from bench.processes import cpu_seconds
from bench.product import GROUP as GROUPS
from bench.product import Tenant, Wanted
from bench.rows import Peer, Row, at_least, at_most
from bench.servers import Notes

CHATS = 2 * BOT_CALLS
"""Of the bot-bound load: they may take twice what the bot may send."""
PRIVATE = 20_000
GROUP = GROUPS - 20_000
CROWD = range(30_000, 30_000 + CHATS)
"""The chats."""
REFUSED = 429
WORKERS = (1, 4)
FIRST_CALLS = 3.0
"""Seconds after its start in which a worker makes the first call of each load."""


def run(ground: Ground) -> Iterator[Row]:
    """Efficiency of each load, and how often Telegram had to refuse."""
    seconds = 59.0 if ground.quick else 124.0
    with ExitStack() as stack:
        sites = [
            stack.enter_context(ground.scaled_out(f"pace{workers}", Wanted(2), limited=True))
            for workers in WORKERS
        ]
        for site in sites:
            _prepare(site, seconds)
        peer = stack.enter_context(ground.alertmanager(sites[0].telegram))
        if peer is not None:
            send(peer.job(first=5_000, alerts_per_post=100, posts=1))
        for site, workers in zip(sites, WORKERS, strict=True):
            for _ in range(workers):
                site.tocsin.start_worker()
        time.sleep(seconds + FIRST_CALLS)
        for site, workers in zip(sites, WORKERS, strict=True):
            site.tocsin.check_running()
            told = "1 worker" if workers == 1 else f"{workers} worker processes"
            yield from _rows(site, told, seconds, has_peer=peer is not None and site is sites[0])


def _prepare(site: Site, seconds: float) -> None:
    """Fill its outbox: enough that every chat has a call waiting to the end, and with a reserve.
    Calls, not alerts: of so many waiting alerts the product would make a digest."""
    site.tocsin.set_up(Wanted(tenants=1, groups=True, first=3))
    private, crowd, group = site.tocsin.tenants
    fill(
        site.tocsin,
        Load(private.channel_id, PRIVATE, 1, int(1.2 * seconds) + 10, ()),
        Load(group.channel_id, GROUP, 1, int(0.5 * seconds) + 3 * GROUP_CALLS, ()),
        Load(crowd.channel_id, CROWD[0], CHATS, int(0.6 * seconds) + 10, ()),
    )


def _rows(site: Site, workers: str, seconds: float, *, has_peer: bool) -> list[Row]:
    private, crowd, group = site.tocsin.tenants
    notes = site.telegram.notes()
    return [
        _row(f"private chat, {workers}", private, [PRIVATE], notes, seconds),
        _row(f"group, {workers}", group, [GROUP], notes, seconds),
        _row(f"bot with {CHATS} chats, {workers}", crowd, CROWD, notes, seconds),
        _refusals(site, notes, workers, is_peer_there=has_peer),
    ]


def _row(load: str, tenant: Tenant, chats: Sequence[int], notes: Notes, seconds: float) -> Row:
    """In so many seconds from its first call on, or to the end of the run."""
    bot_id = int(tenant.token.partition(":")[0])
    calls = [call for call in notes.calls if call[1] == bot_id]
    first = min(call[0] for call in calls)
    seconds = min(seconds, max(call[0] for call in notes.calls) - first)
    calls = [call for call in calls if call[0] <= first + seconds]
    arrivals = [call[0] for call in calls if call[4] != REFUSED]
    allowed = allowed_calls(chats, seconds)
    note = f"of {allowed} allowed in {seconds:.0f} s; {len(calls) - len(arrivals)} refused"
    percent = 100 * len(arrivals) / allowed
    return Row(f"pace, {load}", percent, "%", at_least(95), n=len(arrivals), note=note)


def _refusals(site: Site, notes: Notes, workers: str, *, is_peer_there: bool) -> Row:
    ours = [call[4] for call in notes.calls if call[3] != PEER_CHAT]
    theirs = [call[4] for call in notes.calls if call[3] == PEER_CHAT]
    arrived = f"{len(theirs) - theirs.count(REFUSED)} of 100 arrived"
    peer = Peer("Alertmanager", theirs.count(REFUSED), arrived) if is_peer_there else None
    used = ", ".join(f"{cpu_seconds(worker.pid):.0f}" for worker in site.tocsin.workers)
    what = f"pace, refused with 429, {workers}"
    return Row(
        what, ours.count(REFUSED), "calls", at_most(0), peer, n=len(ours), note=f"CPU s: {used}"
    )
