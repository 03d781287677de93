"""Inline mode: queries typed by people, results offered by bots, messages sent through them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Stage
from tests.sandbox.process import Json

TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


def article(result_id: str = "1", text: str = "*bold*", **fields: Any) -> Json:
    content = {"message_text": text, "parse_mode": "MarkdownV2"}
    base: Json = {"type": "article", "id": result_id, "title": "An article"}
    return base | {"input_message_content": content} | fields


def ask(stage: Stage, text: str, **fields: Any) -> Json:
    asked: Json = stage.telegram.act(
        f"/bots/{stage.bot.id}/inline", from_id=stage.chat.id, query=text, **fields
    )
    return asked


def choose(stage: Stage, query_id: str, result_id: str = "1", **fields: Any) -> Json:
    path = f"/bots/{stage.bot.id}/inline/{query_id}/choose"
    sent: Json = stage.telegram.act(path, result_id=result_id, **fields)
    return sent


@pytest.fixture
def inline(stage: Stage) -> Stage:
    stage.telegram.change_bot(stage.bot, supports_inline_queries=True)
    return stage


def answer(stage: Stage, query_id: str, **parameters: Any) -> Json:
    return stage.call("answerInlineQuery", inline_query_id=query_id, **parameters)


def test_inline_mode_is_off_at_first(stage: Stage) -> None:
    assert stage.call("getMe")["result"]["supports_inline_queries"] is False
    with pytest.raises(AssertionError, match="inline mode off"):
        ask(stage, "cpu")


def test_a_query_its_results_and_the_next_page(inline: Stage) -> None:
    assert inline.call("getMe")["result"]["supports_inline_queries"] is True
    first = ask(inline, "cpu")
    assert inline.updates()[0]["inline_query"] == {
        "id": first["id"],
        "from": {"id": inline.chat.id, "is_bot": False, "first_name": "Ada"},
        "chat_type": "sender",
        "query": "cpu",
        "offset": "",
    }
    button = {"text": "Settings", "start_parameter": "settings"}
    answered = answer(
        inline, first["id"], results=[article()], next_offset="50", button=button, cache_time=0
    )
    assert answered["result"] is True
    assert answer(inline, first["id"], results=[])["description"] == TOO_OLD
    second = ask(inline, "cpu", offset="50")
    assert inline.updates()[0]["inline_query"]["offset"] == "50"
    answer(inline, second["id"])
    assert ask(inline, "cpu")["is_answered"] is False, "nothing was to be cached"


def test_answers_are_cached_for_all_or_one(inline: Stage) -> None:
    grace = inline.telegram.create_chat(first_name="Grace", bot=inline.bot)
    for personal in (False, True):
        query = ask(inline, f"personal {personal}")
        answer(inline, query["id"], results=[article()], is_personal=personal, cache_time=100)
        again = ask(inline, f"personal {personal}")
        assert again["results"] == [
            {"id": "1", "type": "article", "title": "An article", "description": ""}
        ]
        path = f"/bots/{inline.bot.id}/inline"
        hers = inline.telegram.act(path, from_id=grace.id, query=f"personal {personal}")
        assert hers["is_answered"] is not personal
    inline.telegram.shift_clock(101)
    assert ask(inline, "personal False")["is_answered"] is False


def test_a_result_is_sent_and_edited_through_the_bot(inline: Stage) -> None:
    inline.telegram.change_bot(inline.bot, inline_feedback=True)
    group = inline.telegram.create_chat("supergroup", bot=inline.bot, state="not_member")
    keyboard = {"inline_keyboard": [[{"text": "Ack", "callback_data": "ack"}]]}
    query = ask(inline, "cpu", chat_id=group.id)
    answer(inline, query["id"], results=[article(reply_markup=keyboard)])
    sent = choose(inline, query["id"])
    assert sent["via_bot"]["id"] == inline.bot.id
    assert sent["from"]["id"] == inline.chat.id
    assert sent["entities"] == [{"offset": 0, "length": 4, "type": "bold"}]
    asked, chosen = inline.updates()
    assert asked["inline_query"]["chat_type"] == "supergroup"
    inline_message_id = chosen["chosen_inline_result"].pop("inline_message_id")
    assert chosen["chosen_inline_result"] == {
        "from": sent["from"],
        "query": "cpu",
        "result_id": "1",
    }
    inline.telegram.press(group, sent["message_id"], "ack", from_id=inline.chat.id)
    pressed = inline.updates()[0]["callback_query"]
    assert pressed["inline_message_id"] == inline_message_id
    assert "message" not in pressed
    where: Json = {"inline_message_id": inline_message_id}
    body = {"text": "done", **where}
    edited = inline.telegram.api(inline.bot, "editMessageText", **body)
    assert edited == {"ok": True, "result": True}
    (message,) = inline.telegram.messages(group)
    assert (message.text, "reply_markup" in message.message) == ("done", False)
    other = inline.telegram.create_bot()
    refused = inline.telegram.api(other, "editMessageText", **body)
    assert refused["description"] == "Bad Request: MESSAGE_ID_INVALID"


def test_in_its_own_chat_the_bot_sees_what_it_offered(inline: Stage) -> None:
    query = ask(inline, "cpu")
    answer(inline, query["id"], results=[article()])
    sent = choose(inline, query["id"])
    assert [update.get("message") for update in inline.updates()] == [None, sent]


@pytest.mark.parametrize(
    ("result", "field"),
    [
        ({"type": "contact", "id": "1", "phone_number": "1", "first_name": "A"}, "contact"),
        (
            {"type": "location", "id": "1", "latitude": 1, "longitude": 2.5, "title": "T"},
            "location",
        ),
    ],
)
def test_results_that_are_no_text(inline: Stage, result: Json, field: str) -> None:
    query = ask(inline, field)
    assert answer(inline, query["id"], results=[result])["ok"]
    assert field in choose(inline, query["id"])


PARSE = "can't parse inline query result: "
BUTTON = "can't parse inline query results button: "


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"results": "{"}, "can't parse JSON encoded inline query results"),
        ({"results": {}}, "expected an Array of inline query results"),
        ({"results": [1]}, PARSE + "Inline query result must be an object"),
        ({"results": [{"id": "1"}]}, PARSE + 'Can\'t find field "type"'),
        (
            {"results": [{"type": "moon", "id": "1"}]},
            PARSE + 'type "moon" is unsupported for the inline query result',
        ),
        (
            {"results": [{"type": "article", "id": "1", "title": "x"}]},
            PARSE + 'Can\'t find field "message_text"',
        ),
        (
            {"results": [article(title=None, input_message_content={})]},
            PARSE + "Input message content is not specified",
        ),
        (
            {"results": [article(text="*")]},
            PARSE + "Can't parse entities: Can't find end of Bold entity at byte offset 0",
        ),
        (
            {"results": [article(str(i)) for i in range(51)]},
            "too many inline query results specified",
        ),
        ({"results": [article("x" * 65)]}, "RESULT_ID_INVALID"),
        ({"results": [article(), article()]}, "RESULT_ID_DUPLICATE"),
        ({"next_offset": "x" * 65}, "NEXT_OFFSET_INVALID"),
        (
            {"button": {"text": "x"}},
            BUTTON + "InlineQueryResultsButton must have exactly one optional field",
        ),
        ({"button": {"text": "x", "start_parameter": ""}}, "can't use empty start_parameter"),
        (
            {"button": {"text": "x", "start_parameter": "x" * 65}},
            "too long start_parameter specified",
        ),
        (
            {"button": {"text": "x", "start_parameter": "ä"}},
            "unallowed characters in start_parameter are used",
        ),
    ],
)
def test_refused_answers(inline: Stage, parameters: Json, expected: str) -> None:
    query = ask(inline, "x")
    assert answer(inline, query["id"], **parameters)["description"] == f"Bad Request: {expected}"


def test_answers_come_within_half_a_minute(inline: Stage) -> None:
    query = ask(inline, "x")
    inline.telegram.shift_clock(31)
    assert inline.updates() == []
    assert answer(inline, query["id"])["description"] == TOO_OLD
