"""What the console shows to be pasted, copied from its pages of a running product, and run."""

import html
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from jinja2 import Environment

from tests.alerts.heartbeats.test_snippets import NAMES as HEARTBEAT_TABS
from tests.alerts.heartbeats.test_snippets import SAID, job
from tests.alerts.test_snippets import NAMES as SENDER_TABS
from tests.flows.snippets import Console
from tests.flows.system import WITHIN, System, eventually
from tests.pasting import cron, sh, systemd

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide"
PAYLOADS = Path(__file__).resolve().parents[1] / "alerts" / "sources" / "payloads"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def console(system: System) -> Console:
    return Console(system)


class Heartbeat:
    """One that is pinged, by REST and on its page."""

    def __init__(self, system: System, console: Console, name: str) -> None:
        self.system = system
        made = system.api("POST", "heartbeats/", {"name": name, "period": 3600})
        self.path, self.ping_url = f"heartbeats/{made['id']}/", made["ping_url"]
        page = f"/alerts/heartbeat/{made['id']}/change/"
        self.codes, self.steps = console.snippets(page), console.steps(page)

    def code(self, tab: str, job_path: str) -> str:
        """To the letter, but for the job, which is the reader's own."""
        return self.codes[tab].replace("/usr/local/bin/job", job_path)

    def state(self) -> str:
        return str(self.system.api("GET", self.path)["state"])

    def pings(self) -> list[tuple[str, Any, str, str]]:
        """Those that are kept, the oldest first: (kind, exit code, method, body)."""
        rows = self.system.api("GET", f"{self.path}pings/")
        rows = rows["results"] if isinstance(rows, dict) else rows
        return [
            (one["kind"], one["exit_code"], one["method"], one["body"]) for one in reversed(rows)
        ]


@pytest.fixture
def heartbeat(system: System, console: Console, request: pytest.FixtureRequest) -> Heartbeat:
    made = Heartbeat(system, console, f"{request.node.name} – 'nightly' & <b>\"$HOME\"</b> %")
    assert list(made.codes) == HEARTBEAT_TABS
    assert all(made.ping_url in one.replace("\\%", "%") for one in made.codes.values())
    return made


def test_crontab(heartbeat: Heartbeat, tmp_path: Path) -> None:
    cron(heartbeat.code("crontab", job(tmp_path, 0)))
    assert (heartbeat.pings(), heartbeat.state()) == ([("success", None, "GET", "")], "up")
    cron(heartbeat.code("crontab", job(tmp_path, 3)), status=3)
    assert len(heartbeat.pings()) == 1
    tip = heartbeat.steps["crontab"][-1].partition("exit code: ")[2]
    cron(f"0 3 * * * {job(tmp_path, 3)} {tip}\n")
    assert (heartbeat.pings()[-1], heartbeat.state()) == (("fail", 3, "GET", ""), "down")


def test_shell(heartbeat: Heartbeat, tmp_path: Path) -> None:
    said = SAID.rstrip("\n")
    sh(heartbeat.code("shell", job(tmp_path, 0)))
    assert heartbeat.pings() == [("start", None, "GET", ""), ("success", 0, "POST", said)]
    assert heartbeat.state() == "up"
    sh(heartbeat.code("shell", job(tmp_path, 7)), status=7)
    assert heartbeat.pings()[-1] == ("fail", 7, "POST", said)
    assert heartbeat.state() == "down"


def test_wget(heartbeat: Heartbeat) -> None:
    if shutil.which("wget") is None:
        pytest.skip("wget is not installed")
    sh(heartbeat.codes["wget"])
    assert heartbeat.pings() == [("success", None, "GET", "")]


def test_systemd(heartbeat: Heartbeat) -> None:
    unit = heartbeat.codes["systemd"]
    systemd(unit, "ExecStartPre")
    assert heartbeat.state() == "started"
    systemd(unit, "ExecStopPost", EXIT_CODE="exited", EXIT_STATUS="0")
    assert heartbeat.state() == "up"
    systemd(unit, "ExecStopPost", EXIT_CODE="killed", EXIT_STATUS="KILL")
    assert [one[:2] for one in heartbeat.pings()] == [
        *(("start", None), ("success", 0), ("fail", None))
    ]
    assert heartbeat.state() == "down"


