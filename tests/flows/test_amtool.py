"""Debian's amtool, pointed at an integration of the whole product."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.snippets import snippets
from tests.flows.system import Stage, System, eventually

pytestmark = [
    pytest.mark.peers,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("amtool") is None, reason="not installed: amtool"),
]


class Amtool:
    """With the configuration that the console says, in a home of its own."""

    def __init__(self, stage: Stage, home: Path) -> None:
        site_url, _, key = stage.ingest_url.rstrip("/").partition("/hooks/v1/")
        (config,) = [one.code for one in snippets(site_url, key) if one.name == "amtool"]
        for place in ("amtool/config.yml", "prometheus/amtool.yml"):  # everywhere, and on Debian
            file = home / ".config" / place
            file.parent.mkdir(parents=True)
            file.write_text(config)
        self.home = home

    def __call__(self, *arguments: str, fails: bool = False) -> str:
        """What it prints; its failure, where that is expected."""
        done = subprocess.run(
            ["amtool", *arguments],
            env=os.environ | {"HOME": str(self.home)},
            check=False,  # the assertion shows what it said
            capture_output=True,
            text=True,
            timeout=60,
        )
        said = done.stdout + done.stderr
        assert (done.returncode != 0) is fails, said
        assert "arning" not in said, said  # as of another version
        return said

    def json(self, *arguments: str) -> Any:
        """Its answer as JSON."""
        return json.loads(self(*arguments, "--output=json"))


@pytest.fixture
def stage(system: System) -> Stage:
    return system.make_stage()


@pytest.fixture
def amtool(stage: Stage, tmp_path: Path) -> Amtool:
    return Amtool(stage, tmp_path / "home")


def active(amtool: Amtool) -> list[str]:
    """IDs of the silences that amtool lists by itself: those that have not expired."""
    return amtool("silence", "query", "--quiet").split()


def test_alerts(amtool: Amtool) -> None:
    assert amtool.json("alert", "query") == []
    amtool("alert", "add", "alertname=ByHand", "node=attic", "--annotation=summary=typed")
    amtool("alert", "add", "DiskFull", "node=cellar")
    shown = amtool.json("alert", "query")
    assert {one["labels"]["alertname"] for one in shown} == {"ByHand", "DiskFull"}
    assert {one["status"]["state"] for one in shown} == {"active"}
    (one,) = amtool.json("alert", "query", "node=~at.*")
    assert one["annotations"] == {"summary": "typed"}
    assert "ByHand" in amtool("alert", "query", "ByHand", "--output=extended")
    assert "regexp" in amtool("alert", "query", "--receiver=(", fails=True)
    route = amtool.json("alert", "query")[0]["receivers"][0]["name"]
    assert len(amtool.json("alert", "query", f"--receiver={route}")) == 2
    assert amtool.json("alert", "query", "--receiver=nobody") == []


def test_a_silence_from_first_to_last(stage: Stage, amtool: Amtool) -> None:
    amtool("alert", "add", "alertname=Noise", "node=attic")
    comment = f"by amtool {stage.chat.id}"
    add = ("silence", "add", "--author=anna", f"--comment={comment}", "--duration=2h")
    pk = amtool(*add, "alertname=Noise", "node=~attic|cellar").strip()
    shown = stage.system.api("GET", f"silences/{pk}/")
    assert (shown["author"], shown["comment"], shown["state"]) == ("anna", comment, "active")
    assert shown["matchers"] == '{alertname="Noise", node=~"attic|cellar"}'
    assert shown["alert_count"] == 1
    assert pk in active(amtool)
    assert amtool.json("alert", "query") == [], "what is silenced is not asked for"
    (quiet,) = amtool.json("alert", "query", "--silenced")
    assert quiet["status"] == {"inhibitedBy": [], "silencedBy": [pk], "state": "suppressed"}
    (listed,) = amtool.json("silence", "query", "alertname=Noise", "--created-by=anna")
    assert (listed["id"], listed["status"]) == (pk, {"state": "active"})

    assert amtool("silence", "update", "--duration=4h", "--comment=longer", pk, "--quiet").strip()
    changed = stage.system.api("GET", f"silences/{pk}/")
    length = datetime.fromisoformat(changed["ends_at"]) - datetime.now(UTC)
    assert timedelta(hours=3, minutes=50) < length <= timedelta(hours=4)
    assert (changed["comment"], changed["state"]) == ("longer", "active")

    amtool("silence", "expire", pk)
    assert pk not in active(amtool)
    assert stage.system.api("GET", f"silences/{pk}/")["state"] == "expired"
    (again,) = amtool.json("alert", "query")
    assert again["status"]["state"] == "active"
    assert pk in amtool("silence", "query", "--expired", "--quiet").split()


def test_silences_move_from_an_alertmanager(stage: Stage, amtool: Amtool, tmp_path: Path) -> None:
    """`silence query --output=json` there, `silence import` here."""
    now = datetime.now(UTC)
    exported = [
        {
            "id": f"6a1f2d4e-6f70-4a0e-9a37-{number:012d}",
            "status": {"state": "active"},
            "comment": f"moved {stage.chat.id} {number}",
            "createdBy": "bert",
            "startsAt": (now - timedelta(days=1)).isoformat(),
            "endsAt": (now + timedelta(days=1)).isoformat(),
            "updatedAt": now.isoformat(),
            "matchers": [
                {"name": "env", "value": "prod", "isRegex": False, "isEqual": False},
                {"name": "number", "value": f"{number}|x", "isRegex": True, "isEqual": True},
            ],
        }
        for number in range(5)
    ]
    (tmp_path / "silences.json").write_text(json.dumps(exported))
    amtool("silence", "import", "--force", str(tmp_path / "silences.json"))
    rows = stage.system.api("GET", f'silences/?search={stage.chat.id}&matcher=env!="prod"')
    assert sorted(row["comment"] for row in rows["results"]) == [one["comment"] for one in exported]
    again = amtool.json("silence", "query", "env!=prod")
    assert {one["createdBy"] for one in again} == {"bert"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--duration=2h", "a=b", f"c={'x' * 5000}"), "too long"),
        (("--duration=2h", "alertname=~.*"), "empty string"),
        (("--start=2020-01-01T00:00:00Z", "--end=2020-01-02T00:00:00Z", "a=b"), "in the past"),
    ],
)
def test_refusals_are_shown(amtool: Amtool, arguments: tuple[str, ...], words: str) -> None:
    said = amtool("silence", "add", "--comment=x", *arguments, fails=True)
    assert words in said


def test_what_it_reads_of_the_configuration(stage: Stage, amtool: Amtool) -> None:
    integration = next(
        row["id"]
        for row in stage.system.api("GET", "integrations/")["results"]
        if row["ingest_url"] == stage.ingest_url
    )
    name = f"Databases of {stage.chat.id}"
    stage.system.api(
        "POST",
        "routes/",
        {
            "name": name,
            "integrations": [integration],
            "matchers": 'team=~"db|\\"storage\\"",env!="dev"',
            "group_by": ["alertname", "cluster"],
            "repeat_interval": 0,
            "position": 0,
        },
    )

    def shown() -> bool:
        return name in amtool("config", "routes", "show")

    eventually(shown, what="the route")
    assert 'team=~"db' in amtool("config", "routes", "show")
    tested = amtool("config", "routes", "test", "team=db", "env=prod")
    assert tested.splitlines()[0] == name
    assert name in amtool("config", "show")
    assert "disabled" in amtool("cluster", "show")
