"""From a POST to what a chat shows."""

import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from alerts import expiry
from alerts.integrations import change_integration
from alerts.models import Alert, AlertGroup, GroupMessage, Trace
from alerts.routes import set_channels
from alerts.trace_story import trace_story
from tests import clock
from tests.alerts.senders import LATER, alert, webhook
from tests.flows.conftest import Flow, settle

MakeFlow = Callable[..., Flow]


def test_alert_fires_repeats_and_resolves(make_flow: MakeFlow) -> None:
    flow = make_flow(renotify_interval=0)
    assert flow.post(webhook(alert())).status_code == 202
    (message,) = flow.messages()
    assert "InstanceDown" in message.text
    assert "FIRING" in message.text
    assert not message.is_silent
    flow.post(webhook(alert()))
    assert flow.methods() == ["sendMessage"]
    flow.post(webhook(alert(status="resolved")))
    first, reply = flow.messages()
    assert "RESOLVED" in first.text
    assert first.message_id == message.message_id
    assert reply.message["reply_to_message"]["message_id"] == message.message_id
    assert "resolved" in reply.text
    assert flow.methods() == ["sendMessage", "editMessageText", "sendMessage"]


def test_an_alert_that_is_not_repeated_is_over(make_flow: MakeFlow) -> None:
    flow = make_flow(renotify_interval=0)
    change_integration(COMMAND_LINE, flow.integration, resolve_timeout=3600)
    flow.post(webhook(alert()))
    assert expiry.expire_due(timezone.now()) == 0
    hour = timedelta(hours=1)
    assert Alert.objects.update(expires_at=F("expires_at") - hour) == 1  # it has passed
    assert expiry.expire_due(timezone.now()) == 1
    settle()
    first, reply = flow.messages()
    assert "RESOLVED" in first.text
    assert "resolved" in reply.text
    flow.post(webhook(alert()))
    assert "FIRING" in flow.messages()[0].text


def test_refire_reopens_the_message_and_replies(make_flow: MakeFlow) -> None:
    flow = make_flow(renotify_interval=0)
    flow.post(webhook(alert()))
    flow.post(webhook(alert(status="resolved")))
    flow.post(webhook(alert(startsAt=LATER)))
    first, _, again = flow.messages()
    assert "FIRING" in first.text
    assert "fired again" in again.text


def test_every_channel_of_the_route_is_told(make_flow: MakeFlow) -> None:
    flow = make_flow(chats=2)
    flow.post(webhook(alert()))
    assert [len(flow.messages(number)) for number in (0, 1)] == [1, 1]


def test_without_a_channel_nothing_is_sent_and_the_trace_says_so(make_flow: MakeFlow) -> None:
    flow = make_flow(chats=0)
    assert flow.post(webhook(alert())).status_code == 202
    assert Trace.objects.get(organization=flow.organization).unrouted == 1


def test_what_does_not_fit_comes_as_a_document(make_flow: MakeFlow) -> None:
    flow = make_flow()
    many = [alert(labels={"instance": f"web-{n}"}) for n in range(200)]
    flow.post(webhook(*many))
    message, document = flow.messages()
    assert "see the document" in message.text
    assert document.kind == "document"
    assert document.message["reply_to_message"]["message_id"] == message.message_id
    flow.post(webhook(*[alert(status="resolved", labels=a["labels"]) for a in many]))
    assert "editMessageMedia" in flow.methods()


def test_events_are_messages_of_their_own(make_flow: MakeFlow) -> None:
    flow = make_flow()
    for version in (1, 2):
        flow.post({"title": "Deploy", "message": f"version {version}"})
    texts = [message.text for message in flow.messages()]
    assert ["version 1" in texts[0], "version 2" in texts[1]] == [True, True]


def test_plain_text_from_curl(make_flow: MakeFlow) -> None:
    flow = make_flow()
    flow.post(b"Disk full", content_type="application/x-www-form-urlencoded")
    assert "Disk full" in flow.messages()[0].text


