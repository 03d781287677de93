"""Somebody asks for an answer while ten thousand calls wait: in many chats of his bot, in a few
private ones, in groups. With Telegram's limits enforced, on PostgreSQL and embedded at once: the
limits let neither use much of the machine."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.backlog import Load, fill
from bench.figures import median, percentile
from bench.ground import Ground, Site
from bench.payloads import marker
from bench.product import GROUP, Tocsin, Wanted
from bench.rows import Row, at_most

DELAY = 0.05
SETTLE = 15.0
"""Seconds after the start in which the backlog is read and the first bursts leave."""
EVERY = 0.4
"""Seconds between two questions to a bot. A chat of 20 is asked every 8 s, a group of 40 every 16:
no more often than places are kept for people (4 a minute in a group, 3 a second of a bot)."""
PATIENCE = 10.0
BUDGET = 1_000


@dataclass(frozen=True, slots=True)
class Crowd:
    """Where people ask: chats of one bot, over which everything that waits is spread."""

    name: str
    chats: int
    groups: bool = False


CROWDS = (Crowd("2,500 chats", 2_500), Crowd("20 chats", 20), Crowd("40 groups", 40, groups=True))


def run(ground: Ground) -> Iterator[Row]:
    """Milliseconds from asking for a test message to its arrival at Telegram."""
    return ground.in_both_modes(_scaled_out, _embedded)


def _scaled_out(ground: Ground) -> list[Row]:
    wanted = Wanted(tenants=len(CROWDS))
    with ground.scaled_out("interactive", wanted, DELAY, limited=True) as site:
        channels = _fill(site.tocsin, ground)
        site.tocsin.start_web()
        site.tocsin.start_worker()
        return _measure(site, ground, channels, "PostgreSQL")


def _embedded(ground: Ground) -> list[Row]:
    channels: dict[str, str] = {}

    def prepare(tocsin: Tocsin) -> None:
        channels.update(_fill(tocsin, ground))

    wanted = Wanted(tenants=len(CROWDS))
    with ground.embedded(wanted, DELAY, limited=True, prepare=prepare) as site:
        return _measure(site, ground, channels, "embedded")


def _asked(ground: Ground, place: int) -> tuple[str, ...]:
    times = 20 if ground.quick else 100
    return tuple(marker(1_000_000 * (place + 1) + number) for number in range(times))


def _waiting(ground: Ground) -> int:
    return 2_500 if ground.quick else 10_000


def _fill(tocsin: Tocsin, ground: Ground) -> dict[str, str]:
    loads = []
    for place, (crowd, tenant) in enumerate(zip(CROWDS, tocsin.tenants, strict=True)):
        first = GROUP - 50_000 if crowd.groups else 50_000
        each = _waiting(ground) // crowd.chats
        loads.append(Load(tenant.channel_id, first, crowd.chats, each, _asked(ground, place)))
    return fill(tocsin, *loads)


def _measure(site: Site, ground: Ground, channels: Mapping[str, str], database: str) -> list[Row]:
    time.sleep(SETTLE)
    begin = time.monotonic()

    def ask(place: int) -> dict[str, float]:
        sent = {}
        for number, name in enumerate(_asked(ground, place)):
            due = begin + EVERY * (number + place / len(CROWDS))
            time.sleep(max(0.0, due - time.monotonic()))
            sent[name] = time.monotonic()
            site.tocsin.tenants[place].api("POST", f"channels/{channels[name]}/test/")
        return sent

    with ThreadPoolExecutor(len(CROWDS)) as pool:
        sent = list(pool.map(ask, range(len(CROWDS))))
    seen = site.telegram.wait_for_all([name for one in sent for name in one], PATIENCE)
    refused = int(site.telegram.count()["refused"])
    rows = []
    for crowd, asked in zip(CROWDS, sent, strict=True):
        where = f"{_waiting(ground):,} waiting in {crowd.name}, {database}"
        rows.append(_row(where, asked, seen, refused))
    return rows


def _row(where: str, asked: Mapping[str, float], seen: Mapping[str, float], refused: int) -> Row:
    waits = [1000 * (seen.get(name, at + PATIENCE) - at) for name, at in asked.items()]
    hidden = sum(name not in seen for name in asked)
    note = f"p50 {median(waits):.0f}, at most {max(waits):.0f} ms; {refused} refused with 429"
    note += f"; {hidden} never arrived" if hidden else ""
    what = f"interactive, {where}, p99"
    return Row(what, percentile(waits, 99), "ms", at_most(BUDGET), n=len(waits), note=note)
