"""Talking back from end to end: what people do in Telegram, in each way in which a bot hears of it.

A further flow is a function that takes `talking`; what several need is in tests/flows/talking.py.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests import clock
from tests.alerts.fallbacks.receivers import Receiver
from tests.flows.system import System, eventually
from tests.flows.talking import (
    Sender,
    Talking,
    buttons_of,
    payload_of,
    talking,
    wait_for_routes,
)
from tests.sandbox.process import SandboxChat

__all__ = ["talking"]  # a fixture

BERLIN = ZoneInfo("Europe/Berlin")
TOAST_SECONDS = 1.0
TURNS = (("Acknowledge", "Acknowledged."), ("Unacknowledge", "Acknowledgement withdrawn"))
"""Buttons that follow each other, and what is said at once."""
FOUND = 55
"""Alerts that an inline query finds: more than Telegram takes in one answer."""


@dataclass(frozen=True)
class Team:
    """`all_hear` tells three chats, `desk_hears` one, `nobody_hears` none. Nothing but questions
    comes to `gate`: a group has few places a minute."""

    chats: list[SandboxChat]
    all_hear: Sender
    desk: SandboxChat
    gate: SandboxChat
    gate_channel: str
    desk_hears: Sender
    nobody_hears: Sender


@pytest.fixture(scope="module")
def team(talking: Talking) -> Team:
    """Who hears alerts, made at once: routes are read anew only every few seconds."""
    chats = [talking.channel(f"Chat {number}") for number in range(3)]
    desk, desk_channel = talking.channel("Desk")
    made = Team(
        [chat for chat, _ in chats],
        talking.sender("All", [channel for _, channel in chats]),
        desk,
        *talking.channel("Gate"),
        talking.sender("Desk", [desk_channel]),
        talking.sender("Nobody", []),
    )
    wait_for_routes()
    return made


# --- chats are connected ---


def linked(talking: Talking, kind: str) -> tuple[str, str]:
    """A link for such a chat: its ID and URL."""
    made = talking.api("POST", "channel-links/", {"bot": talking.bot_id, "kind": kind})
    return made["id"], made["url"]


def confirmed(talking: Talking, link: str) -> str:
    """The chat that was shown with it becomes a channel."""
    eventually(lambda: talking.api("GET", f"channel-links/{link}/")["offer"], what="the offer")
    channel: str = talking.api("POST", f"channel-links/{link}/confirm/", {})["id"]
    return channel


def test_a_group_is_connected_by_a_link(talking: Talking) -> None:
    link, url = linked(talking, "group")
    chat = talking.group("By link")
    talking.telegram.act(
        f"/bots/{talking.bot.id}/start_group",
        from_id=talking.ada.id,
        chat_id=chat.id,
        payload=payload_of(url, "startgroup"),
    )
    talking.is_tested(confirmed(talking, link), chat)


def test_a_private_chat_is_connected_by_a_link(talking: Talking) -> None:
    link, url = linked(talking, "private")
    carla = talking.telegram.create_chat("private", bot=talking.bot, first_name="Carla")
    talking.telegram.start(talking.bot, carla, payload_of(url, "start"))
    talking.is_tested(confirmed(talking, link), carla)


def test_a_channel_is_connected_by_a_link(talking: Talking) -> None:
    """Start says who they are; the other link has them add the bot, and carries nothing."""
    page = talking.console.send("/chatops/linkcode/chat/", bot=talking.bot_id, kind="channel")
    start, add = (
        re.search(rf'"(https://t\.me/{talking.bot.username}\?{name}[^"]*)"', page)
        for name in ("start=", "startchannel")
    )
    row = re.search(r"/linkcode/([0-9a-f-]{36})/state/", page)
    assert start, page
    assert add, page
    assert row, page
    talking.telegram.start(talking.bot, talking.bob, payload_of(start[1], "start"))
    talking.sees(talking.bob, "add me to your channel")
    chat = talking.group("News", "channel")
    talking.telegram.change_member(chat, talking.bot.id, "administrator", from_id=talking.bob.id)
    talking.is_tested(confirmed(talking, row[1]), chat)


def test_a_group_is_chosen_in_private(talking: Talking) -> None:
    chat = talking.group("Chosen")
    talking.says(talking.ada, "/newchannel")
    talking.taps(talking.ada, "Choose a group", chosen=[chat.id])
    question = talking.sees(talking.ada, f"Connect {chat.title}", button="Connect")
    assert talking.presses(talking.ada, question, "Connect")["text"].startswith("Connected as")
    [channel] = talking.api("GET", f"channels/?search={chat.title}")["results"]
    talking.is_tested(channel["id"], chat)


def test_where_it_was_added_by_hand_it_offers_itself(talking: Talking) -> None:
    chat = talking.unasked
    offer = talking.sees(chat, "I bring alerts", button="Connect this chat")
    assert "Link your Telegram account" in talking.presses(talking.bob, offer, "Connect")["text"]
    assert talking.presses(talking.ada, offer, "Connect")["text"].startswith("Connected as")
    [channel] = talking.api("GET", f"channels/?search={chat.title}")["results"]
    talking.is_tested(channel["id"], chat)


# --- alerts are answered ---


def test_who_acknowledges_in_one_chat_is_named_in_all(talking: Talking, team: Team) -> None:
    """And reads at once that it worked: how long that takes is not counted while the machine
    stalls."""
    team.all_hear.fires(f"HighCPU {talking.way}")
    told = [talking.sees(chat, "HighCPU", button="Acknowledge") for chat in team.chats]
    seconds = []
    for label, toast in (*TURNS, *TURNS, TURNS[0]):
        shown = talking.sees(team.chats[1], "HighCPU", button=label)
        began = clock.now()
        assert talking.presses(talking.ada, shown, label)["text"].startswith(toast)
        seconds.append(clock.now() - began)
    print(f"toasts by {talking.way}: {[f'{one:.3f}' for one in seconds]}")
    assert median(seconds) < TOAST_SECONDS, seconds
    for chat, message in zip(team.chats, told, strict=True):
        shown = talking.sees(chat, "HighCPU", "Acknowledged by", button="Unacknowledge")
        assert shown.message_id == message.message_id, "the same message, changed"
        assert shown.edit_time


def test_a_silence_is_asked_for_step_by_step(talking: Talking, team: Team) -> None:
    ada, desk = talking.ada, team.desk
    names = [f"{name}-{talking.way}" for name in ("DiskFull", "DiskSlow")]
    team.desk_hears.fires(*names)
    for name in names:
        talking.sees(desk, name)
    talking.says(ada, f"/silence@{talking.bot.username}", desk)
    talking.presses(ada, talking.sees(desk, "Which alert", button=names[0]), names[0])
    question = talking.sees(desk, "How long shall")
    talking.says(ada, "soonish", desk, question.message_id)
    again = talking.sees(desk, "“soonish” is no time that I can read", "How long shall")
    talking.says(ada, "2 hours", desk, again.message_id)
    why = talking.sees(desk, "Why?")
    talking.says(ada, "new disk", desk, why.message_id)
    asked = talking.sees(desk, "Keep", names[0], "quiet", "new disk", button="Silence")
    assert silences(talking, names[0]) == []
    talking.presses(ada, asked, "Silence")
    done = talking.sees(desk, "Silenced", button="Undo", after=asked.message_id)
    [made] = silences(talking, names[0])
    length = datetime.fromisoformat(made["ends_at"]) - datetime.fromisoformat(made["starts_at"])
    assert timedelta(minutes=115) < length <= timedelta(hours=2)
    assert (made["comment"], made["state"]) == ("new disk", "active")
    talking.presses(ada, done, "Undo")
    eventually(lambda: silences(talking, names[0])[0]["state"] == "expired", what="its end")


def test_a_silence_is_ended_and_that_is_taken_back(talking: Talking, team: Team) -> None:
    ada, desk, name = talking.ada, team.desk, f"Backup-{talking.way}"
    team.desk_hears.fires(name)
    told = talking.sees(desk, name)
    talking.says(ada, "/silence 1h restore", desk, told.message_id)
    talking.sees(desk, "Silenced", button="Undo", after=told.message_id)
    [made] = silences(talking, name)
    talking.says(ada, "/unsilence", desk, told.message_id)
    ended = talking.sees(desk, "No longer silenced", button="Undo", after=told.message_id)
    assert silences(talking, name)[0]["state"] == "expired"
    talking.presses(ada, ended, "Undo")
    talking.sees(desk, "Silenced again")
    [again] = [one for one in silences(talking, name) if one["state"] == "active"]
    assert again["ends_at"][:16] == made["ends_at"][:16]


def silences(talking: Talking, name: str) -> list[dict[str, Any]]:
    """Those that name this alert, by REST."""
    rows = talking.api("GET", "silences/?page_size=200")["results"]
    return [one for one in rows if name in str(one["matchers"])]


# --- reminders ---


def next_spring(today: date) -> date:
    """The next day on which Berlin's clocks skip an hour, from next week on: it has a date then."""
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=BERLIN) + timedelta(days=7)
    while (noon + timedelta(days=1)).utcoffset() <= noon.utcoffset():  # type: ignore[operator]
        noon += timedelta(days=1)
    return (noon + timedelta(days=1)).date()


