"""Members press buttons under alerts while ten thousand calls of their bot wait in the same chats,
with Telegram's limits enforced: one bot hears of it by webhook, another by long polling. On
PostgreSQL with several workers and embedded at once: the limits let neither use much of the
machine."""

import random
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from bench import people
from bench.backlog import Load, fill
from bench.chats import spread
from bench.figures import percentile
from bench.ground import Ground, Site
from bench.limits import is_group
from bench.load import Job, send
from bench.payloads import SHARDS
from bench.people import Team
from bench.presses import Board, Press
from bench.product import GROUP, Tenant, Tocsin, Wanted
from bench.rows import Row, at_most

DELAY = 0.05
WORKERS = 2
GROUPS, PRIVATE = 24, 8
"""Chats of each bot: each has more waiting than it may get."""
SETTLE = 15.0
"""Seconds after the start in which the backlog is read and the first bursts leave."""
EVERY = 0.8
"""Seconds between two presses that a bot hears of."""
REST = {True: 15.0, False: 5.0}
"""Seconds between two presses in a group, in a private chat: as often as places are kept for people
(4 a minute in a group)."""
ALERTS = 2 * (GROUPS + PRIVATE)
ALERTS_A_SECOND = 12.0
SPARE = 2_000
"""Calls of each bot that may leave before the last press."""
PATIENCE = 10.0
BUDGET = 1_000
WAYS = ("webhook", "polling")
BUTTONS = ("Acknowledge", "Unacknowledge")
"""One of them is there: each press of it shows the other one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A bot with its chats. `way`: how it hears of presses; `place`: its number."""

    tenant: Tenant
    way: str
    place: int

    @property
    def bot_id(self) -> int:
        """Telegram's."""
        return int(self.tenant.token.partition(":")[0])

    @property
    def groups(self) -> range:
        """Their chats' numbers."""
        first = GROUP - 60_000 - 1_000 * self.place
        return range(first, first - GROUPS, -1)

    @property
    def people(self) -> range:
        """Members, and their private chats with the bot."""
        first = 60_000 + 1_000 * self.place
        return range(first, first + PRIVATE)


def run(ground: Ground) -> Iterator[Row]:
    """Milliseconds from the press to its answer, and to the change of the message."""
    return ground.in_both_modes(_scaled_out, _embedded)


def _scaled_out(ground: Ground) -> list[Row]:
    wanted = Wanted(tenants=len(WAYS))
    with ground.scaled_out("pressed", wanted, DELAY, limited=True) as site:
        bots = _join(site.tocsin)
        site.tocsin.start_web()
        site.tocsin.start_worker()
        _tell(site, bots)
        site.tocsin.stop_workers()
        _fill(site.tocsin, bots, ground)
        for _ in range(WORKERS):
            site.tocsin.start_worker()
        return _measure(site, bots, ground, f"PostgreSQL, {WORKERS} workers")


def _embedded(ground: Ground) -> list[Row]:
    bots: list[Heard] = []

    def prepare(tocsin: Tocsin) -> None:
        bots.extend(_join(tocsin))

    wanted = Wanted(tenants=len(WAYS))
    with ground.embedded(wanted, DELAY, limited=True, prepare=prepare) as site:
        _tell(site, bots)
        site.tocsin.stop()
        _fill(site.tocsin, bots, ground)
        site.tocsin.start_embedded()
        return _measure(site, bots, ground, "embedded")


def _join(tocsin: Tocsin) -> list[Heard]:
    """Each organization gets members; its bot hears of them."""
    bots = [
        Heard(tenant, way, place)
        for place, (tenant, way) in enumerate(zip(tocsin.tenants, WAYS, strict=True))
    ]
    people.join(tocsin, *[Team(one.tenant.bot_id, tuple(one.people), one.way) for one in bots])
    return bots


def _tell(site: Site, bots: Sequence[Heard]) -> None:
    """Alerts come to all chats, slowly enough that each has a message of its own."""
    for bot in bots:
        spread(bot.tenant, bot.tenant.bot_id, [*bot.groups, *bot.people], actions="members")
    for bot in bots:
        url = (bot.tenant.ingest_url,)
        first = SHARDS * bot.place
        send(Job(url, "separate", posts=ALERTS, rate=ALERTS_A_SECOND, first=first))
    wanted = ALERTS * len(bots)
    if site.telegram.wait_for(wanted, 60.0) < wanted:
        raise TimeoutError("the alerts to be pressed on did not arrive")


