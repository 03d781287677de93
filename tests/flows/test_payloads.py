"""What real senders send, through the whole pipeline, to what a person reads.

Each file in `golden/` was read by a person. After a wanted change write them anew with
`UPDATE_GOLDEN=1 pytest tests/flows/test_payloads.py` and read the difference.
"""

import json
import os
import re
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from botapi import tdlib
from botapi.limits import CAPTION_MAX, MESSAGE_TEXT_MAX
from tests import clock
from tests.flows.conftest import Flow
from tests.flows.reading import chat_text
from tests.reference import REFERENCE

MakeFlow = Callable[..., Flow]
GOLDEN = Path(__file__).parent / "golden"
OWN = Path(__file__).parents[1] / "alerts" / "sources" / "payloads"
NO_WEBHOOKS = ("amapi_get_", "amtool_silence_", "telegram_sendmessage_")
"""Answers of Alertmanager's API, and what others send to Telegram."""

MARKS = frozenset("🔴🟠🟡🔵❗✅")
"""Of the four severities, of an unknown one, and of what is over."""

SHARED = sorted(
    path.name
    for path in (REFERENCE / "payloads").glob("*.json")
    if not path.name.startswith(NO_WEBHOOKS)
)

CHATS: dict[str, tuple[str, ...]] = {
    "alertmanager_firing": ("captured_alertmanager_firing",),
    "alertmanager_mixed": ("captured_alertmanager_firing", "captured_alertmanager_mixed"),
    "alertmanager_resolved": (
        "captured_alertmanager_firing",
        "captured_alertmanager_mixed",
        "captured_alertmanager_resolved",
    ),
    "alertmanager_truncated": ("captured_alertmanager_truncated",),
    "alertmanager_v3": ("alertmanager_v3",),
    "alertmanager_v034": ("alertmanager_v034",),
    "grafana_firing_with_image": ("grafana_firing_with_image",),
    "grafana_mixed": ("grafana_mixed",),
    "grafana_resolved_unseen": ("grafana_resolved",),
    "grafana_value_string_only": ("grafana_value_string_only",),
    "grafana_test_button": ("grafana_test_button",),
    "grafana_legacy_alerting": ("grafana_legacy_alerting",),
    "grafana_legacy_ok": ("grafana_legacy_alerting", "grafana_legacy_ok"),
    "grafana_legacy_no_data": ("grafana_legacy_no_data",),
    "prometheus": ("captured_prometheus_firing", "captured_prometheus_resolved"),
    "amtool": ("captured_amtool_alert_add",),
    "generic_full": ("generic_full",),
    "generic_list": ("generic_list",),
}
"""Golden file → payloads of ours, POSTed one after the other."""

TEXTS: dict[str, tuple[bytes, str]] = {
    "generic_smallest": (b'{"title": "Backup failed"}', "application/json"),
    "generic_long": (
        json.dumps(
            {
                "title": "Build 4711 failed",
                "message": "\n".join(f"step {n}: ok" for n in range(900)),
            }
        ).encode(),
        "application/json",
    ),
    "form": (
        b"title=Disk+full&message=%2Fvar+has+2+%25+left&severity=critical&status=firing",
        "application/x-www-form-urlencoded",
    ),
    "text_from_curl": (
        b"Disk full on nas & <b>no</b> space_left",
        "application/x-www-form-urlencoded",
    ),
    "text": ("Smoke in the cellar 🔥\nCall somebody!".encode(), "text/plain; charset=utf-8"),
}
"""Golden file → a body and its Content-Type."""


def names_in(payload: Any) -> Iterator[str]:
    """The alert names that a payload speaks of."""
    alerts = payload.get("alerts") if isinstance(payload, dict) else payload
    for alert in alerts if isinstance(alerts, list) else [payload]:
        labels = alert.get("labels") or {}
        name = labels.get("alertname") or alert.get("ruleName") or alert.get("title")
        if name:
            yield str(name)


