"""Replies that are comments, and what people set for themselves."""

from datetime import time
from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from accounts.models import Role
from alerts.models import TimelineEvent
from channels_app.loans import lend_bot
from channels_app.models import Bot
from chatops.models import TelegramIdentity
from deliveries.models import Delivery
from tests.chatops.conftest import Talk
from tests.chatops.stage import Stage, make_stage
from tests.factories import make_membership


@pytest.fixture
def stage(talk: Talk) -> Stage:
    return make_stage(talk)


def comments(stage: Stage) -> list[str]:
    rows = TimelineEvent.objects.filter(organization=stage.talk.organization, kind="comment")
    return [row.data["why"] for row in rows.order_by("pk")]


def test_a_reply_to_an_alert_is_a_comment_of_who_may_make_one(stage: Stage) -> None:
    stage.fire("HighCPU")
    alert = stage.message_of("HighCPU")
    stage.says(stage.ada, "The fan is broken.", to=alert)
    assert comments(stage) == ["The fan is broken."]
    (call,) = stage.talk.telegram.calls("setMessageReaction", bot=stage.talk.telegram_bot)
    assert (call.status, len(stage.talk.messages(stage.group))) == (200, 1), "no word of it"
    for who in (stage.sam, stage.vic):
        assert stage.says(who, "Again?", to=alert) == "", "people talk"
    own = stage.talk.telegram.say(
        stage.group, "Who knows?", from_id=stage.sam.id, bot_id=stage.talk.telegram_bot.id
    )
    assert stage.says(stage.ada, "I do.", to=own["message_id"]) == "", "to a person"
    assert comments(stage) == ["The fan is broken."]
    assert stage.outcome() != "commented"


def test_what_was_said_in_reply_to_an_alert_is_about_it_as_well(stage: Stage) -> None:
    """The trail's lines, and pages of labels: people answer what they read last."""
    stage.channel.trail = True
    stage.channel.save()
    Bot.objects.update(updates=Bot.Updates.POLLING)
    stage.fire("HighCPU", "DiskFull")
    stage.says(stage.ada, "The fan.", to=stage.message_of("HighCPU"))
    trail = stage.last(stage.group)
    assert trail.text.startswith("💬 Ada")
    assert "HighCPU is yours" in stage.says(stage.ada, "/ack", to=trail.message_id)
    stage.says(stage.ada, "It is new.", to=trail.message_id)
    stage.press(stage.ada, stage.group, "More…")
    stage.press(stage.ada, stage.group, "All labels")
    labels = stage.last(stage.group)
    assert "DiskFull" in labels.text
    stage.says(stage.ada, "These are wrong.", to=labels.message_id)
    assert comments(stage) == ["The fan.", "It is new.", "These are wrong."]
    last = TimelineEvent.objects.filter(kind="comment").latest("pk")
    assert last.group == stage.group_row("DiskFull")
    stage.talk.say(stage.group, "/status", from_id=stage.sam.id)
    stage.says(stage.ada, "Thanks.", to=stage.last(stage.group).message_id)
    assert len(comments(stage)) == 3, "an answer to a person is about no alert"


