"""Draw the README's pictures anew from a running product: `python docs/screenshots/take.py`.

Starts `manage.py up` on a folder of its own, sends the alerts below, opens the sandbox's chat page
and the console in Debian's Chromium, writes docs/images/*.png, and stops what it started.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
PORT = int(os.environ.get("PORT", "8570"))
START_SECONDS = 120
MAX_BYTES = 300_000


def alert(name: str, severity: str, instance: str, summary: str, status: str = "firing") -> Any:
    """One alert as Alertmanager sends it."""
    now = datetime.now(UTC)
    begun, ended = (moment.isoformat() for moment in (now - timedelta(minutes=17), now))
    return {
        "status": status,
        "labels": {"alertname": name, "severity": severity, "instance": instance, "job": "node"},
        "annotations": {
            "summary": summary,
            "runbook_url": "https://runbooks.example.org/disk",
        },
        "startsAt": begun,
        "endsAt": ended if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "https://prometheus.example.org/graph",
    }


def payload(name: str, alerts: list[Any]) -> Any:
    """Alertmanager's webhook, version 4."""
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{name}"}}',
        "status": alerts[0]["status"],
        "receiver": "tocsin",
        "groupLabels": {"alertname": name},
        "commonLabels": {"alertname": name},
        "commonAnnotations": {},
        "externalURL": "https://alertmanager.example.org",
        "alerts": alerts,
    }


DISK = [
    alert("DiskFillsUp", "critical", "db-1:9100", "The data disk of db-1 has 2 % left"),
    alert("DiskFillsUp", "warning", "db-2:9100", "The data disk of db-2 has 9 % left"),
]
LATENCY = ("HighLatency", "high", "web-3:9100", "p99 is 2.4 s, the goal is 0.5 s")
STORY: list[Any] = [
    payload("HighLatency", [alert(*LATENCY)]),
    payload("DiskFillsUp", DISK[:1]),
    payload("DiskFillsUp", DISK),
    payload("HighLatency", [alert(*LATENCY, status="resolved")]),
]
LAST = {"title": "Nightly backup finished", "message": "412 GB in 38 minutes", "severity": "info"}
REPLY_WITHIN = 90_000
"""Milliseconds: news about a group is told with a sound at most once a minute."""


def post(url: str, body: Any) -> None:
    """Send one payload; raises on anything but 2xx."""
    data = json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 -- our own URL
    with urlopen(request, timeout=10):  # noqa: S310 -- our own URL
        pass


def started(process: subprocess.Popen[str]) -> str:
    """What `up` printed until it was ready."""
    assert process.stdout is not None
    words = ""
    ends_at = time.monotonic() + START_SECONDS
    for line in process.stdout:
        words += line
        if "Ctrl-C" in line:
            return words
        if time.monotonic() > ends_at:
            break
    sys.exit(f"Tocsin did not start:\n{words}")


def found(pattern: str, words: str) -> str:
    """The first group of a pattern that must be there."""
    match = re.search(pattern, words)
    if match is None:
        sys.exit(f"{pattern!r} is not in:\n{words}")
    return match[1]


def opened(browser: Browser, width: int, height: int) -> Page:
    """A window of this size, light, at one pixel a point: the pictures stay small."""
    return browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")


def shot(page: Page, name: str) -> None:
    """Write docs/images/<name>.png; fails when it has grown too large for a README."""
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    if path.stat().st_size > MAX_BYTES:
        sys.exit(f"{path} has {path.stat().st_size} bytes, more than {MAX_BYTES}")


def draw(browser: Browser, words: str) -> None:
    """Send the story and take the pictures."""
    ingest_url = found(r"(http://\S+/hooks/v1/[\w-]+/)", words)
    for body in STORY:
        post(ingest_url, body)
        time.sleep(2.5)  # as in life: each change reaches the chat by itself
    chat = opened(browser, 980, 900)
    chat.goto(f"http://localhost:{PORT + 1}/")
    chat.locator("#chats").get_by_text("Tocsin", exact=True).click()
    chat.get_by_text("resolved after").first.wait_for(timeout=REPLY_WITHIN)
    post(ingest_url, LAST)
    chat.locator("#messages").get_by_text("412 GB").wait_for()
    chat.get_by_role("button", name="Acknowledge").click()
    chat.locator("#messages").get_by_text("cknowledged by").wait_for()
    chat.get_by_text("Acknowledged.", exact=True).wait_for(state="hidden")
    chat.mouse.move(0, 0)
    shot(chat, "chat")
    console = opened(browser, 1360, 760)
    console.goto(f"http://localhost:{PORT}/")
    console.fill("[name=username]", found(r"Log in\s+(\S+@\S+)", words))
    console.fill("[name=password]", found(r"password: (\S+)", words))
    console.press("[name=password]", "Enter")
    console.get_by_text("DiskFillsUp").first.wait_for()
    shot(console, "console")


def main() -> None:
    """Start, draw, stop."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tocsin-pictures-") as data_dir:
        env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env={**env, "DATA_DIR": data_dir, "PORT": str(PORT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            words = started(process)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
                )
                draw(browser, words)
                browser.close()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


if __name__ == "__main__":
    main()
