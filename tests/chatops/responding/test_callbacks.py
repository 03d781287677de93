"""Buttons under alerts: who may press which, what they do, and what everybody sees of it."""

from dataclasses import replace
from typing import Any

import pytest

from accounts.models import AuditEntry, Role
from alerts.models import AlertGroup, Silence
from alerts.rendering.actions import Verb
from chatops.approvals import changes as approving
from chatops.handlers import pressed
from chatops.handlers.callbacks import NOT_OURS
from chatops.handlers.group_buttons import DEEDS
from chatops.reminders import text as reminders
from chatops.responding import pressing
from tests.alerts.senders import alert
from tests.chatops.alerting import ADA, BOB, Scene, make_scene
from tests.chatops.conftest import Talk


@pytest.fixture
def scene(talk: Talk) -> Scene:
    """An alert in two groups."""
    scene = make_scene(talk)
    scene.post()
    return scene


def test_a_press_is_answered_and_shown_in_every_chat(scene: Scene) -> None:
    assert list(scene.buttons())[:5] == [
        "Acknowledge",
        "Resolve",
        "Silence 1h",
        "Silence 4h",
        "More…",
    ]
    assert scene.press("Acknowledge") == "Acknowledged."
    for channel in range(2):
        shown = scene.message(channel)
        assert "👀 Acknowledged by Ada (@ada_l)" in shown.text
        assert "Unacknowledge" in scene.buttons(channel)
    assert scene.did() == [("acknowledged", "Ada (@ada_l)", "telegram")]
    assert scene.press("Unacknowledge", by=BOB, channel=1).startswith("Acknowledgement withdrawn")
    assert "Acknowledged" not in scene.message(0).text
    assert scene.did()[1:] == [("unacknowledged", "Bob", "telegram")]


def test_the_second_one_learns_who_was_first(scene: Scene) -> None:
    old = scene.message(1)
    scene.press("Acknowledge")
    said = scene.press("Acknowledge", by=BOB, message=old)
    assert said.startswith("Already acknowledged by Ada (@ada_l) at ")
    assert len(scene.did()) == 1
    scene.press("Resolve")
    assert scene.press("Resolve", by=BOB, message=old).startswith("Already resolved by Ada")
    assert scene.press("Acknowledge", by=BOB, message=old).startswith("The group is over")


def test_what_is_resolved_says_by_whom_and_has_nothing_to_press_but_reading(scene: Scene) -> None:
    assert scene.press("Resolve") == "Resolved."
    shown = scene.message(1)
    assert "✅" in shown.text
    assert "resolved by Ada (@ada_l)" in shown.text
    assert [label for label, data in scene.buttons().items() if data] == ["More…"]
    scene.press("More…")
    assert list(scene.buttons()) == ["All labels", "History", "Who", "‹ Back"]


def test_silences_last_as_the_button_says_and_once(scene: Scene) -> None:
    old = scene.message(0)
    assert scene.press("Silence 1h").startswith("Silenced until ")
    (silence,) = Silence.objects.for_organization(scene.organization)
    assert (silence.author, silence.way) == ("Ada (@ada_l)", "telegram")
    assert round((silence.ends_at - silence.starts_at).total_seconds()) == 3600
    assert "🔇 Silenced until" in scene.message(0).text
    assert "by Ada (@ada_l)" in scene.message(0).text
    assert scene.press("Silence 1h", by=BOB, message=old).startswith("Already silenced by Ada")
    assert scene.press("Silence 4h", by=BOB).startswith("Silenced until ")
    assert Silence.objects.for_organization(scene.organization).count() == 2
    audited = AuditEntry.objects.filter(organization=scene.organization, actor_name="Bob")
    assert [entry.action for entry in audited] == ["create"]


def test_a_silence_that_holds_for_more_than_the_message_tells_of_says_so(talk: Talk) -> None:
    """Alerts without a name among their labels have few that tell them apart."""
    scene = make_scene(talk, 1)
    for title in ("Kiln", "Roof", "Gate"):
        fired = {"title": title, "status": "firing", "labels": {"site": "north"}}
        assert scene.site.post(fired).status_code == 202
    scene.tell()
    kiln = next(one for one in scene.shown() if "Kiln" in one.text)
    said = scene.press("Silence 1h", message=kiln)
    assert said.startswith("Silenced until ")
    assert said.endswith("It holds for 3 alerts that fire now: for all with the same labels.")
    (silence,) = Silence.objects.for_organization(scene.organization)
    assert [one["name"] for one in silence.matchers] == ["site"]


