"""Beats and workers beside each other: each alert is told once."""

import pytest

from tests.deploy.conftest import MakeFleet
from tests.faults.site import Crowd, Site, make_lives
from tests.sandbox.process import SandboxHandle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PARTS = {
    "two of all": {"worker-1": (), "worker-2": ()},
    "split, with two beats of their own": {
        "beat-1": ("--only-beat",),
        "beat-2": ("--only-beat",),
        "dispatch-1": ("--no-beat", "--queues", "dispatch"),
        "dispatch-2": ("--no-beat", "--queues", "dispatch"),
        "others": (
            "--no-beat",
            "--queues",
            "updates",
            "publish",
            "probes",
            "fallbacks",
            "sync",
            "receive",
            "maintenance",
        ),
    },
}


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_each_alert_is_told_once(
    make_fleet: MakeFleet, telegram: SandboxHandle, parts: dict[str, tuple[str, ...]]
) -> None:
    telegram.reset()
    fleet = make_fleet()
    fleet.start("web", "web")
    for name, options in parts.items():
        fleet.start(name, "worker", *options)
    fleet.ready("web", *parts)
    site = Site(fleet, telegram)
    crowd = Crowd(site, make_lives(site.make_places(4, 2), 60, seed=5), threads=4)
    crowd.join(60)
    site.check(90)
    assert site.ledger.marked == set()
    for name in parts:
        fleet.stop(name)
        assert "Traceback" not in fleet.log(name)
