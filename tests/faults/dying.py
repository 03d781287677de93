"""One product that dies at one failpoint after the other; what it accepted is judged at the end."""

import time

from tests.faults.failpoints import FAILPOINTS, Failpoint
from tests.faults.processes import Processes
from tests.faults.site import Place, Site, State
from tests.flows.system import eventually
from tests.sandbox.process import SandboxHandle

EXPIRES_SECONDS = 5.0
"""Enough for it to come before, also on a busy machine."""
FLOOD = 120
"""Alerts: more than a private chat may be told one by one."""
SETTLED_SECONDS = 240.0
"""Of a process that is not provably gone the next one waits 50 s for a call's deadline."""


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
        env = {"FAILPOINT": failpoint.name}
        if failpoint.purges:
            self._settle()
            env[f"RETENTION_{failpoint.purges}_DAYS"] = "0"
        elif failpoint.trigger == "nothing":
            self._trouble(failpoint, place)
        self.product.start(failpoint.process, **env)
        if failpoint.trigger != "nothing":
            self._trouble(failpoint, place)
        self.product.wait_dead(failpoint.process, failpoint.name, failpoint.within)
        self.site.ledger.kills.append(time.time())
        if failpoint.process == "web":
            self.product.start("web")
            self.site.send(*_news(place))

    def _settle(self) -> None:
        """Once, before what is settled is deleted: with it go the marks, so they are read now, and
        nothing is under way thereafter until all processes that purge have died."""
        if self._is_settled:
            return
        self._is_settled = True
        self.product.start("worker")
        for place in (self.places[one.name] for one in FAILPOINTS if one.purges):
            over = f"Over{place.key}x"
            self.site.send(State(place, over, 1), State(place, over, 2, "resolved"), *_news(place))
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
        if failpoint.trigger == "storm":
            site.flood([State(place, f"S{n}{place.key}x", 1) for n in range(FLOOD)])
        site.send(*_news(place))

    def check(self) -> None:
        """Nothing is lost, doubled, out of order or too fast; and then all of it ends as well."""
        self.product.start("worker")
        self.site.check(SETTLED_SECONDS)
        for place in self.places.values():
            self.site.send(State(place, f"Base{place.key}x", 3, "resolved"))
        self.site.check(60)
        eventually(self._every_probe_has_a_verdict, what="every verdict")

    def _every_probe_has_a_verdict(self) -> bool:
        """As it is now: a probe whose process died is taken up again half a minute later."""
        return all(
            probe["verdict"]
            for place in self.places.values()
            for probe in self.site.api("GET", f"probes/?channel={place.channel_id}")["results"]
        )


def _news(place: Place) -> tuple[State, State]:
    """The alert that is shown changes, and another one begins."""
    return State(place, f"Base{place.key}x", 2), State(place, f"New{place.key}x", 1)
