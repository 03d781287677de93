"""What the console offers to paste, pasted: it parses where it goes, and the shell one sends."""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import yaml

from alerts.snippets import Snippet, snippets, tab_for

SITE, KEY = "https://tocsin.example.org:8443", "ti_-A_b'c"
URL = f"{SITE}/hooks/v1/{KEY}/"
NAMES = [
    *("alertmanager", "prometheus", "amtool", "karma"),
    *("grafana", "home-assistant", "node-red", "shell"),
]


def snippet(name: str, site: str = SITE) -> Snippet:
    return {one.name: one for one in snippets(site, KEY)}[name]


def read(name: str) -> Any:
    return yaml.safe_load(snippet(name).code)


def test_there_is_a_tab_for_every_sender_and_kind() -> None:
    assert [one.name for one in snippets(SITE, KEY)] == NAMES
    kinds = ("auto", "alertmanager", "prometheus", "grafana", "generic")
    assert {tab_for(kind) for kind in kinds} <= set(NAMES)


def test_alertmanager_keeps_the_key_out_of_the_url_that_it_logs() -> None:
    (receiver,) = read("alertmanager")["receivers"]
    (webhook,) = receiver["webhook_configs"]
    assert webhook["url"] == f"{SITE}/hooks/v1/"
    assert webhook["send_resolved"] is True
    assert webhook["http_config"]["authorization"] == {"type": "Bearer", "credentials": KEY}


def test_prometheus_finds_the_api_below_its_prefix() -> None:
    (manager,) = read("prometheus")["alerting"]["alertmanagers"]
    (targets,) = manager["static_configs"]
    base = f"{manager['scheme']}://{targets['targets'][0]}{manager['path_prefix']}"
    assert f"{base}/api/v2/alerts" == f"{URL}api/v2/alerts"


def test_amtool_and_karma_find_the_api() -> None:
    assert read("amtool") == {"alertmanager.url": URL.rstrip("/")}
    (server,) = read("karma")["alertmanager"]["servers"]
    assert server["uri"] == URL.rstrip("/")
    assert server["external_uri"] == SITE
    assert server["proxy"] is True, "or every browser sees the key"


def test_grafana_and_home_assistant_get_the_whole_url() -> None:
    (point,) = read("grafana")["contactPoints"]
    assert point["receivers"][0]["settings"]["url"] == URL
    home = read("home-assistant")
    assert home["notify"][0]["resource"] == URL
    assert home["rest_command"]["tocsin_alert"]["url"] == URL
    assert "to_json" in home["rest_command"]["tocsin_alert"]["payload"]


def test_node_red_imports_a_flow_whose_wires_meet() -> None:
    flow = json.loads(snippet("node-red").code)
    known = {node["id"] for node in flow}
    assert {target for node in flow for port in node["wires"] for target in port} <= known
    (request,) = [node for node in flow if node["type"] == "http request"]
    assert request["url"] == URL
    (inject,) = [node for node in flow if node["type"] == "inject"]
    assert json.loads(inject["payload"])["title"]


class Listener(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    posts: list[tuple[str, str, bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posts.append((self.path, self.headers["Content-Type"], body))
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def test_the_shell_lines_send_an_alert_its_end_and_a_text() -> None:
    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        code = snippet("shell", f"http://127.0.0.1:{server.server_port}").code
        subprocess.run(["bash", "-euo", "pipefail", "-c", code], check=True, timeout=20)
    finally:
        server.shutdown()
        server.server_close()
    (path, _, fires), (_, _, ends), (_, kind, text) = Listener.posts
    assert path == f"/hooks/v1/{KEY}/"
    assert json.loads(fires)["status"] == "firing"
    assert json.loads(ends)["status"] == "resolved"
    assert (kind, text) == ("text/plain", b"Backup finished\n")


@pytest.mark.peers
@pytest.mark.parametrize(
    ("program", "arguments", "name"),
    [
        ("amtool", ["check-config"], "alertmanager"),
        ("promtool", ["check", "config"], "prometheus"),
    ],
)
def test_the_senders_own_checkers_accept_them(
    program: str, arguments: list[str], name: str, tmp_path: Path
) -> None:
    found = which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    file = tmp_path / f"{name}.yml"
    file.write_text(snippet(name).code)
    command = [found, *arguments, str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
