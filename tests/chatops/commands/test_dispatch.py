"""Whose commands they are, where they may be given, and by whom."""

import json
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from accounts.models import Role
from alerts.models import AlertGroup, Silence
from channels_app.models import Bot
from chatops import processing
from chatops.handlers.commands.table import COMMANDS
from chatops.incoming import read_update
from chatops.models import Conversation, InboundUpdate
from chatops.receiving import inbox
from tests.chatops.conftest import Talk
from tests.chatops.stage import Stage, make_stage
from tests.factories import make_membership, make_organization

EVERY = [command.name for command in COMMANDS]
ACTING = ["ack", "unack", "silence", "unsilence", "resolve", "comment"]


@pytest.fixture
def stage(talk: Talk) -> Stage:
    return make_stage(talk)


def queue(stage: Stage, kind: str, chat: dict[str, Any], words: str, **fields: Any) -> None:
    """A message as Telegram tells it, where the sandbox's people cannot write it."""
    name = words.split(" ", maxsplit=1)[0]
    body = {
        "message_id": 900,
        "date": 1,
        "chat": chat,
        "from": {"id": stage.ada.id, "is_bot": False, "first_name": "Ada"},
        "text": words,
        "entities": [{"type": "bot_command", "offset": 0, "length": len(name)}],
    }
    stage.talk.telegram.queue_update(stage.talk.telegram_bot, kind, body | fields)
    stage.talk.settle()


def here(stage: Stage) -> dict[str, Any]:
    return {"id": stage.group.id, "type": "supergroup", "title": "Group"}


def test_a_command_of_another_bot_is_not_ours(stage: Stage) -> None:
    stage.fire("HighCPU")
    assert stage.says(stage.ada, "/ack@SomeOtherBot HighCPU") == ""
    assert stage.outcome() == "a command for another bot"
    name = stage.talk.bot.username
    assert "is yours" in stage.says(stage.ada, f"/Ack@{name.upper()} HighCPU")


@pytest.mark.parametrize(
    ("words", "seconds", "runs"),
    [
        ("/resolve", 3 * 3600, False),
        ("/ack HighCPU", 130, False),
        ("/resolve", 30, True),
        ("/resolve", -600, True),
        ("/alerts", 3 * 3600, True),
    ],
)
def test_a_command_that_comes_late_is_not_run_on_what_is_open_now(
    stage: Stage, words: str, seconds: int, runs: bool
) -> None:
    """Whoever handles updates was away; what asks only is answered."""
    stage.fire("HighCPU")
    before = AlertGroup.objects.values().get()
    queue(stage, "message", here(stage), words, date=int(time.time()) - seconds)
    last = stage.talk.texts(stage.group)[-1]
    said = "so I did not run it. Send it again if you still mean it." in last
    assert said is not runs
    if not runs:
        assert ("3 h" if seconds > 200 else "2 min") + " ago" in last
        assert stage.outcome().endswith(": too old")
        assert AlertGroup.objects.values().get() == before


@pytest.mark.parametrize("addressed", [False, True])
def test_an_unknown_command_gets_help_where_it_is_meant_for_us(
    stage: Stage, addressed: bool
) -> None:
    words = f"/frobnicate@{stage.talk.bot.username}" if addressed else "/frobnicate"
    assert ("I know no /frobnicate" in stage.says(stage.ada, words)) is addressed
    assert "I know no /frobnicate" in stage.asks(stage.ada, words)


@pytest.mark.parametrize("words", ["/help", "/start", "/HELP", "/help me"])
def test_help_lists_every_command(stage: Stage, words: str) -> None:
    said = stage.says(stage.sam, words)
    assert [name for name in EVERY if f"/{name} " not in said] == ["start"]
    assert len(said) < 4_096


def test_an_edited_command_is_not_run_again(stage: Stage) -> None:
    stage.fire("HighCPU")
    queue(stage, "edited_message", here(stage), "/ack HighCPU")
    assert len(stage.talk.messages(stage.group)) == 1
    private = {"id": stage.ada.id, "type": "private", "first_name": "Ada"}
    queue(stage, "edited_message", private, "/ack HighCPU")
    assert "Edited commands are not run again" in stage.last(stage.ada).text
    assert not AlertGroup.objects.filter(acknowledged_at__isnull=False).exists()