def test_a_reminder_keeps_the_wall_clocks_time_where_clocks_change(talking: Talking) -> None:
    """Made in Berlin, and listed in UTC, which tells the instant: 9 o'clock is an hour earlier
    there from that day on, and what the clock skips comes when it would have come."""
    ada, change = talking.ada, next_spring(datetime.now(BERLIN).date())
    talking.says(ada, "/settings zone Europe/Berlin")
    talking.sees(ada, "Your zone is Europe/Berlin")
    days = {"eve": change - timedelta(days=1), "day": change, "night": change}
    for name, day in days.items():
        at = "2:30" if name == "night" else "9:00"
        talking.says(ada, f"/remind me yearly on {day.day} {day:%b} at {at} to check {name}")
        talking.sees(ada, f"check {name}", f"on {day.day} {day:%B}", "(Europe/Berlin)")
    talking.says(ada, "/settings zone UTC")
    talking.sees(ada, "Your zone is UTC")
    talking.says(ada, "/reminders")
    listed = talking.sees(ada, "Reminders: 3").text.splitlines()
    for name, hour in (("eve", "08:00"), ("day", "07:00"), ("night", "01:30")):
        [line] = [one for one in listed if f"check {name}" in one]
        day = days[name]
        assert f"{day:%A} {day.day} {day:%B}" in line
        assert re.search(rf"{hour},", line), line


