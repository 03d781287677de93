"""One organization floods: a thousand POSTs a second, ten thousand groups, a hundred chats. Another
one's alerts meanwhile, by a bot of its own, and by the flooding organization's bot, lent to it."""

from collections.abc import Iterator

from bench.chats import spread
from bench.figures import median, percentile
from bench.ground import Ground, Site
from bench.load import Job, Load
from bench.payloads import SHARDS
from bench.product import Tenant, Wanted
from bench.rows import Row, at_most
from bench.scenarios.latency import measure, post, times_of
from bench.shares import shares

DELAY = 0.05
PER_SECOND = 5.0
"""Of the quiet one. Its chats must not be what it waits for: it has one for each alert in turn."""
CHATS = 8
BUDGET = 1_000
FLOOD = 1_000.0
"""POSTs a second of the loud one."""


def run(ground: Ground) -> Iterator[Row]:
    """How much later the quiet one's alerts arrive, of the slowest hundredth: milliseconds."""
    posts, seconds = (2_000, 12.0) if ground.quick else (10_000, 20.0)
    with ground.scaled_out("neighbour", Wanted(tenants=3), DELAY, limited=True) as site:
        site.tocsin.start_web()
        noisy, quiet, borrower = site.tocsin.tenants
        spread(noisy, noisy.bot_id, range(50_000, 50_000 + SHARDS))
        spread(quiet, quiet.bot_id, range(60_000, 60_000 + CHATS))
        borrowing = borrower.api("GET", "organization/")["id"]
        noisy.api("POST", "grants/", {"bot": noisy.bot_id, "grantee": borrowing})
        spread(borrower, noisy.bot_id, range(70_000, 70_000 + CHATS))
        site.tocsin.start_worker()
        alone = measure(site, _asked(quiet, 3_000_000, 6.0))
        yield _flood(site, quiet, posts, seconds, 1, alone, "a bot each")
        yield _flood(site, borrower, posts, seconds, 2, alone, "on one bot")


def _asked(tenant: Tenant, first: int, seconds: float) -> Job:
    return Job((tenant.ingest_url,), "separate", rate=PER_SECOND, seconds=seconds, first=first)


def _flood(
    site: Site,
    quiet: Tenant,
    posts: int,
    seconds: float,
    number: int,
    alone: list[float],
    where: str,
) -> Row:
    """The quiet one's alerts from the beginning of a flood on, for so long."""
    assert site.postgres is not None
    noisy = site.tocsin.tenants[0]
    job = Job((noisy.ingest_url,), "separate", posts=posts, rate=FLOOD, first=number * 1_000_000)
    before = site.cpu()
    flood = Load(job)
    asked = _asked(quiet, 3_000_000 + number * 10_000, seconds)
    own, seen = post(site, asked)
    times = times_of(own, seen)
    sent = flood.result()
    late = percentile(times, 99) - median(alone)
    note = (
        f"p50 {median(times):.0f}, p99 {percentile(times, 99):.0f} ms;"
        f" alone {median(alone):.0f}, {percentile(alone, 99):.0f};"
        f" flood: {sent.alerts:,} accepted, {sent.refused} not, at {sent.rate:.0f}/s"
    )
    return Row(
        f"another one floods, {where}, delay p99",
        late,
        "ms",
        at_most(BUDGET),
        n=len(times),
        note=note,
        stages=site.stages(before, sent.alerts),
        shares=shares(site.postgres, site.tocsin.database, own, seen),
    )
