"""How soon a silence is on the other side: the whole product beside a real Alertmanager."""

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests import clock
from tests.alerts.upstreams.test_sync import Theirs, alertmanager
from tests.flows.system import System, eventually, running_system

WITHIN_SECONDS = 10.0
"""What the guide promises."""
REPEATS = 5
pytestmark = [
    pytest.mark.peers,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        shutil.which("prometheus-alertmanager") is None,
        reason="not installed: prometheus-alertmanager",
    ),
]


class Pair:
    """A product and the Alertmanager behind one of its integrations."""

    def __init__(self, system: System, theirs: Theirs) -> None:
        self.system, self.theirs = system, theirs
        made = system.api("POST", "integrations/", {"name": "Behind it"})
        self.path = f"integrations/{made['id']}/upstream/"
        url = theirs.url.removesuffix("/api/v2")
        system.api("PUT", self.path, {"kind": "alertmanager", "url": url})
        eventually(lambda: self.upstream()["synced_at"], what="the first agreement")

    def upstream(self) -> Any:
        """As REST shows it."""
        return self.system.api("GET", self.path)

    def ours(self, comment: str) -> Any:
        """Ours with this comment, None before there is one."""
        rows = self.system.api("GET", "silences/?ordering=-id")["results"]
        return next((one for one in rows if one["comment"] == comment), None)

    def other(self, comment: str) -> Any:
        """Theirs with this comment, None before there is one."""
        rows = self.theirs.ask("GET", "/silences")
        return next((one for one in rows if one["comment"] == comment), None)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("upstreams")
    with (
        alertmanager(folder / "am") as url,
        running_system(
            folder / "data",
            OUTBOUND_ALLOWED_HOSTS="127.0.0.1",
            API_REQUESTS_PER_MINUTE="6000",  # these tests ask all the time
        ) as system,
    ):
        yield Pair(system, Theirs(url))


def measured(what: str, act: Callable[[int], Any], seen: Callable[[int], Any]) -> list[float]:
    """Seconds from the answer to `act` until `seen`, each time at another moment of the beat."""
    times = []
    for number in range(REPEATS):
        time.sleep(number * 0.7)
        act(number)
        begun = clock.now()
        eventually(partial(seen, number), 3 * WITHIN_SECONDS, what=f"{what} {number}")
        times.append(clock.now() - begun)
    shown = ", ".join(f"{one:.1f}" for one in times)
    print(f"{what}: {shown} s; the longest {max(times):.1f} s")
    return times


def test_a_silence_is_on_the_other_side_within_ten_seconds(pair: Pair) -> None:
    ids: dict[int, str] = {}

    def make_there(number: int) -> None:
        ids[number] = pair.theirs.post(f"There{number}", comment=f"there {number}")

    def end_there(number: int) -> None:
        pair.theirs.ask("DELETE", f"/silence/{ids[number]}")

    def make_here(number: int) -> None:
        body = {"matchers": f'alertname="Here{number}"', "duration": "2h"}
        pair.system.api("POST", "silences/", {**body, "comment": f"here {number}"})

    def end_here(number: int) -> None:
        pk = pair.ours(f"here {number}")["id"]
        pair.system.api("POST", f"silences/{pk}/expire/")

    found = {
        "made there, seen here": measured(
            "made there, seen here",
            make_there,
            lambda n: (row := pair.ours(f"there {n}")) and row["state"] == "active",
        ),
        "ended there, seen here": measured(
            "ended there, seen here",
            end_there,
            lambda n: pair.ours(f"there {n}")["state"] == "expired",
        ),
        "made here, seen there": measured(
            "made here, seen there",
            make_here,
            lambda n: (row := pair.other(f"here {n}")) and row["status"]["state"] == "active",
        ),
        "ended here, seen there": measured(
            "ended here, seen there",
            end_here,
            lambda n: pair.other(f"here {n}")["status"]["state"] == "expired",
        ),
    }
    assert pair.upstream()["problem"] == ""
    late = {what: times for what, times in found.items() if max(times) > WITHIN_SECONDS}
    assert late == {}


def test_neighbours_that_never_answer_make_it_no_later(pair: Pair) -> None:
    """Twelve connections that are taken and never answered, each for as long as one may take."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        paths = []
        for number in range(12):
            made = pair.system.api("POST", "integrations/", {"name": f"Mute {number}"})
            paths.append(f"integrations/{made['id']}/upstream/")
            pair.system.api("PUT", paths[-1], {"kind": "alertmanager", "url": url})
        times = measured(
            "made there beside twelve mute ones, seen here",
            lambda n: pair.theirs.post(f"Beside{n}", comment=f"beside {n}"),
            lambda n: pair.ours(f"beside {n}"),
        )
        assert "within 5 s" in str(pair.system.api("GET", paths[0])["problem"])
        for path in paths:
            pair.system.api("DELETE", path)
    assert max(times) <= WITHIN_SECONDS