def _fill(tocsin: Tocsin, bots: Sequence[Heard], ground: Ground) -> None:
    each = _each(ground)
    loads = []
    for bot in bots:
        loads.append(Load(bot.tenant.channel_id, bot.groups[0], GROUPS, each, ()))
        loads.append(Load(bot.tenant.channel_id, bot.people[0], PRIVATE, each, ()))
    fill(tocsin, *loads)


def _waiting(ground: Ground) -> int:
    """Calls of each bot, at any time."""
    return 2_500 if ground.quick else 10_000


def _each(ground: Ground) -> int:
    """Calls of each chat, at the beginning."""
    return (_waiting(ground) + SPARE) // (GROUPS + PRIVATE)


def _measure(site: Site, bots: Sequence[Heard], ground: Ground, where: str) -> list[Row]:
    sent = site.telegram.count()["calls"]
    times = 25 if ground.quick else 100
    time.sleep(SETTLE)
    before, began = site.cpu(), time.monotonic()
    boards = site.telegram.boards()
    with ThreadPoolExecutor(len(bots)) as pool:
        pressing = [pool.submit(_press, site, bot, boards, began, times) for bot in bots]
        asked = [one.result() for one in pressing]
    presses = _wait(site)
    seconds, spent = time.monotonic() - began, site.cpu()
    counted = site.telegram.count()
    filled = len(bots) * (GROUPS + PRIVATE) * _each(ground)
    left = filled - (counted["calls"] - sent)
    note = f"{left:,.0f} wait at the end; {counted['refused']:.0f} refused with 429; CPU s in "
    note += f"{seconds:.0f} s: "
    note += ", ".join(f"{name} {now - before[name]:.1f}" for name, now in spent.items())
    known = people.steps(site.tocsin)
    rows = []
    for bot, queries in zip(bots, asked, strict=True):
        what = f"pressed, {_waiting(ground):,} waiting, {where}, {bot.way}"
        found = [presses[query] for query in queries]
        rows.append(_row(f"{what}, answered", [(one.pressed, one.answered) for one in found]))
        shown = _row(f"{what}, shown", [(one.pressed, one.shown) for one in found])
        rows.append(replace(shown, shares=people.shares(known, presses, queries)))
    rows[0] = replace(rows[0], note=f"{rows[0].note}; {note}")
    return rows


def _press(
    site: Site, bot: Heard, boards: Mapping[int, Board], begin: float, times: int
) -> list[str]:
    """Press at random, where nobody did just now; the queries' IDs."""
    chance = random.Random(bot.place)  # the same presses each time
    messages = defaultdict(list)
    for message_id, board in boards.items():
        if board.bot_id == bot.bot_id:
            messages[board.chat_id].append(message_id)
    rested = dict.fromkeys(messages, 0.0)
    queries = []
    for number in range(times):
        due = begin + EVERY * (number + bot.place / len(WAYS))
        time.sleep(max(0.0, due - time.monotonic()))
        chat = chance.choice([one for one, at in rested.items() if at <= time.monotonic()])
        rested[chat] = time.monotonic() + REST[is_group(chat)]
        person = chance.choice(bot.people) if is_group(chat) else chat
        queries.append(site.telegram.press(chance.choice(messages[chat]), BUTTONS, person))
    return queries


def _wait(site: Site) -> dict[str, Press]:
    """Until every press was answered and shown, or for so long."""
    ends = time.monotonic() + PATIENCE
    while True:
        presses = site.telegram.presses()
        is_over = all(one.answered and one.shown for one in presses.values())
        if is_over or time.monotonic() > ends:
            return presses
        time.sleep(0.2)


def _row(what: str, spans: Sequence[tuple[float, float]]) -> Row:
    """What never came counts as long as it was waited for."""
    waits = [1000 * ((came or pressed + PATIENCE) - pressed) for pressed, came in spans]
    missing = sum(not came for _, came in spans)
    p50, p95, p99 = (percentile(waits, percent) for percent in (50, 95, 99))
    note = f"p50 {p50:.0f}, p95 {p95:.0f}, at most {max(waits):.0f} ms"
    note += f"; {missing} never" if missing else ""
    return Row(f"{what}, p99", p99, "ms", at_most(BUDGET), n=len(waits), note=note)
