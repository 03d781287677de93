"""Debian's Prometheus, Alertmanager and amtool, configured as the console says, to the chat."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from alerts.snippets import snippets
from tests.alerts.sources.capture import post_alerts, running
from tests.flows.system import Stage, System, eventually
from tests.ports import free_port

PROGRAMS = ("prometheus-alertmanager", "prometheus", "amtool")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]

pytestmark = [
    pytest.mark.peers,
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]

RULES = """
groups:
- name: shop
  rules:
  - alert: QueueTooLong
    expr: shop_queue_length > 10
    labels: {severity: critical}
    annotations:
      summary: '{{ $value }} orders wait'
      runbook_url: https://runbooks.example.org/queue
"""


class Exporter:
    """A tiny exporter with one gauge."""

    def __init__(self) -> None:
        self.length = 0
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = f"shop_queue_length {exporter.length}\n".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.target = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Serve no more."""
        self._server.shutdown()


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    """One, for as long as the test runs."""
    made = Exporter()
    yield made
    made.stop()


def snippet_of(stage: Stage, name: str) -> str:
    """What the console tells people to paste."""
    site_url, _, key = stage.ingest_url.rstrip("/").partition("/hooks/v1/")
    (code,) = [one.code for one in snippets(site_url, key) if one.name == name]
    return code


@contextmanager
def alertmanager(stage: Stage, folder: Path, port: int = 0) -> Iterator[str]:
    """Alertmanager with the console's snippet, only quicker; yields its URL. Its state stays in
    the folder."""
    quicker = "  group_wait: 1s\n  group_interval: 1s\n"
    config = snippet_of(stage, "alertmanager").replace("route:\n", f"route:\n{quicker}", 1)
    folder.mkdir(exist_ok=True)
    (folder / "alertmanager.yml").write_text(config)
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = [
        "prometheus-alertmanager",
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with running(arguments, f"{url}/-/ready"):
        yield url


@contextmanager
def prometheus(exporter: Exporter, folder: Path, alerting: str) -> Iterator[None]:
    """Prometheus that watches the exporter, with this `alerting` section."""
    (folder / "rules.yml").write_text(RULES)
    (folder / "prometheus.yml").write_text(
        "global: {evaluation_interval: 1s, scrape_interval: 1s}\n"
        "rule_files: [rules.yml]\n"
        "scrape_configs:\n"
        f"- {{job_name: shop, static_configs: [{{targets: ['{exporter.target}']}}]}}\n{alerting}"
    )
    port = free_port()
    arguments = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=1s",
    ]
    with running(arguments, f"http://127.0.0.1:{port}/-/ready"):
        yield


def alerting_by(url: str) -> str:
    """Prometheus' section for an Alertmanager."""
    target = url.removeprefix("http://")
    return f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{target}']}}]}}]}}\n"


def assert_fired_and_resolved(stage: Stage, exporter: Exporter) -> None:
    """The gauge rises and falls; the chat shows severity, name and place, then the end of it."""
    exporter.length = 42
    fired = stage.wait_for("QueueTooLong", seconds=30)
    first_line, _, rest = fired.text.partition("\n")
    assert re.fullmatch(
        rf"🔴 FIRING critical · QueueTooLong · {re.escape(exporter.target)}", first_line
    ), first_line
    assert "42 orders wait" in rest
    buttons = json.dumps(fired.message.get("reply_markup", {}))
    assert "https://runbooks.example.org/queue" in buttons
    exporter.length = 0
    resolved = stage.wait_for("RESOLVED", seconds=30)
    assert resolved.message_id == fired.message_id
    assert len(resolved.versions) == 1

    def replied() -> bool:
        assert len(stage.messages()) == 2
        reply = stage.messages()[1]
        assert reply.message["reply_to_message"]["message_id"] == fired.message_id
        assert "resolved" in reply.text
        return True

    eventually(replied, what="the reply")


def test_prometheus_by_alertmanager(system: System, exporter: Exporter, tmp_path: Path) -> None:
    stage = system.make_stage()
    with (
        alertmanager(stage, tmp_path / "am") as url,
        prometheus(exporter, tmp_path, alerting_by(url)),
    ):
        assert_fired_and_resolved(stage, exporter)


def test_prometheus_by_itself(system: System, exporter: Exporter, tmp_path: Path) -> None:
    stage = system.make_stage()
    with prometheus(exporter, tmp_path, snippet_of(stage, "prometheus")):
        assert_fired_and_resolved(stage, exporter)


DISK = {
    "labels": {"alertname": "DiskFull", "instance": "db-1:9100", "severity": "warning"},
    "annotations": {"summary": "2 % left"},
}


def posts_taken(stage: Stage) -> int:
    """How many POSTs of alerts this stage's integration has taken."""
    key_owner = next(
        row["id"]
        for row in stage.system.api("GET", "integrations/")["results"]
        if row["ingest_url"] == stage.ingest_url
    )
    taken: list[Any] = stage.system.api("GET", f"traces/?integration={key_owner}&status=202")[
        "results"
    ]
    return len(taken)


def test_restarted_alertmanager_and_its_twin_are_one_message(
    system: System, tmp_path: Path
) -> None:
    stage = system.make_stage()
    with alertmanager(stage, tmp_path / "a") as first, alertmanager(stage, tmp_path / "b") as twin:
        for url in (first, twin):
            post_alerts(url, DISK)
        eventually(lambda: posts_taken(stage) >= 2, what="both twins' POSTs")
    (tmp_path / "a" / "data" / "nflog").unlink(missing_ok=True)  # it forgets whom it has told
    with alertmanager(stage, tmp_path / "a") as restarted:
        post_alerts(restarted, DISK)
        eventually(lambda: posts_taken(stage) >= 3, what="the restarted one's POST")
        stage.wait_for("DiskFull")
        assert stage.methods() == ["sendMessage"]
        assert len(stage.messages()) == 1


def amtool_adds(url: str) -> None:
    """`amtool alert add`, which fails unless it is answered as Alertmanager would."""
    done = subprocess.run(
        [
            "amtool",
            f"--alertmanager.url={url}",
            *("alert", "add", "alertname=ByHand", "severity=info", "node=attic"),
            "--annotation=summary=somebody typed this",
        ],
        check=False,  # the assertion shows what it said
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_amtool_by_alertmanager(system: System, tmp_path: Path) -> None:
    stage = system.make_stage()
    with alertmanager(stage, tmp_path / "am") as url:
        amtool_adds(url)
        shown = stage.wait_for("ByHand", "somebody typed this")
        assert "attic" in shown.text


def test_amtool_by_itself(system: System) -> None:
    stage = system.make_stage()
    amtool_adds(stage.ingest_url.rstrip("/"))
    shown = stage.wait_for("ByHand", "somebody typed this")
    assert "attic" in shown.text