def test_a_channel_says_which_durations_there_are(talk: Talk) -> None:
    scene = make_scene(talk, 1, silence_durations=["30m", "1d"])
    scene.post()
    old = scene.message()
    assert [label for label in scene.buttons() if "Silence " in label] == [
        "Silence 30m",
        "Silence 1d",
    ]
    scene.change(silence_durations=[])
    scene.press("Acknowledge")
    assert not [label for label in scene.buttons() if label.startswith("Silence ")]
    assert scene.press("Silence 30m", message=old).startswith("Silenced until")
    data = scene.buttons()["Unacknowledge"]
    for argument in ("8d", "0h", "x", "", "99999999h"):
        tampered = f"1si{data[3:]}{argument}"
        assert scene.press(data=tampered).startswith("No button silences"), argument


def test_no_button_silences_by_the_severity_alone(talk: Talk) -> None:
    """One press would keep every other alert of it quiet, in all chats."""
    scene = make_scene(talk, 1)
    scene.site.post({"title": "Backup failed", "status": "firing", "severity": "critical"})
    scene.tell()
    assert scene.press("Silence 1h").startswith("Its only label is the severity")
    assert not Silence.objects.exists()


def test_the_more_menu_is_opened_in_place_and_for_all(scene: Scene) -> None:
    before = scene.message().text
    assert scene.press("More…") == ""
    assert list(scene.buttons()) == [
        "All labels",
        "History",
        "Who",
        "Silence for…",
        "Assign to me",
        "‹ Back",
    ]
    assert scene.message().text == before
    assert "Acknowledge" in scene.buttons(1), "the other chat keeps its buttons"
    scene.press("Silence for…", by=BOB)
    assert list(scene.buttons()) == ["1h", "2h", "4h", "8h", "24h", "7d", "‹ Back"]
    scene.press("‹ Back")
    scene.press("‹ Back")
    assert "Acknowledge" in scene.buttons()
    scene.press("More…")
    scene.press("Silence for…")
    assert scene.press("8h").startswith("Silenced until")
    assert "Acknowledge" in scene.buttons(), "done: the menu is gone"


def test_news_puts_the_buttons_back(scene: Scene) -> None:
    scene.press("More…")
    scene.post(alert(labels={"severity": "critical"}))
    assert "Acknowledge" in scene.buttons()


def test_an_unchanged_message_makes_no_call(scene: Scene) -> None:
    scene.press("More…")
    edits = len(scene.talk.telegram.calls(bot=scene.talk.telegram_bot, method="editMessageText"))
    markups = _count(scene, "editMessageReplyMarkup")
    scene.press("Who")
    scene.tell()
    assert _count(scene, "editMessageReplyMarkup") == markups
    assert _count(scene, "editMessageText") == edits


def _count(scene: Scene, method: str) -> int:
    return len(scene.talk.telegram.calls(bot=scene.talk.telegram_bot, method=method))


def test_who_says_it_in_a_window(scene: Scene) -> None:
    scene.press("More…")
    assert scene.press("Who") == "Nobody has done anything about it yet."
    scene.press("‹ Back")
    scene.press("Acknowledge")
    scene.press("Silence 1h")
    scene.press("More…")
    said = scene.press("Who")
    assert "Acknowledged by Ada (@ada_l) at" in said
    assert "Silenced until" in said
    assert len(said) <= 200


