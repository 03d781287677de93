"""A flood into one chat as the people in it see it, with Telegram's limits enforced."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from alerts import publish
from alerts.models import AlertGroup, GroupMessage, Storm
from alerts.routes import set_channels
from alerts.storms import repay as storm_repay
from channels_app.models import Bot, NotificationChannel
from deliveries import backlog, dispatcher, health
from deliveries.models import Delivery
from tests.factories import make_channel
from tests.flows.conftest import Flow, settle
from tests.sandbox.process import SandboxHandle, SandboxMessage

MakeFlow = Callable[..., Flow]
MANY = 300


@pytest.fixture
def limits(sandbox: SandboxHandle) -> Iterator[None]:
    """Telegram refuses what comes too fast."""
    sandbox.set_flood("published")
    yield
    sandbox.set_flood("off")


@pytest.fixture
def group_flow(make_flow: MakeFlow, limits: None) -> Flow:
    """A sender and a supergroup, with the limits that real bots have."""
    flow = make_flow(chats=0)
    Bot.objects.update(per_second=30, chat_per_second=1, group_per_minute=20)
    bot = Bot.objects.get(organization=flow.organization)
    chat = flow.telegram.create_chat("supergroup", bot=flow.bot)
    channel = make_channel(bot, chat_id=chat.id)
    set_channels(COMMAND_LINE, flow.route, [channel])
    return Flow(
        *(flow.telegram, flow.organization, flow.integration, flow.key, flow.route, flow.bot),
        chats=(chat,),
        channels=(channel,),
    )


def tell(numbers: range, status: str = "firing", severity: str = "warning") -> list[dict[str, Any]]:
    """One POST with an alert for each number, each a group of its own."""
    return [
        {"title": f"Alert{n}x", "fingerprint": f"f{n}", "status": status, "severity": severity}
        for n in numbers
    ]


def shown(flow: Flow) -> list[SandboxMessage]:
    """The group's messages, oldest first."""
    return flow.telegram.messages(flow.chats[0])


def document_of(flow: Flow) -> list[str]:
    """The lines of the file that the chat shows now."""
    (message,) = [one for one in shown(flow) if one.kind == "document"]
    file_id = message.message["document"]["file_id"]
    path = flow.telegram.api(flow.bot, "getFile", file_id=file_id)["result"]["file_path"]
    answer = requests.get(f"{flow.telegram.url}/file/bot{flow.bot.token}/{path}", timeout=60)
    return answer.content.decode().splitlines()


def names_in(flow: Flow) -> set[str]:
    """The alerts that the chat shows, in any message or document."""
    words = " ".join([*(one.text for one in shown(flow)), *document_of(flow)])
    return {word for word in words.split() if word.startswith("Alert")}


def let_pass(seconds: float) -> None:
    """As if so much time had passed for the storms, and for the limits."""
    for storm in Storm.objects.all():
        for name in ("edited_at", "document_at", "rung_at"):
            storm.shown[name] -= seconds
        storm.shown["joined"] = [[at - seconds, count] for at, count in storm.shown["joined"]]
        storm.absorbed_at -= timedelta(seconds=seconds)
        storm.due_at = storm.due_at and storm.due_at - timedelta(seconds=seconds)
        storm.save()


def end(flow: Flow) -> Storm:
    """Nothing comes any more."""
    for _ in range(4):
        let_pass(61)
        settle()
    storm = Storm.objects.get(organization=flow.organization)
    assert storm.closed_at is not None
    return storm


def test_storm_is_told_whole_and_stays_true(group_flow: Flow) -> None:
    flow = group_flow
    flow.post(tell(range(5), severity="critical") + tell(range(5, MANY)))
    digest, document = shown(flow)
    assert f"{MANY} alerts, {MANY} firing" in digest.text
    assert "critical: 5 firing" in digest.text
    assert not digest.is_silent
    assert document.is_silent
    assert document.message["reply_to_message"]["message_id"] == digest.message_id
    assert names_in(flow) == {f"Alert{n}x" for n in range(MANY)}
    flow.post(tell(range(5), "resolved", "critical") + tell(range(5, MANY - 3), "resolved"))
    end(flow)
    digest, document, over = shown(flow)
    assert f"3 of {MANY} still firing" in digest.text
    assert f"{MANY - 3} of {MANY} resolved, 3 firing" in over.text
    lines = document_of(flow)
    assert [line.split()[0] for line in lines if line.startswith("Alert")][:8] == [
        f"Alert{n}x" for n in (*range(5), *range(MANY - 3, MANY))
    ], "the critical ones first, though they resolved"
    flow.post(tell(range(MANY - 3, MANY), "resolved"))
    let_pass(31)
    settle()
    texts = [one.text for one in shown(flow)]
    assert f"all {MANY} resolved" in texts[0]
    assert f"All {MANY} alerts" in texts[-1]
    assert not any("FIRING" in line for line in document_of(flow))
    calls = flow.telegram.calls(chat=flow.chats[0], bot=flow.bot)
    assert len(calls) < 20
    assert all(call.status == 200 for call in calls)


def test_what_was_shown_before_becomes_true_again(group_flow: Flow) -> None:
    flow = group_flow
    flow.post(tell(range(2)))
    flow.post(tell(range(2), "resolved") + tell(range(2, MANY)))
    before = {one.message_id: one.text for one in shown(flow)}
    assert sum("FIRING" in text for text in before.values()) == 2
    end(flow)
    for _ in range(3):
        assert storm_repay.repay() <= 1
        settle()
    assert not GroupMessage.objects.exclude(owed_at=None).exists()
    own = shown(flow)[:2]
    assert all("RESOLVED" in one.text for one in own)
    rings = [one for one in shown(flow) if not one.is_silent]
    assert not any("Alert0x" in one.text for one in rings[2:]), "it rang again"


