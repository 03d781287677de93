"""One product that dies at one failpoint after the other; what it accepted is judged at the end."""

import time

from tests.faults.failpoints import FAILPOINTS, Failpoint
from tests.faults.processes import Processes
from tests.faults.site import Place, Site, State
from tests.flows.system import eventually
from tests.sandbox.process import SandboxHandle

EXPIRES_SECONDS = 2.0
SETTLED_SECONDS = 100.0
"""A claim takes 60 s to run out, an attempt's deadline 50 s, a lease 12 s."""


class Dying:
    """A product with a bot and a chat for each failpoint: what one death holds up, no other feels.

    In each chat an alert is shown already, and a second one is over: what follows edits the first.
    """

    def __init__(self, product: Processes, telegram: SandboxHandle) -> None:
        self.product = product
        self.site = Site(product, telegram)
        self._is_settled = False
        places = self.site.make_places(len(FAILPOINTS))
        self.places = {one.name: place for one, place in zip(FAILPOINTS, places, strict=True)}
        for place in places:
            self.site.send(State(place, f"Base{place.key}x", 1))
        self.site.check(60)
        # Nobody has to be heard for minutes before an alert is believed to be over.
        self.product.execute("UPDATE alerts_sweepmark SET up_since = '2026-01-01 00:00:00+00:00'")

    def die_at(self, failpoint: Failpoint) -> None:
        """Have the process die there, and start it again."""
        place = self.places[failpoint.name]
        if failpoint.purges:
            self._settle(place)
        env = {"FAILPOINT": failpoint.name}
        if failpoint.purges:
            env[f"RETENTION_{failpoint.purges}_DAYS"] = "0"
        if failpoint.trigger == "nothing":
            self._trouble(failpoint, place)
        self.product.start(failpoint.process, **env)
        if failpoint.trigger != "nothing":
            self._trouble(failpoint, place)
        self.product.wait_dead(failpoint.process, failpoint.name, failpoint.within)
        self.site.ledger.kills.append(time.time())
        if failpoint.process == "web":
            self.product.start("web")
            self.site.send(*_news(place))

    def _settle(self, place: Place) -> None:
        """Once, before what is settled is deleted: with it go the marks, so they are read now."""
        if self._is_settled:
            return
        self._is_settled = True
        self.product.start("worker")
        over = f"Over{place.key}x"
        self.site.send(State(place, over, 1), State(place, over, 2, "resolved"))
        self.site.check(SETTLED_SECONDS)

    def _trouble(self, failpoint: Failpoint, place: Place) -> None:
        """What brings a process to the failpoint."""
        site = self.site
        if failpoint.process == "web":
            # It dies of this one before it answers, or thereafter: either way it is sent again.
            site.try_once(State(place, f"Base{place.key}x", 2))
            return
        if failpoint.trigger in ("verify", "test"):
            site.api("POST", f"channels/{place.channel_id}/{failpoint.trigger}/")
        if failpoint.trigger == "expiry":
            site.expire(State(place, f"Ends{place.key}x", 1), EXPIRES_SECONDS)
        site.send(*_news(place))

    def check(self) -> None:
        """Nothing is lost, doubled, out of order or too fast; and then all of it ends as well."""
        self.product.start("worker")
        self.site.check(SETTLED_SECONDS)
        for place in self.places.values():
            self.site.send(State(place, f"Base{place.key}x", 3, "resolved"))
        self.site.check(60)
        probes = [
            probe
            for place in self.places.values()
            for probe in self.site.api("GET", f"probes/?channel={place.channel_id}")["results"]
        ]
        eventually(lambda: all(probe["verdict"] for probe in probes), what="every verdict")


def _news(place: Place) -> tuple[State, State]:
    """The alert that is shown changes, and another one begins."""
    return State(place, f"Base{place.key}x", 2), State(place, f"New{place.key}x", 1)