def test_labels_and_history_are_replies_with_pages(talk: Talk) -> None:
    scene = make_scene(talk, 1)
    many = [
        alert(
            labels={"instance": f"web-{n}", "note": "x" * 300}, annotations={"summary": "s" * 300}
        )
        for n in range(4)
    ]
    scene.post(*many)
    scene.press("More…")
    scene.press("All labels")
    page = scene.shown()[-1]
    assert page.message["reply_to_message"]["message_id"] == scene.message().message_id
    assert "instance=" in page.text
    assert page.message["reply_markup"]["inline_keyboard"][0][1]["text"].startswith("1/")
    scene.press("›", message=page)
    turned = scene.shown()[-1]
    assert turned.message_id == page.message_id
    assert turned.text != page.text
    scene.press("Close", message=turned)
    assert scene.shown()[-1].message_id != page.message_id
    scene.press("History")
    history = scene.shown()[-1]
    assert "Opened" in history.text or "Fired" in history.text


def test_pages_are_never_written_over_an_alert(scene: Scene) -> None:
    before = scene.message().text
    scene.press("More…")
    data = scene.buttons()["History"]
    scene.press(data=data)
    scene.press(data=f"1cl{data[3:25]}")
    assert scene.message().text == before


def test_an_alert_is_assigned_to_nobody_whom_nobody_knows(scene: Scene) -> None:
    scene.press("More…")
    body = scene.query(scene.message().message, scene.buttons()["Assign to me"])
    assert scene.send(body).startswith("Alerts are assigned to members.")
    assert scene.answer(body["id"])["url"].endswith("?start=link")
    assert scene.group().assigned_name == ""


@pytest.mark.parametrize("policy", ["anyone", "members"])
def test_members_act_under_their_own_name(talk: Talk, policy: str) -> None:
    scene = make_scene(talk, 1, actions=policy)
    scene.post()
    member = talk.link(ADA["id"], first_name="Ada", last_name="Lovelace")
    assert scene.press("Acknowledge") == "Acknowledged."
    assert scene.did() == [("acknowledged", "Ada Lovelace", "telegram")]
    scene.press("More…")
    assert scene.press("Assign to me") == "Assigned to you."
    assert scene.group().assigned_to == member.user
    assert "👤 Assigned to Ada Lovelace" in scene.message().text


def test_where_only_members_act_strangers_are_led_to_link_their_account(talk: Talk) -> None:
    scene = make_scene(talk, 1, actions="members")
    scene.post()
    body = scene.query(scene.message().message, scene.buttons()["Acknowledge"])
    assert scene.send(body) == pressing.LINK
    url = scene.answer(body["id"])["url"]
    assert url == f"https://t.me/{talk.telegram_bot.username}?start=link"
    talk.link(BOB["id"], Role.VIEWER)
    assert scene.press("Acknowledge", by=BOB).startswith("Your role, viewer,")
    scene.talk.link(503, Role.RESPONDER)
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    assert scene.press("Acknowledge", by=anonymous) == pressing.UNNAMED
    scene.change(actions="anyone")
    assert scene.press("Acknowledge", by=anonymous) == "Acknowledged."
    assert scene.did() == [("acknowledged", "an anonymous admin", "telegram")]


def test_viewers_may_read_where_only_members_act(talk: Talk) -> None:
    scene = make_scene(talk, 1, actions="members")
    scene.post()
    talk.link(BOB["id"], Role.VIEWER)
    assert scene.press("More…", by=BOB) == ""
    assert "History" in scene.buttons()


def test_members_of_another_organization_are_strangers_here(talk: Talk) -> None:
    scene = make_scene(talk, 1, actions="members")
    scene.post()
    member = talk.link(ADA["id"])
    member.delete()
    assert scene.press("Acknowledge") == pressing.NO_MEMBER
    scene.change(actions="anyone")
    scene.press("Acknowledge")
    assert scene.did() == [("acknowledged", "Ada (@ada_l)", "telegram")], "not by their account"


def test_nobody_means_no_buttons_and_old_ones_say_so(scene: Scene) -> None:
    old = scene.message()
    scene.change(actions="nobody")
    scene.post(alert(labels={"severity": "critical"}))
    assert not any(scene.buttons().values())
    assert scene.press("Acknowledge", message=old) == pressing.NO_BUTTONS
    assert scene.did() == []


def test_in_a_public_chat_anyone_means_members(scene: Scene) -> None:
    message = scene.message()
    chat = message.message["chat"] | {"username": "everybody_reads_this"}
    public = replace(message, message=message.message | {"chat": chat})
    assert scene.press("Acknowledge", message=public) == pressing.PUBLIC


