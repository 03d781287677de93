"""Telegram down, slow, dripping, resetting, answering HTML: alerts wait, and what goes out later is
the truth of then."""

import time

import pytest

from tests.alerts.senders import LATER, alert, webhook
from tests.flows.system import Stage, System, eventually
from tests.sandbox.process import SandboxChat

TROUBLE = {
    "resets the connection": {"kind": "reset_before"},
    "answers HTML": {"kind": "bad_gateway"},
    "answers 500": {"kind": "internal_error"},
    "limits for a second": {"kind": "too_many_requests", "retry_after": 1},
}


def accepted(stage: Stage, *alerts: dict[str, object]) -> None:
    """POST a webhook, which is taken whatever Telegram does."""
    answer = stage.post(webhook(*alerts))
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("fault", TROUBLE.values(), ids=TROUBLE.keys())
def test_alert_waits_and_goes_out_once(system: System, fault: dict[str, object]) -> None:
    stage = system.make_stage()
    stage.telegram.fault(bot=stage.bot, count=None, method="sendMessage", **fault)  # type: ignore[arg-type]  # a table of keywords
    accepted(stage, alert())
    stage.telegram.wait_for_calls("sendMessage", 2, bot=stage.bot)
    assert stage.messages() == []
    stage.telegram.clear_faults()
    stage.wait_for("InstanceDown", "firing", seconds=30)
    time.sleep(1)
    assert len(stage.messages()) == 1


def test_slow_answers_are_waited_for(system: System) -> None:
    stage = system.make_stage()
    stage.telegram.fault("delay", bot=stage.bot, seconds=3, method="sendMessage")
    accepted(stage, alert())
    stage.wait_for("InstanceDown")
    assert stage.methods() == ["sendMessage"]


def test_dripping_answer_is_one_message(system: System) -> None:
    stage = system.make_stage()
    stage.telegram.fault("drip", bot=stage.bot, seconds=0.005, method="sendMessage")
    accepted(stage, alert())
    stage.wait_for("InstanceDown")
    accepted(stage, alert(status="resolved"))
    first = stage.wait_for("RESOLVED")
    assert first.message_id == stage.messages()[0].message_id
    assert stage.methods()[:2] == ["sendMessage", "editMessageText"]


@pytest.mark.parametrize("kind", ["reset_after", "lost_answer"])
def test_lost_answer_is_marked_as_maybe_sent(system: System, kind: str) -> None:
    stage = system.make_stage()
    stage.telegram.fault(kind, bot=stage.bot, method="sendMessage")
    accepted(stage, alert())
    stage.telegram.wait_for_calls("sendMessage", 2, bot=stage.bot, timeout=30)
    assert len(stage.messages()) == 2
    (delivery,) = eventually(lambda: stage.deliveries(state="sent"))
    assert delivery["maybe_sent"]
    accepted(stage, alert(status="resolved"))
    stage.wait_for("RESOLVED")


def test_what_fired_and_resolved_meanwhile_is_one_message_about_its_end(system: System) -> None:
    stage = system.make_stage()
    stage.telegram.fault("reset_before", bot=stage.bot, count=None, method="sendMessage")
    accepted(stage, alert())
    stage.telegram.wait_for_calls("sendMessage", 2, bot=stage.bot)
    accepted(stage, alert(status="resolved"))

    def tries() -> list[str]:
        calls = stage.telegram.calls("sendMessage", bot=stage.bot)
        texts = [call.parameters.get("text", "") for call in calls]
        return [text for text in texts if "RESOLVED" in text]

    eventually(tries, what="a try that tells the end")
    stage.telegram.clear_faults()
    shown = stage.wait_for("InstanceDown", "resolved", seconds=30)
    time.sleep(1.5)
    assert shown.message_id == 1
    assert not shown.versions, "it never said that it fires"
    assert stage.texts() == [shown.text]


def test_message_becomes_true_after_an_outage_between_fire_and_resolve(system: System) -> None:
    stage = system.make_stage()
    accepted(stage, alert())
    first = stage.wait_for("FIRING")
    stage.telegram.fault("reset_before", bot=stage.bot, count=None)
    accepted(stage, alert(status="resolved"))
    stage.telegram.wait_for_calls("editMessageText", 2, bot=stage.bot)
    accepted(stage, alert(startsAt=LATER))
    accepted(stage, alert(startsAt=LATER, status="resolved", endsAt="2026-11-23T01:30:00Z"))
    time.sleep(0.5)
    stage.telegram.clear_faults()
    now = stage.wait_for("RESOLVED", seconds=30)
    assert now.message_id == first.message_id
    time.sleep(2)
    shown = stage.messages()[0]
    assert "RESOLVED" in shown.text
    seen = [v["content"]["text"] for v in shown.versions] + [shown.text]
    assert sum("FIRING" in text for text in seen) == 1, seen


