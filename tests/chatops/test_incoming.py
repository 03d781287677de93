"""Updates are read whatever is in them, and what is stored is what was read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.models import Bot
from chatops.incoming import Command, Incoming, UnreadableUpdate, read_command, read_update
from chatops.models import InboundUpdate
from chatops.receiving import inbox
from chatops.receiving.storable import storable
from tests.factories import make_bot, make_organization

USER = {"id": 77, "is_bot": False, "first_name": "Ada", "last_name": "L", "username": "ada"}
GROUP = {"id": -100123, "type": "supergroup", "title": "Nights", "is_forum": True}


def said(text: str, length: int, **fields: Any) -> dict[str, Any]:
    entity = {"type": "bot_command", "offset": 0, "length": length}
    return {
        "message_id": 9,
        "chat": GROUP,
        "from": USER,
        "text": text,
        "entities": [entity],
    } | fields


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("/ack", 4, Command("ack", "", "")),
        ("/ACK  HighCPU \n", 4, Command("ack", "", "HighCPU")),
        ("/ack@Some_bot x", 13, Command("ack", "Some_bot", "x")),
        ("/ack now", 99, None),
        ("/", 1, None),
    ],
)
def test_a_command_is_read_by_its_entity(text: str, length: int, expected: Command | None) -> None:
    assert read_command(said(text, length)) == expected


def test_a_command_within_a_text_is_none() -> None:
    message = said("see /ack", 4)
    message["entities"][0]["offset"] = 4
    assert read_command(message) is None
    assert read_command({"caption": "/ack", "caption_entities": said("/ack", 4)["entities"]})


ADMINS = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
CHANNELS = {"id": 136817688, "is_bot": True, "first_name": "Channel"}
POSTS = {"id": 777000, "is_bot": False, "first_name": "Telegram"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"message": {"from": USER}}, False),
        ({"message": {"from": {"id": 5, "is_bot": True}}}, False),
        ({"message": {"from": ADMINS, "sender_chat": GROUP}}, True),
        ({"message": {"from": CHANNELS, "sender_chat": {"id": -1001}}}, True),
        ({"message": {"from": POSTS, "sender_chat": {"id": -1001}}}, True),
        ({"channel_post": {"sender_chat": {"id": -1001}}}, True),
        ({"callback_query": {"from": USER, "message": {"sender_chat": {"id": -1001}}}}, False),
        ({"callback_query": {"from": ADMINS, "message": {"from": USER}}}, True),
        ({"inline_query": {"from": USER}}, False),
    ],
)
def test_who_acts_is_not_shown(body: dict[str, Any], expected: bool) -> None:
    assert read_update({"update_id": 1, **body}).is_anonymous is expected


def test_a_message_in_a_topic() -> None:
    message = said(
        "/ack", 4, is_topic_message=True, message_thread_id=5, reply_to_message={"message_id": 3}
    )
    read = read_update({"update_id": 1, "message": message})
    assert read.chat is not None
    assert (read.queue, read.chat.title, read.chat.is_forum) == (-100123, "Nights", True)
    assert (read.message_thread_id, read.replied_to, read.message_id) == (5, 3, 9)
    assert read.sender is not None
    assert read.sender.label == "Ada L (@ada)"
    del message["is_topic_message"]
    assert read_update({"update_id": 1, "message": message}).message_thread_id is None


def test_queries_are_their_senders() -> None:
    inline = {"id": "12", "from": USER, "query": "cpu", "offset": "", "chat_type": "sender"}
    read = read_update({"update_id": 1, "inline_query": inline})
    assert (read.queue, read.text, read.query_id, read.chat) == (77, "cpu", "12", None)
    pressed = {"id": "13", "from": USER, "message": {"message_id": 4, "chat": GROUP, "date": 0}}
    read = read_update({"update_id": 1, "callback_query": pressed | {"data": "x"}})
    assert (read.queue, read.text, read.message_id) == (-100123, "x", 4)


@pytest.mark.parametrize(
    "raw", [None, [], {}, {"update_id": True, "message": {}}, {"update_id": -1}, {"update_id": 5}]
)
def test_what_is_no_update_is_refused(raw: Any) -> None:
    with pytest.raises(UnreadableUpdate):
        read_update(raw)


_numbers = st.integers() | st.floats() | st.booleans() | st.none()
_json = st.recursive(
    _numbers | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)
_fields = st.sampled_from(["id", "chat", "from", "text", "message", "entities", "data", "title"])
_bodies = st.dictionaries(_fields, _json | st.dictionaries(_fields, _json, max_size=4), max_size=5)
_kinds = st.sampled_from(["message", "callback_query", "inline_query", "my_chat_member", "x" * 99])


@given(body=_bodies, kind=_kinds)
def test_whatever_is_in_it_is_read(body: dict[str, Any], kind: str) -> None:
    assert isinstance(read_update({"update_id": 1, kind: body}), Incoming)


@pytest.fixture
def bot(db: None) -> Bot:
    return make_bot(make_organization())


@pytest.mark.parametrize(
    "text", ["\0", "\ud800", float("nan"), 2**70, [[[[]]]], "\U0001f525", "{" * 50]
)
def test_whatever_is_in_it_is_stored(bot: Bot, text: Any) -> None:
    deep: Any = text
    for _ in range(100):
        deep = [deep]
    message = {
        "message_id": 1,
        "chat": {"id": 2**70, "type": "private"},
        "text": text,
        "deep": deep,
    }
    raw = {"update_id": 7, "message": message | {str(text): 1}}
    assert inbox.store(bot, [(read_update(raw), raw)]) == 1
    stored = InboundUpdate.objects.get()
    assert stored.payload == storable(raw)
    assert read_update(stored.payload).queue == stored.queue == 0