def test_what_powershell_sends(heartbeat: Heartbeat) -> None:
    """There is no PowerShell here: the same requests, from what its text says."""
    code = heartbeat.codes["powershell"]
    (url,) = re.findall(r"^\$ping = '(.*)'$", code, re.MULTILINE)
    (kind,) = re.findall(r"ContentType = '(.*)'$", code, re.MULTILINE)
    for says in ("0", "fail"):
        answer = requests.post(
            url + says, data="ünï".encode(), headers={"Content-Type": kind}, timeout=WITHIN
        )
        assert answer.status_code == 200
    assert heartbeat.pings() == [("success", 0, "POST", "ünï"), ("fail", None, "POST", "ünï")]


def test_any_method_and_the_line_of_the_guide(heartbeat: Heartbeat, tmp_path: Path) -> None:
    url = shlex.quote(heartbeat.ping_url)
    for method, options in (("GET", ""), ("HEAD", "-I"), ("POST", "-d ''")):
        sh(f"curl -fsS {options} {url}")
        assert heartbeat.pings()[-1] == ("success", None, method, "")
    guide = (GUIDE / "heartbeats.md").read_text("utf-8")
    (line,) = re.findall(r"^0 3 \* \* \* .*$", guide, re.MULTILINE)
    example = "https://tocsin.example.org/hooks/v1/heartbeat/th_…/"
    assert example in line
    line = line.replace(example, heartbeat.ping_url)
    cron(line.replace("/usr/local/bin/backup", job(tmp_path, 0)) + "\n")
    assert len(heartbeat.pings()) == 4


