"""Hosts whose clocks are off: what is due is due by the database's."""

from pathlib import Path

import pytest

from tests.deploy.conftest import MakeFleet
from tests.faults.site import Site, State
from tests.sandbox.process import SandboxHandle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OFF = 600
LATE_SECONDS = 120.0
"""Far below what the clocks are off, and enough for a machine that is busy with something else."""


def wrong(seconds: int) -> dict[str, str]:
    """The environment of a process whose wall clock is so far off."""
    folder = Path(__file__).with_name("skewed")
    return {"PYTHONPATH": str(folder), "CLOCK_OFF": str(seconds)}


@pytest.mark.parametrize(
    ("web", "worker", "beat"),
    [(OFF, -OFF, 0), (-OFF, OFF, -OFF)],
    ids=["web ahead and worker behind", "worker ahead and the others behind"],
)
def test_an_alert_is_not_late_by_what_a_clock_is_off(
    make_fleet: MakeFleet, telegram: SandboxHandle, web: int, worker: int, beat: int
) -> None:
    telegram.reset()
    fleet = make_fleet()
    fleet.start("web", "web", **wrong(web))
    fleet.start("worker", "worker", "--no-beat", **wrong(worker))
    fleet.start("beat", "worker", "--only-beat", **wrong(beat))
    fleet.ready("web", "worker", "beat")
    site = Site(fleet, telegram)
    (place,) = site.make_places(1)
    for number in range(3):
        firing = State(place, f"A{number}x", 1)
        site.send(firing)
        telegram.wait_for_calls("sendMessage", number + 1, timeout=LATE_SECONDS)
    site.send(State(place, "A0x", 2, "resolved"))
    site.check(LATE_SECONDS)
    assert "s off the database's" in fleet.log("worker")
