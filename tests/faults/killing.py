"""Processes of all kinds, killed at random while alerts come in."""

import random
import time
from collections.abc import Sequence

from tests.faults.processes import Product, Victim
from tests.faults.scale import scaled
from tests.faults.site import Site, make_lives

BOTS, CHATS_A_BOT, ALERTS = 20, 3, 500


def kill_at_random(site: Site, product: Product, kinds: Sequence[Victim], seed: int) -> None:
    """Each kind in each of some rounds, in an order that chance decides, and each while alerts come
    in, after a share of them that chance decides."""
    chance = random.Random(seed)
    kills = [name for _ in range(scaled(2)) for name in chance.sample(kinds, len(kinds))]
    refused = 0
    for number, name in enumerate(kills):
        alerts = scaled(ALERTS) // len(kills)
        lives = make_lives(site.places, alerts, seed + number, f"K{number}x")
        with site.crowd(lives, after=chance.uniform(0.05, 0.5)) as crowd:
            site.ledger.kills.append(time.time())
            product.kill(name)
        refused += crowd.refused
    assert refused, "the web process was not seen to be away"
    site.check(scaled(120))