class Sender:
    """An integration, its page, and the alerts that came."""

    def __init__(self, system: System, console: Console, name: str) -> None:
        self.system = system
        made = system.api("POST", "integrations/", {"name": name})
        self.pk, self.url = made["id"], made["ingest_url"]
        page = f"/alerts/integration/{made['id']}/change/"
        self.codes, self.steps = console.snippets(page), console.steps(page)

    def alerts(self) -> list[tuple[str, str]]:
        """(name, status) in the order in which they came."""
        rows = self.system.api("GET", f"alerts/?integration={self.pk}")["results"]
        return sorted((one["name"], one["status"]) for one in rows)

    def check(self, command: list[str], tab: str, folder: Path) -> None:
        """The sender's own checker takes it."""
        file = folder / f"{tab}.yml"
        file.write_text(self.codes[tab])
        done = subprocess.run(
            [*command, str(file)], check=False, capture_output=True, text=True, timeout=WITHIN
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def sender(system: System, console: Console, request: pytest.FixtureRequest) -> Sender:
    made = Sender(system, console, f"{request.node.name} 'a' & <b>\"$HOME\"</b>")
    assert list(made.codes) == SENDER_TABS
    return made


def test_shell_of_a_sender(sender: Sender) -> None:
    sh(sender.codes["shell"], shell="bash")
    eventually(
        lambda: (
            sender.alerts() == [("Backup finished", "event"), ("Disk full", "resolved")]
            or pytest.fail(str(sender.alerts()))
        ),
        what="the alerts",
    )


def test_the_line_of_the_guide_for_scripts(sender: Sender) -> None:
    guide = (GUIDE / "integrations.md").read_text("utf-8")
    (line,) = re.findall(r"^curl -fsS -d .*$", guide, re.MULTILINE)
    example = "http://localhost:8000/hooks/v1/KEY/"
    assert line.endswith(example)
    sh(line.replace(example, sender.url))
    assert sender.alerts() == [("Disk full on nas", "event")]


@pytest.mark.peers
def test_checkers_of_prometheus_and_alertmanager(sender: Sender, tmp_path: Path) -> None:
    sender.check(["amtool", "check-config"], "alertmanager", tmp_path)
    sender.check(["promtool", "check", "config"], "prometheus", tmp_path)


@pytest.mark.peers
def test_amtools_own_lines(sender: Sender, tmp_path: Path) -> None:
    """What stands above its configuration."""
    for place in ("amtool/config.yml", "prometheus/amtool.yml"):
        file = tmp_path / ".config" / place
        file.parent.mkdir(parents=True)
        file.write_text(sender.codes["amtool"])
    lines = [step.partition(": ")[2] for step in sender.steps["amtool"][1:]]
    assert [line.split()[:2] for line in lines] == [["amtool", "alert"], ["amtool", "silence"]]
    home = os.environ | {"HOME": str(tmp_path)}
    for line in lines:
        done = subprocess.run(
            ["sh", "-c", line], env=home, check=False, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
    silences = sender.system.api("GET", "silences/")["results"]
    assert "Disk replaced" in {one["comment"] for one in silences}


def test_karma_finds_an_alertmanager(sender: Sender) -> None:
    (server,) = yaml.safe_load(sender.codes["karma"])["alertmanager"]["servers"]
    for path in ("/api/v2/status", "/api/v2/silences", "/api/v2/alerts/groups", "/metrics"):
        assert requests.get(server["uri"] + path, timeout=WITHIN).status_code == 200, path
    assert requests.get(server["external_uri"], timeout=WITHIN).ok


def test_grafanas_contact_point(sender: Sender) -> None:
    (point,) = yaml.safe_load(sender.codes["grafana"])["contactPoints"]
    settings = point["receivers"][0]["settings"]
    assert settings["url"] in sender.steps["grafana"][0], "the text to paste is the same"
    body = (PAYLOADS / "grafana_test_button.json").read_bytes()
    answer = requests.request(
        settings["httpMethod"],
        settings["url"],
        data=body,
        headers={"Content-Type": "application/json", "User-Agent": "Grafana"},
        timeout=WITHIN,
    )
    assert answer.status_code == 202, answer.text
    assert sender.alerts() == [("TestAlert", "firing")]


def test_home_assistants_command(sender: Sender) -> None:
    home = yaml.safe_load(sender.codes["home-assistant"])
    (notify,) = home["notify"]
    notice = {notify["title_param_name"]: "Hello", notify["message_param_name"]: "It works."}
    assert requests.post(notify["resource"], json=notice, timeout=WITHIN).status_code == 202
    command = home["rest_command"]["tocsin_alert"]
    environment = Environment(autoescape=False)  # Home Assistant's own renders JSON
    environment.filters["to_json"] = json.dumps
    template = environment.from_string(command["payload"])
    for values in ({}, {"status": "resolved"}):
        body = template.render(title='Door "open" & <b>', **values)
        answer = requests.request(
            command["method"],
            command["url"],
            data=body.encode(),
            headers={"Content-Type": command["content_type"]},
            timeout=WITHIN,
        )
        assert answer.status_code == 202, answer.text
    assert sender.alerts() == [('Door "open" & <b>', "resolved"), ("Hello", "event")]


def test_node_reds_flow(sender: Sender) -> None:
    flow = json.loads(sender.codes["node-red"])
    (inject,) = [node for node in flow if node["type"] == "inject"]
    (request,) = [node for node in flow if node["type"] == "http request"]
    answer = requests.request(
        request["method"], request["url"], json=json.loads(inject["payload"]), timeout=WITHIN
    )
    assert answer.status_code == 202, answer.text
    assert sender.alerts() == [("Hello from Node-RED", "event")]


def test_what_is_shown_is_what_is_copied(console: Console, sender: Sender) -> None:
    """The button takes the text of the element that the page shows."""
    page = console.page(f"/alerts/integration/{sender.pk}/change/")
    for tab in SENDER_TABS:
        assert f'data-copy="code-{tab}"' in page
    assert html.escape(sender.url) in page or sender.url in page