def test_a_comment_is_acknowledged_by_a_reaction_or_in_words(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.talk.telegram.fault(
        "error",
        bot=stage.talk.telegram_bot,
        method="setMessageReaction",
        code=400,
        description="Bad Request: REACTION_INVALID",
    )
    assert stage.says(stage.ada, "The fan.", to=stage.message_of("HighCPU")) == "💬 Noted."
    assert comments(stage) == ["The fan."], "once, though the handler ran twice"
    calls = stage.talk.telegram.calls("setMessageReaction", bot=stage.talk.telegram_bot)
    assert len(calls) == 1


def test_the_only_one_that_is_open_is_meant(stage: Stage) -> None:
    assert "Nothing is open here" in stage.says(stage.ada, "/comment")
    stage.fire("HighCPU")
    assert "HighCPU: what is there to say?" in stage.says(stage.ada, "/comment")
    stage.says(stage.ada, "The fan.", to=stage.last(stage.group).message_id)
    assert comments(stage) == ["The fan."]
    stage.fire("DiskFull")
    assert "Which alert do you speak of?" in stage.says(stage.ada, "/comment")


def test_a_comment_that_is_too_long_says_so(stage: Stage) -> None:
    stage.fire("HighCPU")
    said = stage.says(stage.ada, "x" * 2_001, to=stage.message_of("HighCPU"))
    assert "at most 2,000 characters" in said
    assert comments(stage) == []


@pytest.mark.parametrize(
    ("words", "said", "zone", "quiet", "direct"),
    [
        ("", "Zone: UTC", "", None, True),
        ("zone europe/berlin", "Your zone is Europe/Berlin.", "Europe/Berlin", None, True),
        ("zone Berlin", "such as Europe/Berlin", "", None, True),
        ("zone Atlantis", "I know no zone “Atlantis”", "", None, True),
        ("zone", "Your zone is the console's again.", "", None, True),
        ("quiet 22:00-7", "22:00–07:00", "", (time(22), time(7)), True),
        ("quiet 22:30 to 07:15", "22:30–07:15", "", (time(22, 30), time(7, 15)), True),
        ("quiet 25:00-7", "from 0:00 to 23:59", "", None, True),
        ("quiet 7-7", "different times", "", None, True),
        ("quiet at night", "Write quiet hours such as", "", None, True),
        ("direct off", "Direct messages: off", "", None, False),
        ("direct perhaps", "Write direct on, or direct off.", "", None, True),
        ("assigned perhaps", "Write assigned on, or assigned off.", "", None, True),
        (
            "language tlh",
            "I do not speak “tlh”. I speak English (en)",
            "",
            None,
            True,
        ),
        ("colour red", "Write zone, language, direct, assigned or quiet", "", None, True),
    ],
)
def test_settings(
    stage: Stage,
    words: str,
    said: str,
    zone: str,
    quiet: tuple[time, time] | None,
    direct: bool,
) -> None:
    assert said in stage.asks(stage.ada, f"/settings {words}")
    row = TelegramIdentity.objects.get(telegram_id=stage.ada.id)
    assert (row.timezone, row.direct_messages) == (zone, direct)
    assert (row.quiet_from, row.quiet_until) == (quiet or (None, None))


def test_settings_are_between_the_person_and_the_bot(stage: Stage) -> None:
    assert "between us" in stage.says(stage.ada, "/settings")
    assert "do not know you yet" in stage.asks(stage.sam, "/settings")
    stage.asks(stage.ada, "/settings")
    assert stage.press(stage.ada, stage.ada, "Direct messages off") == "Changed."
    assert "Direct messages: off" in stage.last(stage.ada).text
    assert "somebody else's" in stage.press(stage.vic, stage.ada, "Direct messages on")
    stage.press(stage.ada, stage.ada, "Direct messages on")
    assert TelegramIdentity.objects.get(telegram_id=stage.ada.id).direct_messages


def test_times_are_told_in_the_readers_zone(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.asks(stage.ada, "/settings zone Asia/Tokyo")
    assert "(Asia/Tokyo)" in stage.asks(stage.ada, "/silence HighCPU 2h")
    assert "JST" in stage.asks(stage.ada, "/alerts")


def test_quiet_hours_can_be_taken_away(stage: Stage) -> None:
    stage.asks(stage.ada, "/settings quiet 22:00-07:00")
    assert "Quiet hours for them: none" in stage.asks(stage.ada, "/settings quiet off")


def test_which_organization_is_meant_in_private(stage: Stage, settings: Any) -> None:
    settings.TELEGRAM_API_URL = stage.talk.telegram.url
    bot = stage.talk.bot
    bot.api_url = ""  # Telegram itself vouches for who writes, so other organizations count
    bot.save()
    TelegramIdentity.objects.update(bot=None)
    second = make_membership(user=stage.member.user, role=Role.RESPONDER).organization
    lend_bot(COMMAND_LINE, bot, second)
    stage.fire("HighCPU")
    assert "several organizations" in stage.asks(stage.ada, "/alerts")
    assert "choose one below" in stage.asks(stage.ada, "/settings")
    own = stage.talk.organization
    names = sorted([second.name, own.name])
    number = {name: at for at, name in enumerate(names, 1)}
    legend = stage.press(stage.ada, stage.ada, "Which is which?")
    assert legend == f"1: {names[0]}\n2: {names[1]}"
    chosen = stage.press(stage.ada, stage.ada, f"Mean {number[second.name]}")
    assert second.name in chosen
    assert stage.asks(stage.ada, "/alerts") == "✅ Nothing is open."
    stage.asks(stage.ada, "/settings")
    stage.press(stage.ada, stage.ada, f"Mean {number[own.name]}")
    assert "HighCPU" in stage.asks(stage.ada, "/alerts")
    for organization, other in [(own, second), (second, own)]:
        kept = Delivery.objects.filter(organization=organization).values_list("params", flat=True)
        assert other.name not in str(list(kept)), "none of them learns of the others"