def test_a_reminder_comes(talking: Talking) -> None:
    before = talking.last(talking.bob)
    talking.says(talking.ada, "/remind me to water the plants in 1 second")
    understood = talking.sees(talking.ada, "I remind you", "water the plants")
    told = talking.sees(talking.ada, "water the plants", after=understood.message_id)
    assert "I remind you" not in told.text
    assert [one["text"] for one in buttons_of(told)] == ["10 min", "1 h", "1 day"]
    assert talking.last(talking.bob) == before, "nobody else is told"


# --- approvals ---


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """A program that asked."""
    with Receiver().running() as server:
        yield server


def test_a_question_is_answered_and_the_program_hears_of_it(
    talking: Talking, team: Team, receiver: Receiver
) -> None:
    body = {"name": f"Deploys by {talking.way}", "url": receiver.url}
    endpoint = talking.api("POST", "endpoints/", body)
    receiver.secret = endpoint["secret"]
    heard = len(receiver.bodies)
    asked = talking.api(
        "POST",
        "approvals/",
        {"channel": team.gate_channel, "title": "Deploy 2.4.1?", "endpoint": endpoint["id"]},
    )
    question = talking.sees(team.gate, "Deploy 2.4.1?", button="Approve")
    assert "Only members" in talking.presses(talking.bob, question, "Approve")["text"]
    assert talking.presses(talking.ada, question, "Approve")["text"] == "You answered: Approve"
    edited = talking.sees(team.gate, "Deploy 2.4.1?", "✔ Approve")
    assert edited.message_id == question.message_id
    assert buttons_of(edited) == []
    now = talking.api("GET", f"approvals/{asked['id']}/")
    assert (now["state"], now["answer"]) == ("answered", "approve")
    eventually(lambda: len(receiver.bodies) > heard, what="the call")
    told = receiver.bodies[-1]
    assert (told["event"], told["approval"]["id"]) == ("approval", asked["id"])
    assert (told["approval"]["answer"], told["approval"]["answered_by"]) == (
        "approve",
        now["answered_by"],
    )
    assert receiver.verified[-1], "signed with the endpoint's secret"
    assert "Deny" not in str(buttons_of(edited))


# --- inline ---


@pytest.fixture(scope="module")
def others(system: System) -> Sender:
    """Another organization's integration."""
    made = system.manage(
        "quickstart", "--organization", "Others", "--email", "eve@example.org", "--json"
    )
    return Sender(made["ingest_url"])


def look(talking: Talking, who: SandboxChat, words: str, offset: str = "") -> dict[str, Any]:
    """`@bot words`, or what comes further down; the answer."""
    found: dict[str, Any] = talking.telegram.act(
        f"/bots/{talking.bot.id}/inline", from_id=who.id, query=words, offset=offset, wait=30
    )
    assert found["is_answered"], found
    return found


def test_alerts_are_found_inline_to_the_last_and_nobody_elses(
    talking: Talking, team: Team, others: Sender
) -> None:
    words = f"lamp {talking.way}"
    titles = {f"Lamp {number:02} {talking.way}" for number in range(FOUND)}
    others.fires(f"Lamp 99 {talking.way}")
    team.nobody_hears.fires(*sorted(titles))
    found, offset, pages = [], "", 0
    while pages == 0 or offset:
        page = look(talking, talking.ada, words, offset)
        found += page["results"]
        offset, pages = page["next_offset"], pages + 1
        assert pages < FOUND, "it has an end"
    assert pages > 1
    assert len({one["id"] for one in found}) == len(found) == FOUND
    named = [re.search(r"Lamp \d\d \w+", one["title"]) for one in found]
    assert {one[0] for one in named if one} == titles
    talking.telegram.act(
        f"/bots/{talking.bot.id}/inline/{page['id']}/choose",
        result_id=page["results"][0]["id"],
        chat_id=team.desk.id,
    )
    counted = f"“{words}” (1)"
    path = f"/channels_app/bot/{talking.bot_id}/change/"
    eventually(lambda: counted in talking.console.read(path), what="the count")


def test_who_is_unknown_is_led_to_link_their_account(talking: Talking) -> None:
    found = look(talking, talking.bob, "")
    assert found["results"] == []
    assert found["button"]["start_parameter"] == "link"