def assert_right(flow: Flow) -> None:
    """Each call was accepted, is what Telegram's own parser makes of it, and fits."""
    for call in flow.telegram.calls(bot=flow.bot):
        assert call.status == 200, call
        for field, longest in (("text", MESSAGE_TEXT_MAX), ("caption", CAPTION_MAX)):
            if field in call.parameters:
                parsed = tdlib.parse(call.parameters[field], call.parameters["parse_mode"])
                assert 0 < len(parsed.text) <= longest


def everything_shown(flow: Flow) -> str:
    """What the chat shows and has shown."""
    return "\n".join(
        [m.text for m in flow.messages()]
        + [
            str(v["content"].get("text", v["content"].get("caption", "")))
            for m in flow.messages()
            for v in m.versions
        ]
    )


@pytest.mark.skipif(not SHARED, reason="the reference payloads are not beside this checkout")
@pytest.mark.skipif(not tdlib.available(), reason="tdjson is not installed")
@pytest.mark.parametrize("name", SHARED)
def test_real_payload_is_shown(make_flow: MakeFlow, name: str) -> None:
    flow = make_flow(renotify_interval=0)
    body = (REFERENCE / "payloads" / name).read_bytes()
    answer = flow.post(body)
    assert answer.status_code == 202, answer.content
    assert json.loads(answer.content)["problems"] == []
    assert_right(flow)
    shown = everything_shown(flow)
    for alert_name in names_in(json.loads(body)):
        assert alert_name in shown, (alert_name, shown)
    first_line = flow.messages()[0].text.partition("\n")[0]
    assert first_line.split(" ")[0] in MARKS, first_line
    assert any(word in first_line for word in ("FIRING", "RESOLVED")), first_line


def today(text: str) -> str:
    """The text with the moments of this test taken out: those that no payload names."""
    now = datetime.now(UTC)
    for moment in (now - timedelta(minutes=minutes) for minutes in range(3)):
        text = text.replace(f"{moment:%-d %b %H:%M UTC}", "<now>")
        text = text.replace(f"{moment:%Y-%m-%d}.txt", "<today>.txt")
    text, lasted = re.subn(r"Lasted .*<now>.*", "Lasted a moment, at <now>", text)
    return re.sub(r"resolved after .* s:", "resolved after a moment:", text) if lasted else text


def compare(flow: Flow, name: str) -> None:
    """Compare the chat with the golden file, or write it where that was asked for."""
    content = today(chat_text(flow.messages()))
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(content)
    assert content == path.read_text(), f"{name} differs; see the head of {__file__}"


def png(width: int = 40, height: int = 20) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="module")
def picture_url() -> Iterator[str]:
    """Where a real picture is served."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = png()
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/panel.png"
    server.shutdown()


def own_payload(name: str, picture_url: str) -> bytes:
    """A payload of ours, with a picture that is there and, where Prometheus promised that an alert
    still fires, with a promise that is not over."""
    text = (OWN / f"{name}.json").read_text()
    text = re.sub(r'("image_?url": *)"[^"]+"', rf'\1"{picture_url}"', text, flags=re.IGNORECASE)
    payload = json.loads(text)
    if isinstance(payload, list) and name.startswith("captured_prometheus"):
        for alert in payload:
            if not ("resolved" in name and alert["labels"]["alertname"] == "Blink"):
                alert["endsAt"] = "2126-01-01T00:00:00Z"
    return json.dumps(payload).encode()


@pytest.mark.parametrize("name", CHATS)
@clock.undisturbed
def test_chat(make_flow: MakeFlow, picture_url: str, name: str) -> None:
    flow = make_flow(renotify_interval=0)
    for payload in CHATS[name]:
        answer = flow.post(own_payload(payload, picture_url))
        assert answer.status_code == 202, answer.content
    if tdlib.available():
        assert_right(flow)
    compare(flow, name)


@pytest.mark.parametrize("name", TEXTS)
def test_text(make_flow: MakeFlow, name: str) -> None:
    flow = make_flow()
    body, content_type = TEXTS[name]
    assert flow.post(body, content_type=content_type).status_code == 202
    compare(flow, name)


def test_every_golden_file_belongs_to_a_chat() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == CHATS.keys() | TEXTS.keys()
