"""Whatever is typed, no handler fails; and what a stranger types changes nothing."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.models import AlertGroup, Silence, TimelineEvent
from chatops import processing
from chatops.handlers.commands.table import COMMANDS
from chatops.incoming import read_update
from chatops.models import Conversation, InboundUpdate
from chatops.receiving import inbox
from deliveries.models import Delivery
from tests.chatops.conftest import Talk
from tests.chatops.stage import Stage, make_stage

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "60"))
NAMES = [command.name for command in COMMANDS]
WORDS = st.lists(
    st.sampled_from(
        [
            *("HighCPU", "DiskFull", "2h", "until 9:00", "for", "because", "{a=~", '"', "="),
            *("critical", "mine", "zone", "quiet", "22:00-7", "1", "\0", "<b>", "&", "’", "💩"),
        ]
    )
    | st.text(max_size=30),
    max_size=6,
).map(" ".join)
_ids = iter(range(10_000, 10_000_000))


def say(stage: Stage, who: int, words: str, reply_to: int = 0, private: bool = False) -> None:
    number = next(_ids)
    length = len(words.split(" ", 1)[0])
    chat = (
        {"id": who, "type": "private", "first_name": "P"}
        if private
        else {"id": stage.group.id, "type": "supergroup", "title": "G"}
    )
    message = {
        "message_id": number,
        "date": 1,
        "chat": chat,
        "from": {"id": who, "is_bot": False, "first_name": "P"},
        "text": words,
    }
    if words.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
    if reply_to:
        message["reply_to_message"] = {"message_id": reply_to, "chat": chat, "date": 1}
    update = {"update_id": number, "message": message}
    inbox.store(stage.talk.bot, [(read_update(update), update)])
    processing.process_due()


def check() -> None:
    failed = InboundUpdate.objects.exclude(state="done")
    assert not failed.exists(), list(failed.values_list("outcome", "payload"))
    for delivery in Delivery.objects.filter(purpose="answer").order_by("-pk")[:3]:
        assert 0 < len(delivery.params["text"]) <= 8_000
        assert "reply_markup" not in delivery.params or delivery.params["reply_markup"]


def test_no_text_of_a_member_makes_a_handler_fail(talk: Talk) -> None:
    stage = make_stage(talk)
    stage.fire("HighCPU", "DiskFull")
    alert = stage.message_of("HighCPU")

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(st.sampled_from(["", *NAMES]), WORDS, st.booleans(), st.booleans())
    def try_one(name: str, rest: str, replies: bool, private: bool) -> None:
        words = f"/{name} {rest}" if name else rest or "x"
        say(stage, stage.ada.id, words, alert if replies else 0, private)
        check()

    try_one()


@pytest.mark.parametrize("name", ["ack", "resolve", "silence", "comment"])
def test_what_no_message_could_hold_is_only_nothing(talk: Talk, name: str) -> None:
    """A Bot API server of somebody's choice may send it; SQLite looks for 50,000 bytes at most."""
    stage = make_stage(talk)
    stage.fire("HighCPU")
    say(stage, stage.ada.id, f"/{name} {'x' * 60_000}")
    check()


def test_nothing_that_a_stranger_types_changes_anything(talk: Talk) -> None:
    stage = make_stage(talk)
    stage.fire("HighCPU", "DiskFull")
    alert = stage.message_of("HighCPU")
    before = list(AlertGroup.objects.order_by("pk").values())
    lines = TimelineEvent.objects.count()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(st.sampled_from(["", *NAMES]), WORDS, st.booleans(), st.booleans())
    def try_one(name: str, rest: str, replies: bool, private: bool) -> None:
        words = f"/{name} {rest}" if name else rest or "x"
        say(stage, stage.sam.id, words, alert if replies else 0, private)
        check()

    try_one()
    assert list(AlertGroup.objects.order_by("pk").values()) == before
    assert not Silence.objects.exists()
    reading = Conversation.objects.filter(kind="report")
    assert Conversation.objects.count() == reading.count(), "which anybody in a chat may ask for"
    assert TimelineEvent.objects.count() == lines
