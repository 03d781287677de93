"""Records what Debian's Prometheus, Alertmanager and amtool really send: `captured_*.json`.

    python -m tests.alerts.sources.capture [folder]

Everything runs on loopback, in a temporary folder, for about half a minute. Bodies are kept as
they came, only indented; file names say what they show.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests import clock
from tests.ports import free_port

PAYLOADS = Path(__file__).parent / "payloads"

ALERTMANAGER_CONFIG = """
global: {{resolve_timeout: 5m}}
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 1h
  routes:
  - {{matchers: ['team="cut"'], receiver: cut}}
  - {{matchers: ['team="all"'], receiver: dotted.name+(all), group_by: ['...']}}
receivers:
- name: hook
  webhook_configs: [{{url: '{url}/hook'}}]
- name: cut
  webhook_configs: [{{url: '{url}/cut', max_alerts: 2}}]
- name: dotted.name+(all)
  webhook_configs: [{{url: '{url}/all'}}]
"""

PROMETHEUS_CONFIG = """
global: {{evaluation_interval: 1s, external_labels: {{cluster: east, replica: a}}}}
rule_files: ['rules.yml']
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]}}
"""

PROMETHEUS_RULES = """
groups:
- name: demo
  rules:
  - alert: Blink
    expr: vector(time() % 10) < 5
    labels: {severity: page}
    annotations: {summary: 'value is {{ $value }}', runbook_url: 'https://runbooks.example/Blink'}
  - alert: Watchdog
    expr: vector(1)
    labels: {severity: none}
"""


class Recorder:
    """An HTTP server that keeps every body it is sent, as `(path, body)`, and answers 200."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                received.append((self.path, self.rfile.read(length)))
                self.answer()

            def do_GET(self) -> None:
                self.answer()

            def answer(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_for(
        self, path: str, wanted: Callable[[Any], bool], seconds: float = 40
    ) -> dict[str, Any] | list[Any]:
        """The first body posted to `path` that is as wanted."""
        deadline = clock.now() + seconds
        while clock.now() < deadline:
            for received_path, body in list(self.received):
                if received_path == path and wanted(json.loads(body)):
                    return json.loads(body)  # type: ignore[no-any-return] # JSON is what it is
            time.sleep(0.05)
        raise TimeoutError(f"nothing like that came to {path} within {seconds} s")


@contextmanager
def running(arguments: list[str], ready_url: str) -> Iterator[None]:
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = clock.now() + 60
        while True:
            try:
                urlopen(ready_url, timeout=20).close()
                break
            except (URLError, OSError):
                if process.poll() is not None or clock.now() > deadline:
                    raise
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def alertmanager(recorder: Recorder, folder: Path) -> Iterator[str]:
    """Alertmanager that notifies the recorder; yields its URL."""
    config = folder / "alertmanager.yml"
    config.write_text(ALERTMANAGER_CONFIG.format(url=recorder.url))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = [
        "prometheus-alertmanager",
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with running(arguments, f"{url}/-/ready"):
        yield url


def post_alerts(url: str, *alerts: dict[str, Any]) -> None:
    request = Request(
        f"{url}/api/v2/alerts",
        data=json.dumps(alerts).encode(),
        headers={"Content-Type": "application/json"},
    )
    urlopen(request, timeout=60).close()


def disk_alert(instance: str, **more: Any) -> dict[str, Any]:
    return {
        "labels": {"alertname": "DiskFull", "instance": instance, "severity": "critical"},
        "annotations": {
            "summary": f"Disk of {instance} is full",
            "description": '<b>95 %</b> & "rising" a_b*c [x](y) 🔥',
            "runbook_url": "https://runbooks.example/DiskFull",
        },
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=up&g0.tab=1",
        **more,
    }


def capture_alertmanager(recorder: Recorder, folder: Path) -> Iterator[tuple[str, Any]]:
    """Yields (name, body) for each kind of notification that Alertmanager sends."""
    with alertmanager(recorder, folder) as url:
        post_alerts(url, *(disk_alert(f"db-{n}:9100") for n in range(3)))
        yield "alertmanager_firing", recorder.wait_for("/hook", lambda body: body["alerts"])

        ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        post_alerts(url, disk_alert("db-0:9100", endsAt=ended))
        yield (
            "alertmanager_mixed",
            recorder.wait_for(
                "/hook", lambda body: len({a["status"] for a in body["alerts"]}) == 2
            ),
        )
        post_alerts(url, *(disk_alert(f"db-{n}:9100", endsAt=ended) for n in (1, 2)))
        yield (
            "alertmanager_resolved",
            recorder.wait_for("/hook", lambda body: body["status"] == "resolved"),
        )
        labels = {"alertname": "PodCrash", "team": "cut"}
        post_alerts(url, *({"labels": {**labels, "pod": f"pod-{n}"}} for n in range(5)))
        yield "alertmanager_truncated", recorder.wait_for("/cut", lambda body: body["alerts"])

        post_alerts(url, {"labels": {"alertname": "Grouped by all", "team": "all"}})
        yield "alertmanager_quoted_receiver", recorder.wait_for("/all", lambda body: True)


def capture_amtool(recorder: Recorder) -> Iterator[tuple[str, Any]]:
    """Yields what `amtool alert add` posts."""
    subprocess.run(
        [
            "amtool",
            f"--alertmanager.url={recorder.url}",
            "alert",
            "add",
            "alertname=ByHand",
            "node=x",
            "--annotation=summary=added by hand",
        ],
        check=False,  # it complains about our answer to its version check
        capture_output=True,
        timeout=60,
    )
    yield "amtool_alert_add", recorder.wait_for("/api/v2/alerts", bool)
    recorder.received.clear()


def capture_prometheus(recorder: Recorder, folder: Path) -> Iterator[tuple[str, Any]]:
    """Yields what Prometheus posts while an alert fires, and once it is over."""
    config = folder / "prometheus.yml"
    config.write_text(PROMETHEUS_CONFIG.format(port=recorder.port))
    (folder / "rules.yml").write_text(PROMETHEUS_RULES)
    port = free_port()
    arguments = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=1s",
    ]
    with running(arguments, f"http://127.0.0.1:{port}/-/ready"):
        # Both rules' alerts come in one body or in two, as its sender happens to wake up.
        yield "prometheus_firing", recorder.wait_for("/api/v2/alerts", of_blink)
        yield (
            "prometheus_resolved",
            recorder.wait_for(
                "/api/v2/alerts",
                lambda body: any(alert["endsAt"] < now_text() for alert in body),
            ),
        )


def of_blink(body: Any) -> bool:
    return any(alert["labels"]["alertname"] == "Blink" for alert in body)


def now_text() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PAYLOADS
    recorder = Recorder()
    with tempfile.TemporaryDirectory() as folder:
        for captures in (
            capture_alertmanager(recorder, Path(folder)),
            capture_amtool(recorder),
            capture_prometheus(recorder, Path(folder)),
        ):
            for name, body in captures:
                path = target / f"captured_{name}.json"
                path.write_text(json.dumps(body, indent=2, ensure_ascii=False) + "\n")
                print(path)


if __name__ == "__main__":
    main()