def test_channel_that_left_the_route_gets_one_last_edit(make_flow: MakeFlow) -> None:
    flow = make_flow(chats=2)
    flow.post(webhook(alert()))
    set_channels(COMMAND_LINE, flow.route, flow.channels[:1])
    settle()
    flow.post(webhook(alert(), alert("B")))
    assert "No longer routed here" in flow.messages(1)[0].text
    assert flow.methods(1) == ["sendMessage", "editMessageText"]
    assert "No longer routed here" not in flow.messages(0)[0].text


def test_repeat_interval_tells_again(make_flow: MakeFlow) -> None:
    flow = make_flow()
    flow.post(webhook(alert()))
    past = timezone.now() - timedelta(hours=5)
    GroupMessage.objects.update(repeat_at=past, sounded_at=past)
    settle()
    assert "still firing" in flow.messages()[-1].text
    repeat_at = GroupMessage.objects.get().repeat_at
    assert repeat_at is not None
    assert repeat_at > timezone.now()


def test_closed_group_is_not_repeated(make_flow: MakeFlow) -> None:
    flow = make_flow()
    flow.post(webhook(alert()))
    flow.post(webhook(alert(status="resolved")))
    assert AlertGroup.objects.get().is_open is False
    assert GroupMessage.objects.get().repeat_at is None


class _Picture(BaseHTTPRequestHandler):
    """A renderer with one picture, and one that takes too long."""

    def do_GET(self) -> None:
        if self.path == "/slow.png":
            time.sleep(12)
        body = PNG if self.path == "/graph.png" else b"no"
        self.send_response(200 if body is PNG else 404)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(body)))
        with suppress(BrokenPipeError):  # who asked has left
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Quiet."""


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 320, 200, 8, 0, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"".join(b"\0" + b"\x80" * 320 for _ in range(200))))
    + _chunk(b"IEND", b"")
)


@pytest.fixture
def pictures() -> Iterator[str]:
    """A web server with pictures; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Picture)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def grafana(url: str, status: str = "firing") -> dict[str, object]:
    """A webhook of Grafana's unified alerting."""
    one = alert(status=status, imageURL=url, silenceURL="https://grafana.example.org/silence")
    return webhook(one, version="1", title="[FIRING:1] InstanceDown", state="alerting", orgId=1)


@clock.undisturbed
def test_grafana_picture_comes_as_a_photo_whose_caption_tells_the_truth(
    make_flow: MakeFlow, pictures: str
) -> None:
    flow = make_flow()
    flow.post(grafana(f"{pictures}/graph.png"))
    (photo,) = flow.messages()
    assert photo.kind == "photo"
    assert "InstanceDown" in photo.text
    flow.post(grafana(f"{pictures}/graph.png", "resolved"))
    assert "RESOLVED" in flow.messages()[0].text
    assert flow.methods() == ["sendPhoto", "editMessageCaption"]


@pytest.mark.parametrize("path", ["/missing.png", "/slow.png"])
def test_text_waits_for_no_picture(make_flow: MakeFlow, pictures: str, path: str) -> None:
    flow = make_flow()
    start = clock.now()
    flow.post(grafana(pictures + path))
    assert clock.now() - start < 10
    assert flow.messages()[0].kind == "text"


def test_a_message_deleted_in_telegram_is_sent_anew(make_flow: MakeFlow) -> None:
    flow = make_flow()
    flow.post(webhook(alert()))
    flow.telegram.clear_messages(flow.chats[0])
    flow.post(webhook(alert(), alert("B")))
    (message,) = flow.messages()
    assert "InstanceDown" in message.text


def test_the_trace_tells_the_story_to_telegrams_answer(make_flow: MakeFlow) -> None:
    flow = make_flow(chats=2)
    flow.post(webhook(alert(), alert("B")))
    trace = Trace.objects.get(organization=flow.organization)
    with CaptureQueriesContext(connection) as queries:
        story = trace_story(trace)
    assert len(queries) <= 6
    assert [one.name for one in story.alerts] == ["InstanceDown", "B"]
    (group,) = story.alerts[0].groups
    assert [channel.note for channel in group.channels] == ["", ""]
    call = group.channels[0].calls[0]
    assert (call.method, call.state, call.attempts[0].status) == ("sendMessage", "sent", 200)
    assert call.message_id == flow.messages(0)[0].message_id
    AlertGroup.objects.all().delete()
    Alert.objects.all().delete()
    assert trace_story(trace).alerts[0].name == ""
