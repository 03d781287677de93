"""What /alerts, /silences, /status and /oncall tell, to whom, and a page at a time."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.audit import COMMAND_LINE
from alerts.escalations.changes import Step, create_policy
from alerts.routes import change_route, create_route, default_route
from chatops import purge
from chatops.models import Listing
from deliveries import clock
from tests.chatops.conftest import Talk
from tests.chatops.stage import Stage, buttons_of, make_stage
from tests.factories import make_channel


@pytest.fixture
def stage(talk: Talk) -> Stage:
    return make_stage(talk)


@contextmanager
def reads_in_transactions() -> Iterator[list[str]]:
    """The queries of groups and silences that a transaction is open for meanwhile."""
    inside: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if connection.in_atomic_block and re.search(r'FROM "alerts_(alertgroup|silence)"', sql):
            inside.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield inside


def elsewhere(stage: Stage, name: str) -> None:
    """Alerts of this name go to another chat of the organization."""
    chat = stage.talk.telegram.create_chat("supergroup", bot=stage.talk.telegram_bot)
    other = make_channel(stage.talk.bot, name="Other", chat_id=chat.id)
    create_route(
        COMMAND_LINE,
        stage.talk.organization,
        "Other",
        channels=[other],
        matchers=f'alertname="{name}"',
    )


def test_in_a_group_nobody_hears_more_than_its_channels_were_told(stage: Stage) -> None:
    elsewhere(stage, "Secret")
    stage.fire("HighCPU", "Secret")
    stage.says(stage.ada, "/silence HighCPU 2h")
    for who in (stage.ada, stage.vic, stage.sam):
        said = stage.says(who, "/alerts")
        assert "HighCPU" in said
        assert "Secret" not in said
        assert "HighCPU" in stage.says(who, "/silences")
        assert "Secret" not in stage.says(who, "/status") + stage.says(who, "/oncall")
    assert "Secret" in stage.asks(stage.vic, "/alerts"), "a member in private sees all"
    assert "Nothing is open here" not in stage.asks(stage.vic, "/alerts")
    assert "Nothing that is open here" in stage.says(stage.ada, "/ack Secret")
    for words in ("/alerts", "/silences", "/status", "/oncall"):
        assert "do not know you yet" in stage.asks(stage.sam, words)


def test_a_silence_of_what_the_chat_was_not_told_is_not_told_there(stage: Stage) -> None:
    elsewhere(stage, "Secret")
    stage.fire("Secret")
    stage.asks(stage.ada, "/silence Secret 2h")
    assert "Secret" in stage.asks(stage.vic, "/silences")
    assert stage.says(stage.ada, "/silences") == "🔔 Nothing is silenced here."
    assert "Nothing is silenced here" in stage.says(stage.ada, "/unsilence Secret")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", {"HighCPU", "DiskFull"}),
        ("critical", {"DiskFull"}),
        ("disk", {"DiskFull"}),
        ("alertname=~High.*", {"HighCPU"}),
        ("unacknowledged", {"HighCPU", "DiskFull"}),
        ("mine", set()),
        ("100%_", set()),
        ("\N{PILE OF POO}", set()),
    ],
)
def test_alerts_are_filtered(stage: Stage, words: str, found: set[str]) -> None:
    stage.fire("HighCPU")
    stage.fire("DiskFull", labels={"severity": "critical"})
    said = stage.says(stage.ada, f"/alerts {words}")
    assert {name for name in ("HighCPU", "DiskFull") if name in said} == found
    assert said


def test_a_filter_that_cannot_be_read_says_why(stage: Stage) -> None:
    stage.fire("HighCPU")
    assert "cannot read these matchers" in stage.says(stage.ada, "/alerts a=~(")


def test_a_filter_that_is_too_long_is_not_cut(stage: Stage) -> None:
    assert "at most 200 characters" in stage.says(stage.ada, "/alerts " + "x" * 201)


def test_which_silences_hold_here(stage: Stage) -> None:
    stage.fire("HighCPU")
    for words in (
        'alertname="HighCPU"',
        'alertname=~"High.*"',
        'alertname="HighCPU", instance!="web-1"',
        'alertname="Other"',
        'instance="web-1", alertname!="Other"',
    ):
        stage.asks(stage.ada, f"/silence {{{words}}} 2h")
    assert stage.says(stage.sam, "/silences").startswith("Silences: 3\n")
    assert stage.asks(stage.ada, "/silences").startswith("Silences: 5\n")


def test_lists_are_forgotten_after_a_week(stage: Stage) -> None:
    stage.fire(*(f"Alert{number:02}" for number in range(11)))
    stage.says(stage.sam, "/alerts")
    assert purge.purge() == 0
    Listing.objects.update(shown_at=clock.now() - timedelta(days=8))
    assert purge.purge() == 1
    assert not Listing.objects.exists()


def test_the_worst_stands_first_and_pages_are_turned_by_edits(stage: Stage) -> None:
    stage.fire(*(f"Alert{number:02}" for number in range(21)))
    stage.fire("Worst", labels={"severity": "critical"})
    stage.says(stage.sam, "/alerts")
    page = stage.last(stage.group)
    lines = page.text.split("\n")
    assert lines[0] == "Open: 22"
    assert len(lines) == 11
    assert "Worst" in lines[1]
    assert [button["text"] for button in buttons_of(page)] == ["‹", "1/3", "›"]
    seen = set(lines[1:])
    for label in ("2/3", "3/3"):
        stage.press(stage.vic, stage.group, "›")
        page = stage.last(stage.group)
        assert buttons_of(page)[1]["text"] == label
        assert not seen & set(page.text.split("\n")[1:])
        seen |= set(page.text.split("\n")[1:])
    assert len(seen) == 22
    stage.press(stage.sam, stage.group, "›")
    assert stage.last(stage.group).text.split("\n")[1].startswith("🔴 Worst")
    assert len(stage.talk.messages(stage.group)) == 23, "pages are edits"


def test_a_page_of_another_chat_or_of_a_list_that_is_gone(stage: Stage) -> None:
    stage.fire(*(f"Alert{number:02}" for number in range(11)))
    stage.says(stage.sam, "/alerts")
    page = stage.last(stage.group)
    data = buttons_of(page)[1]["callback_data"]
    said = stage.press_data(stage.sam, stage.sam, page.message_id, data)
    assert "too old" in said
    Listing.objects.all().delete()
    assert "too old" in stage.press_data(stage.sam, stage.group, page.message_id, data)


def test_a_list_that_has_become_shorter_shows_its_last_page(stage: Stage) -> None:
    stage.fire(*(f"Alert{number:02}" for number in range(11)))
    stage.says(stage.sam, "/alerts")
    for number in (9, 10):
        stage.says(stage.ada, f"/resolve Alert{number:02}")
    stage.press(stage.sam, stage.group, "›")
    edited = next(one for one in stage.talk.messages(stage.group) if "Open: 9" in one.text)
    assert buttons_of(edited) == []


def test_status(stage: Stage) -> None:
    assert "✅ Nothing is open." in stage.says(stage.sam, "/status")
    stage.fire("HighCPU")
    stage.fire("DiskFull", labels={"severity": "critical"})
    stage.says(stage.ada, "/silence HighCPU 2h")
    stage.channel.enabled, stage.channel.disabled_reason = False, "The bot was kicked."
    stage.channel.save()
    said = stage.asks(stage.vic, "/status")
    assert "Open: 2 · 🔴 1 critical · 🟡 1 warning" in said
    assert "Nobody is on 2 of them." in said
    assert "🔕 Silences: 1" in said
    assert "⚠️ Ops: The bot was kicked." in said


def test_who_is_on_call_without_a_rota(stage: Stage) -> None:
    second = make_channel(stage.talk.bot, name="Bosses", chat_id=-100_778)
    organization = stage.talk.organization
    policy = create_policy(COMMAND_LINE, organization, "Patience", steps=[Step(15, [second])])
    change_route(COMMAND_LINE, default_route(organization), escalation=policy)
    stage.fire("HighCPU", "DiskFull")
    stage.says(stage.ada, "/ack DiskFull")
    said = stage.says(stage.sam, "/oncall")
    lines = {line.split(" · ")[0]: line for line in said.split("\n")}
    assert "⏫ step 1 at " in lines["🟡 HighCPU"]
    assert lines["🟡 HighCPU"].endswith("Bosses")
    assert lines["🟡 DiskFull"].endswith("👀 Ada Lovelace")


def test_in_private_the_names_lead_to_the_console(stage: Stage, settings: Any) -> None:
    settings.SITE_URL = "https://tocsin.example.org"
    stage.fire("HighCPU")
    stage.asks(stage.vic, "/alerts")
    links = [one for one in stage.last(stage.vic).message["entities"] if one["type"] == "text_link"]
    pk = stage.group_row("HighCPU").pk
    assert [one["url"] for one in links] == [f"https://tocsin.example.org/alerts/alertgroup/{pk}/"]
    settings.SITE_URL = "http://localhost:8000"
    said = stage.asks(stage.vic, "/alerts")
    assert "HighCPU · since" in said, "Telegram takes no such link, and its address is noise"


@pytest.mark.parametrize("words", ["/alerts", "/alerts cpu", "/silences", "/status", "/oncall"])
def test_lists_are_read_outside_of_transactions(stage: Stage, words: str) -> None:
    """On SQLite one that has written keeps all others from writing."""
    stage.fire("HighCPU", "DiskFull")
    stage.says(stage.ada, "/silence HighCPU 2h")
    with reads_in_transactions() as inside:
        assert ("Open: 2" if words == "/status" else "HighCPU") in stage.says(stage.ada, words)
    assert inside == []


def test_pages_are_read_outside_of_transactions(stage: Stage) -> None:
    stage.fire(*(f"Alert{number}" for number in range(12)))
    stage.says(stage.ada, "/alerts")
    with reads_in_transactions() as inside:
        stage.press(stage.ada, stage.group, "›")
    assert inside == []
    assert "Open: 12" in stage.last(stage.group).text
