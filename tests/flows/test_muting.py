"""What mutes, from the API to the chat: silences, inhibit rules and quiet hours, and that their end
is told by whoever is there then."""

import time
from hashlib import blake2b
from typing import Any

from alerts.route_table import CACHED_FOR
from tests.alerts.senders import alert, webhook
from tests.flows.system import Stage, System, eventually

QUIET = 3.0
"""Seconds in which what is not held back would be in the chat many times over."""


def of_team(name: str, team: str, status: str = "firing", **labels: str) -> dict[str, Any]:
    """A webhook about one alert in a group of its own. All stages are one organization's."""
    told = alert(name, status, labels={"team": team, **labels})
    told["fingerprint"] = blake2b(f"{name} {team}".encode(), digest_size=8).hexdigest()
    return webhook(told, groupKey=f"{team} {name}")


def silence(system: System, team: str, duration: str) -> str:
    body = {"matchers": f'team="{team}"', "duration": duration, "comment": "new disks"}
    made: str = system.api("POST", "silences/", body)["id"]
    return made


def stays_quiet(stage: Stage, seconds: float = QUIET) -> None:
    before = stage.texts()
    time.sleep(seconds)
    assert stage.texts() == before


def test_a_silence_is_said_where_it_burns_and_its_end_is_heard(system: System) -> None:
    stage = system.make_stage()
    stage.post(of_team("Burns", "said"))
    stage.wait_for("FIRING", "Burns")
    made = silence(system, "said", "1h")
    told = stage.wait_for("Silenced until", "new disks")
    assert "FIRING" in told.text
    assert len(stage.messages()) == 1, "nobody was rung"
    system.api("POST", f"silences/{made}/expire/")
    reply = stage.wait_for("no longer silenced: Burns")
    assert reply.message_id != told.message_id
    eventually(lambda: "Silenced" not in stage.messages()[0].text, what="the edit")


def test_what_is_held_back_is_told_when_the_silence_ends(system: System) -> None:
    stage = system.make_stage()
    silence(system, "held", "5s")
    stage.post(of_team("Held", "held"))
    stays_quiet(stage)
    assert stage.texts() == []
    stage.wait_for("FIRING", "Held")


def test_the_end_is_told_though_the_worker_died_meanwhile(system: System) -> None:
    stage = system.make_stage()
    silence(system, "killed", "6s")
    stage.post(of_team("Killed", "killed"))
    stays_quiet(stage)
    killed = system.kill("worker")
    system.wait_restarted("worker", killed)
    stage.wait_for("FIRING", "Killed")


def test_an_outage_keeps_what_follows_from_it_quiet(system: System) -> None:
    stage = system.make_stage()
    rule = system.api(
        "POST",
        "inhibit-rules/",
        {
            "name": "down first",
            "source_matchers": 'team="outage",severity="critical"',
            "target_matchers": 'team="outage",severity="warning"',
            "equal": ["instance"],
        },
    )
    time.sleep(CACHED_FOR)
    stage.post(of_team("Down", "outage", severity="critical"))
    stage.wait_for("FIRING", "Down")
    stage.post(of_team("Slow", "outage"))
    stays_quiet(stage)
    stage.post(of_team("Down", "outage", "resolved", severity="critical"))
    stage.wait_for("RESOLVED", "Down")
    stage.wait_for("FIRING", "Slow")
    system.api("DELETE", f"inhibit-rules/{rule['id']}/")


def test_a_route_tells_after_its_quiet_hours(system: System) -> None:
    stage = system.make_stage()
    timing = system.api("POST", "mute-timings/", {"name": "now", "intervals": [{}]})
    channels = [stage.channel_id]
    routes = system.api("GET", "routes/")["results"]
    (route,) = [one for one in routes if one["channels"] == channels]
    system.api("PATCH", f"routes/{route['id']}/", {"mute_timings": [timing["id"]]})
    stage.post(of_team("Night", "night"))
    stays_quiet(stage)
    assert stage.texts() == []
    system.api("PATCH", f"mute-timings/{timing['id']}/", {"intervals": [{"years": ["1999"]}]})
    stage.wait_for("FIRING", "Night")
