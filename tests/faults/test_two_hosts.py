"""A host that is cut off in the middle of its work: the lanes move, and nothing else happens."""

import sys
import time
from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest

from tests import clock
from tests.faults.hosts import SHARED, SharedPostgres, TwoHosts, shared_address, why_not
from tests.faults.site import Crowd, Place, Site, State, make_lives
from tests.flows.system import eventually
from tests.sandbox.process import SandboxHandle, running_sandbox

WHY_NOT = why_not()
pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
]

BOTS, CHATS_A_BOT, ALERTS = 8, 2, 160
LEASE_SECONDS = 12.0
RECOVERED_SECONDS = 60.0
"""A call under way is left alone for 50 s: its answer may still come."""
LOCKS_SECONDS = 10.0
"""For which a transaction of a host that was cut off may hold its locks."""


@pytest.fixture(scope="module")
def telegram() -> Iterator[SandboxHandle]:
    with shared_address(), running_sandbox(host=SHARED) as handle:
        yield handle


@pytest.fixture(scope="module")
def product(
    telegram: SandboxHandle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TwoHosts]:
    postgres = SharedPostgres()
    postgres.start()
    try:
        with TwoHosts(tmp_path_factory.mktemp("hosts"), telegram.url, postgres) as running:
            yield running
    finally:
        postgres.remove()


@pytest.fixture(scope="module")
def site(product: TwoHosts, telegram: SandboxHandle) -> Site:
    return Site(product, telegram)


@pytest.fixture(scope="module")
def places(site: Site, product: TwoHosts) -> list[Place]:
    places = site.make_places(BOTS, CHATS_A_BOT)
    for one in product.hosts:
        product.start_worker(one)
    return places


def holders(product: TwoHosts) -> list[str]:
    """Of each lane whose lease has not run out, who holds it."""
    sql = "SELECT holder FROM deliveries_lane WHERE holder <> '' AND leased_until > now()"
    with psycopg.connect(product.postgres.url, autocommit=True) as connection:
        return [row[0] for row in connection.execute(sql)]


def calls_of(site: Site) -> list[tuple[str, str]]:
    """Every call that makes or changes a message, by its method and text."""
    return [(one.method, one.text) for one in site.arrivals.read() if one.counts]


def test_one_is_cut_off_mid_send_and_the_other_goes_on(
    site: Site, product: TwoHosts, telegram: SandboxHandle, places: list[Place]
) -> None:
    telegram.set_latency(0.7)
    crowd = Crowd(site, make_lives(places, ALERTS, seed=5), threads=4)
    telegram.wait_for_calls("sendMessage", 40)
    busiest, _ = Counter(holders(product)).most_common(1)[0]  # that may be the one of all lanes
    cut_off = product.host_of(int(busiest.split("/")[-2]))
    cut_off.cut()
    site.ledger.kills.append(time.time())
    try:
        crowd.join(60)
        eventually(
            lambda: busiest not in holders(product),
            LEASE_SECONDS + LOCKS_SECONDS + 15,
            what="the end of a lease",
        )
        telegram.set_latency(0)
        site.check(RECOVERED_SECONDS + 60)
    finally:
        cut_off.mend()
    arrived = calls_of(site)
    since = time.time()
    eventually(lambda: product.beats(cut_off, since), 90, what="a worker that is back")
    site.check(30)
    time.sleep(10)
    # What is new may come: an end is told a minute after the beginning at the soonest.
    since_then = calls_of(site)[len(arrived) :]
    assert not set(since_then) & set(arrived), "calls of long ago arrived after all"
    site.check(30)


def test_locks_of_a_host_that_is_gone_end(
    site: Site, product: TwoHosts, places: list[Place]
) -> None:
    """It was in the middle of beginning a call. Its lane waits some seconds, and no other one."""
    cut_off, other = product.hosts
    place, *others = places
    script = (
        "import time; from django.db import transaction; from deliveries.models import Lane\n"
        "with transaction.atomic():\n"
        f"    Lane.objects.select_for_update().get(bot_id='{place.bot_id}')\n"
        "    print('locked', flush=True)\n"
        "    time.sleep(600)\n"
    )
    shell = (sys.executable, "manage.py", "shell", "-v", "0", "-c", script)
    product.start("locker", cut_off.command(*shell))
    eventually(lambda: "locked" in product.log("locker"), 60, what="a locked lane")
    cut_off.cut()
    try:
        began = clock.now()
        for number, one in enumerate([place, *others]):
            site.send(State(one, f"Lock{number}x", 1))
        site.check(LEASE_SECONDS + LOCKS_SECONDS + RECOVERED_SECONDS)
        assert clock.now() - began < LEASE_SECONDS + LOCKS_SECONDS + 30
    finally:
        cut_off.mend()
    assert product.beats(other, time.time() - 10)