def test_one_bot_in_trouble_holds_no_other_back(system: System) -> None:
    sick, well = system.make_stage(), system.make_stage()
    sick.telegram.fault("hang_before", bot=sick.bot, count=None, method="sendMessage")
    try:
        accepted(sick, alert())
        accepted(well, alert())
        well.wait_for("InstanceDown", seconds=10)
        assert sick.messages() == []
    finally:
        sick.telegram.clear_faults()


def test_telegram_itself_killed_and_back(system: System) -> None:
    stage = system.make_stage()
    accepted(stage, alert())
    stage.wait_for("FIRING")
    killed = system.kill("sandbox")
    accepted(stage, alert(status="resolved"))
    system.wait_restarted("sandbox", killed)
    stage.wait_for("RESOLVED", seconds=40)


def test_blocked_bot_disables_the_channel_and_enabling_tells_the_present_once(
    system: System,
) -> None:
    stage = system.make_stage()
    accepted(stage, alert(), alert("Other"))
    stage.wait_for("FIRING")
    stage.telegram.set_state(stage.chat, "blocked", bot=stage.bot)
    accepted(stage, alert(status="resolved"), alert("Other"), alert("Third"))
    eventually(lambda: not stage.channel()["enabled"], what="the disabled channel")
    assert "blocked" in stage.channel()["disabled_reason"].lower()
    accepted(stage, alert(startsAt=LATER), alert("Other", status="resolved"))
    accepted(stage, alert("Third", status="resolved"))
    eventually(lambda: stage.deliveries(state="parked"), what="a parked delivery")

    stage.telegram.set_state(stage.chat, "active", bot=stage.bot)
    since = stage.telegram.cursor()
    system.api("PATCH", f"channels/{stage.channel_id}/", {"enabled": True})
    stage.wait_for("Third", seconds=20)

    def edits() -> list[str]:
        return [method for method in stage.methods(since) if method.startswith("edit")]

    eventually(edits, what="the edit to the present state")  # the chat's pace may hold it back
    time.sleep(2)
    assert edits() == ["editMessageText"]
    assert "InstanceDown" in stage.messages()[0].text


def test_upgraded_group_is_followed(system: System) -> None:
    stage = system.make_stage("group")
    accepted(stage, alert())
    stage.wait_for("FIRING")
    upgraded = stage.telegram.set_state(stage.chat, "upgraded")
    accepted(stage, alert(), alert("Other"))

    supergroup = SandboxChat(upgraded["migrate_to_chat_id"], "supergroup", "")
    eventually(
        lambda: stage.channel()["chat"]["chat_id"] == supergroup.id, what="the channel's new chat"
    )
    assert stage.channel()["enabled"]
    accepted(stage, alert("Third"))
    eventually(lambda: [m for m in stage.messages(supergroup) if "Third" in m.text])


def test_revoked_token_replaced_in_place_lets_what_waits_go_out(system: System) -> None:
    stage = system.make_stage()
    accepted(stage, alert())
    stage.wait_for("FIRING")
    since = stage.telegram.cursor()
    stage.telegram.fault("unauthorized", bot=stage.bot, count=None)
    accepted(stage, alert(), alert("WhileRevoked"))
    stage.telegram.wait_for_calls("getMe", bot=stage.bot, since=since, timeout=20)
    assert not [text for text in stage.texts() if "WhileRevoked" in text]
    stage.telegram.clear_faults()
    api_url = stage.telegram.url
    system.api("PATCH", f"bots/{stage.bot_id}/", {"token": stage.bot.token, "api_url": api_url})
    stage.wait_for("WhileRevoked", seconds=40)
    assert stage.messages()[0].message_id == 1, "the message that was there is edited"
    shown = system.api("GET", f"bots/{stage.bot_id}/")
    assert shown["enabled"]
    assert stage.bot.token.partition(":")[2] not in str(shown)