def test_a_person_with_a_username_acts_in_their_private_chat(talk: Talk) -> None:
    scene = make_scene(talk, 1, "private")
    scene.post()
    assert scene.message().message["chat"]["username"] == "ada_l"
    assert scene.press("Acknowledge") == "Acknowledged."


def test_a_bot_that_does_not_hear_offers_no_buttons(talk: Talk) -> None:
    scene = make_scene(talk, 1)
    talk.bot.updates = "none"
    talk.bot.save()
    scene.post()
    assert not any(scene.buttons().values())


def test_a_button_works_in_its_own_chat_alone(scene: Scene) -> None:
    assert scene.press(data=scene.buttons(1)["Acknowledge"]) == pressing.OTHER_CHAT
    stranger = scene.talk.telegram.create_chat("supergroup", bot=scene.talk.telegram_bot)
    moved = {**scene.message().message, "chat": {"id": stranger.id, "type": "supergroup"}}
    body = scene.query(moved, scene.buttons()["Acknowledge"])
    assert scene.send(body) == pressing.NO_CHANNEL
    body = scene.query({}, scene.buttons()["Acknowledge"])
    del body["message"]
    assert scene.send(body | {"inline_message_id": "abc"}) == pressing.NO_CHAT
    assert scene.did() == []


def test_what_was_deleted_says_so(scene: Scene) -> None:
    old = scene.message()
    AlertGroup.objects.for_organization(scene.organization).delete()
    assert scene.press("Acknowledge", message=old) == pressing.DELETED


def test_another_organizations_alert_does_not_exist(talk: Talk, make_talk: Any) -> None:
    scene, other = make_scene(talk, 1), make_scene(make_talk(), 1)
    scene.post()
    other.post()
    assert scene.press(data=other.buttons()["Acknowledge"]) == pressing.DELETED
    assert other.did() == []


def test_a_message_that_telegram_no_longer_shows_still_acts(scene: Scene) -> None:
    """Bot API InaccessibleMessage: only its chat, its number, and the date 0."""
    shown = scene.message().message
    gone = {"chat": shown["chat"], "message_id": shown["message_id"], "date": 0}
    body = scene.query(gone, scene.buttons()["Acknowledge"])
    assert scene.send(body) == "Acknowledged."


def test_a_group_that_closed_and_burns_again_has_buttons_that_work(scene: Scene) -> None:
    scene.press("Acknowledge")
    old = scene.message()
    scene.post(alert(status="resolved"))
    scene.post(alert(startsAt="2026-11-23T02:00:00Z"))
    assert "Acknowledge" in scene.buttons()
    assert scene.press("Resolve", message=old) == "Resolved."


@pytest.mark.parametrize("data", ["", "ack:1", "1ak", "9ak" + "A" * 22, "1zz" + "A" * 22])
def test_what_nobody_of_us_wrote_is_answered(scene: Scene, data: str) -> None:
    assert scene.press(data=data) in (NOT_OURS, pressing.DELETED)
    assert scene.did() == []


def test_a_trail_is_left_where_it_is_wished_for(talk: Talk) -> None:
    scene = make_scene(talk, 2)
    scene.change(1, trail=True)
    scene.post()
    for label in ("Acknowledge", "Silence 1h", "Resolve"):
        scene.press(label)
    alone, told = ([one.text for one in scene.shown(n)] for n in range(2))
    replies = [one for one in told if one.startswith(("👀", "🔇", "✅ Resolved by"))]
    assert len(replies) == 3, told
    assert replies[0] == "👀 Acknowledged by Ada (@ada_l)"
    assert not any(one.startswith("👀") for one in alone)


def test_no_two_kinds_of_buttons_share_a_verb() -> None:
    """The first handler takes it: the other one's buttons would do something else."""
    ours = {str(verb) for verb in DEEDS}
    assert ours == {verb.value for verb in Verb}
    reminding = {reminders.SNOOZE, reminders.END, reminders.UNDO}
    assert not ours & {*pressed.VERBS, approving.VERB, *reminding}