class Dated(BaseHTTPRequestHandler):
    """A Bot API server with a clock of its own, `off` seconds ahead of this host's."""

    off = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        me = {"id": 1, "is_bot": True, "first_name": "B", "username": "b_bot"}
        body = json.dumps({"ok": True, "result": me}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(time.time() + self.off, usegmt=True)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("off", "sent", "runs"),
    [
        (-600, -605, True),
        (-600, -750, False),
        (600, 590, True),
        (600, 300, False),
        (0, -150, False),
    ],
)
def test_the_age_of_a_command_goes_by_telegrams_clock(
    stage: Stage, off: int, sent: int, runs: bool
) -> None:
    """A host whose own clock is ten minutes ahead refused every command; `sent`: by its clock."""
    stage.fire("HighCPU")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Off", (Dated,), {"off": off}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        Bot.objects.update(api_url=f"http://127.0.0.1:{server.server_port}")
        body = {
            "message_id": 900,
            "date": int(time.time()) + sent,
            "chat": here(stage),
            "from": {"id": stage.ada.id, "is_bot": False, "first_name": "Ada"},
            "text": "/resolve",
            "entities": [{"type": "bot_command", "offset": 0, "length": 8}],
        }
        raw = {"update_id": 10**9, "message": body}
        inbox.store(Bot.objects.get(), [(read_update(raw), raw)])
        processing.process_due()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert stage.outcome().endswith(": too old") is not runs
    assert AlertGroup.objects.get().is_open is not runs


def test_bots_and_channels_and_anonymous_admins(stage: Stage) -> None:
    stage.fire("HighCPU")
    robot = {"id": 5, "is_bot": True, "first_name": "Robot"}
    queue(stage, "message", here(stage), "/ack HighCPU", **{"from": robot})
    assert stage.outcome() == "a bot's command is not run"
    group_bot = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    nobody: dict[str, Any] = {"from": group_bot, "sender_chat": here(stage)}
    queue(stage, "message", here(stage), "/ack HighCPU", **nobody)
    assert "cannot tell who you are" in stage.last(stage.group).text
    queue(stage, "message", here(stage), "/alerts", **nobody)
    assert "HighCPU" in stage.last(stage.group).text, "anybody in the chat may read"
    assert not AlertGroup.objects.filter(acknowledged_at__isnull=False).exists()


def test_a_command_in_a_channel_has_an_answer(talk: Talk) -> None:
    stage = make_stage(talk)
    channel = talk.telegram.create_chat("channel", bot=talk.telegram_bot, state="administrator")
    talk.say(channel, "/alerts", from_id=stage.ada.id)
    assert ["Commands work in groups" in text for text in talk.texts(channel)] == [True]
    assert stage.outcome() == "a command in a channel"


def test_a_group_without_alerts(stage: Stage) -> None:
    stage.fire("HighCPU")
    other = stage.talk.telegram.create_chat("supergroup", bot=stage.talk.telegram_bot)
    stage.talk.say(other, "/alerts", from_id=stage.ada.id)
    assert "No alerts come to this chat" in stage.last(other).text


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("where", ["group", "private"])
def test_a_stranger_changes_nothing(stage: Stage, name: str, where: str) -> None:
    stage.fire("HighCPU")
    before = AlertGroup.objects.values().get()
    for rest in ("", " HighCPU", " HighCPU 2h"):
        if where == "group":
            stage.says(stage.sam, f"/{name}{rest}", to=stage.message_of("HighCPU"))
        else:
            stage.asks(stage.sam, f"/{name}{rest}")
    assert AlertGroup.objects.values().get() == before
    assert not Silence.objects.exists()
    assert not Conversation.objects.exclude(kind="report").exists(), "which is reading"
    assert not InboundUpdate.objects.exclude(state="done").exists()


@pytest.mark.parametrize("name", ACTING)
def test_a_viewer_is_told_what_is_missing(stage: Stage, name: str) -> None:
    stage.fire("HighCPU")
    assert "Your role" in stage.says(stage.vic, f"/{name} HighCPU")
    assert "Your role" in stage.asks(stage.vic, f"/{name} HighCPU")


def test_in_which_of_several_organizations(stage: Stage) -> None:
    stage.fire("HighCPU")
    second = make_organization(name="Second")
    make_membership(organization=second, user=stage.member.user, role=Role.RESPONDER)
    assert "HighCPU" in stage.asks(stage.ada, "/alerts"), "the bot serves one of them"
    stage.asks(stage.ada, "/settings")
    assert stage.talk.organization.name in stage.last(stage.ada).text


def test_words_that_are_no_command(stage: Stage) -> None:
    assert "/help" in stage.asks(stage.ada, "good morning")
    assert "do not know you yet" in stage.asks(stage.sam, "good morning")
    assert stage.says(stage.ada, "good morning") == ""
