"""From a POST to what a chat shows."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from accounts.audit import COMMAND_LINE
from alerts.models import AlertGroup, GroupMessage, Trace
from alerts.routes import set_channels
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
    assert GroupMessage.objects.get().repeat_at > timezone.now()


def test_closed_group_is_not_repeated(make_flow: MakeFlow) -> None:
    flow = make_flow()
    flow.post(webhook(alert()))
    flow.post(webhook(alert(status="resolved")))
    assert AlertGroup.objects.get().is_open is False
    assert GroupMessage.objects.get().repeat_at is None