def test_acknowledgement_is_seen(group_flow: Flow) -> None:
    flow = group_flow
    flow.post(tell(range(MANY)))
    group = AlertGroup.objects.get(title="Alert7x")
    now = timezone.now()
    AlertGroup.objects.filter(pk=group.pk).update(acknowledged_at=now, acknowledged_by="anna")
    GroupMessage.objects.filter(group=group).update(due_at=now)
    settle()
    let_pass(61)
    settle()
    assert "1 of those firing acknowledged" in shown(flow)[0].text
    assert any(line.startswith("Alert7x") and "acknowledged" in line for line in document_of(flow))


def later(minutes: int) -> None:
    """As if all that is known had begun so long ago."""
    ago = timedelta(minutes=minutes)
    AlertGroup.objects.update(opened_at=F("opened_at") - ago)
    Delivery.objects.update(due_at=F("due_at") - ago, turn_at=F("turn_at") - ago)


def test_what_was_over_before_telegram_was_back_is_listed_once(make_flow: MakeFlow) -> None:
    flow = make_flow()
    Bot.objects.update(chat_per_second=1)
    publish_only(flow, tell(range(30)))
    later(10)
    publish_only(flow, tell(range(25), "resolved"))
    settle()
    settle()
    texts = [one.text for one in flow.messages()]
    (missed,) = [text for text in texts if "MISSED" in text]
    assert "25 alerts fired and resolved" in missed
    assert "5 more alerts still fire" in missed
    own = [one for one in flow.messages() if "FIRING" in one.text]
    assert len(own) == 5
    (listing,) = [one for one in flow.messages() if "MISSED" in one.text]
    assert not listing.is_silent or "FIRING" not in listing.text
    assert len(texts) <= 7
    storm = Storm.objects.get(organization=flow.organization)
    assert (storm.reason, storm.closed_at is None) == ("outage", False)


def test_what_fires_again_after_an_outage_speaks_for_itself(make_flow: MakeFlow) -> None:
    flow = make_flow()
    publish_only(flow, tell(range(3)))
    later(10)
    publish_only(flow, tell(range(3), "resolved"))
    settle()
    assert len(flow.messages()) == 1
    flow.post(tell(range(1)))
    own = flow.messages()[1]
    assert "FIRING" in own.text
    assert not own.is_silent
    let_pass(61)
    settle()
    assert "1 more group has a message of its own" in flow.messages()[0].text


def test_reenabled_channel_lists_what_it_missed(make_flow: MakeFlow) -> None:
    flow = make_flow()
    Bot.objects.update(chat_per_second=1)
    (channel,) = flow.channels
    publish_only(flow, tell(range(4)))
    health.switch_off(COMMAND_LINE, channel)
    publish_only(flow, tell(range(4, 30)))
    later(10)
    publish_only(flow, tell(range(25), "resolved"))
    health.enable(COMMAND_LINE, NotificationChannel.objects.get(pk=channel.pk))
    settle()
    settle()
    texts = [one.text for one in flow.messages()]
    assert sum("25 alerts fired and resolved" in text for text in texts) == 1
    assert sum("FIRING" in text for text in texts) == 5
    assert len(texts) <= 7


def test_where_very_many_chats_wait_the_document_tells_it_all(make_flow: MakeFlow) -> None:
    flow = make_flow(chats=22)
    Bot.objects.update(per_second=1, chat_per_second=1)
    publish_only(flow, tell(range(1)))
    backlog.forget()
    publish_only(flow, tell(range(1, 15)))
    words = "15 alerts, 15 firing"
    for _ in range(20):
        let_pass(31)
        publish.publish_due()
        waiting = Delivery.objects.filter(state="waiting")
        if all(words in str(one.params) for one in waiting):
            break
    Bot.objects.update(per_second=1000)
    dispatcher.dispatch(until_idle=True)
    for number in range(22):
        (one,) = flow.messages(number)
        assert one.kind == "document"
        assert words in one.message["caption"]
        assert not one.is_silent
    flow.post(tell(range(15), "resolved"))
    for _ in range(20):
        let_pass(61)
        settle()
        if not Storm.objects.filter(closed_at=None).exists():
            break
    (one, over) = flow.messages()
    assert "STORM OVER" in one.message["caption"]
    assert "all 15 resolved" in one.message["caption"]
    assert "15 of 15 resolved" in over.text
    lines = document_of(flow)
    assert sum(line.startswith("Alert") for line in lines) == 15
    assert not any("FIRING" in line for line in lines)


def test_thousands_of_parked_groups_are_one_digest(make_flow: MakeFlow) -> None:
    flow = make_flow()
    Bot.objects.update(chat_per_second=1)
    (channel,) = flow.channels
    health.switch_off(COMMAND_LINE, channel)
    publish_only(flow, tell(range(MANY)))
    later(10)
    health.enable(COMMAND_LINE, NotificationChannel.objects.get(pk=channel.pk))
    settle()
    digest, document = flow.messages()
    assert f"{MANY} alerts, {MANY} firing" in digest.text
    assert document.kind == "document"


def publish_only(flow: Flow, payload: object) -> None:
    """A POST while no call is made: all but Telegram."""
    answer = Client().post(
        f"/hooks/v1/{flow.key}/", json.dumps(payload), content_type="application/json"
    )
    assert answer.status_code == 202
    publish.publish_due()
