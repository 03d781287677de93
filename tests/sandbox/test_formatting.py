"""What becomes of texts: parsed, cleaned, trimmed, limited; judged by verdicts of Telegram's
own parser.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from botapi.markup_escape import clean, is_blank_text
from tests.reference import REFERENCE
from tests.sandbox.conftest import Stage
from tests.sandbox.process import Json

VECTORS = REFERENCE / "telegram_entity_vectors.json"
AUTOMATIC = {
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "url",
    "email",
    "phone_number",
    "bank_card_number",
}


@pytest.mark.skipif(not VECTORS.exists(), reason="no recorded parser verdicts beside the checkout")
@pytest.mark.parametrize("parse_mode", ["MarkdownV2", "HTML", "Markdown"])
def test_verdicts_of_the_real_parser(stage: Stage, parse_mode: str) -> None:
    vectors = json.loads(VECTORS.read_text())[parse_mode]
    people = {
        entity["user_id"]
        for vector in vectors
        for entity in vector.get("entities", ())
        if "user_id" in entity
    }
    for person in people:
        stage.telegram.create_chat(id=person, bot=stage.bot)
    wrong = [fault for vector in vectors if (fault := _fault(stage, parse_mode, vector))]
    assert len(vectors) > 20
    assert not wrong, "\n".join(wrong)


def _fault(stage: Stage, parse_mode: str, vector: Json) -> str:
    envelope = stage.call("sendMessage", text=vector["in"], parse_mode=parse_mode)
    if not envelope["ok"]:
        expected = vector.get("error", "no error")
        if is_blank_text(clean(vector.get("text", "x"))):
            expected = "Bad Request: text must be non-empty"
        said = envelope["description"]
        return "" if said == expected else f"{vector['in']!r}: {said!r}, not {expected!r}"
    text = clean(vector.get("text", "")).strip(" \n")
    if "error" in vector or envelope["result"]["text"].strip(" \n") != text:
        return f"{vector['in']!r}: accepted as {envelope['result']}, not {vector}"
    found = envelope["result"].get("entities", [])
    if vector["text"] != envelope["result"]["text"] or any(e["type"] in AUTOMATIC for e in found):
        return ""  # trimmed, or split by a link that Telegram finds by itself
    expected_entities = vector["sent_entities" if "sent_entities" in vector else "entities"]
    if [_comparable(entity) for entity in found] == [_comparable(e) for e in expected_entities]:
        return ""
    return f"{vector['in']!r}: {found}, not {expected_entities}"


def _comparable(entity: Json) -> dict[str, Any]:
    """Vectors name mentioned users by `user_id`."""
    fields = {name: value for name, value in entity.items() if name not in {"user", "user_id"}}
    if entity["type"] == "text_mention":
        fields["user_id"] = entity.get("user_id") or entity["user"]["id"]
    return fields


TEXTS = [
    ("  indented", {}, "indented"),
    ("trailing \n\n", {}, "trailing"),
    ("tab\there\r\nnext", {}, "tab here\nnext"),
    ("hid\u202eden", {}, "hidden"),
    ("<b>bold</b> ", {"parse_mode": "html"}, "bold"),
    ("<b>as it is</b>", {"parse_mode": "None"}, "<b>as it is</b>"),
    ("😀" * 4096, {}, "😀" * 4096),
    ("<b>" + "x" * 4096 + "</b>", {"parse_mode": "HTML"}, "x" * 4096),
    (" " * 50 + "x" * 4096 + " " * 50, {}, "x" * 4096),
]


@pytest.mark.parametrize(("text", "parameters", "expected"), TEXTS)
def test_text_as_it_is_kept(stage: Stage, text: str, parameters: Json, expected: str) -> None:
    assert stage.send(text, **parameters)["text"] == expected


def test_entities_of_a_message_are_in_the_order_and_shape_of_telegram(stage: Stage) -> None:
    message = stage.send(
        f"<b>now http://e.com bold</b> <a href='tg://user?id={stage.chat.id}'>Ada</a> "
        "<pre><code class='language-py'>x</code></pre>",
        parse_mode="HTML",
    )
    assert message["entities"] == [
        {"offset": 0, "length": 4, "type": "bold"},
        {"offset": 4, "length": 12, "type": "url"},
        {"offset": 4, "length": 12, "type": "bold"},
        {"offset": 16, "length": 5, "type": "bold"},
        {
            "offset": 22,
            "length": 3,
            "type": "text_mention",
            "user": {"id": stage.chat.id, "is_bot": False, "first_name": "Ada"},
        },
        {"offset": 26, "length": 1, "type": "pre", "language": "py"},
    ]
    assert list(message["entities"][4]) == ["offset", "length", "type", "user"]


def test_mention_of_somebody_unknown_is_lost(stage: Stage) -> None:
    message = stage.send("[x](tg://user?id=424242)", parse_mode="MarkdownV2")
    assert message["text"] == "x"
    assert "entities" not in message


def test_explicit_entities_count_only_without_a_parse_mode(stage: Stage) -> None:
    entities = [
        {"type": "italic", "offset": 0, "length": 5},
        {"type": "url", "offset": 0, "length": 5},
        {"type": "text_link", "offset": 6, "length": 1, "url": "E.com"},
        {"type": "text_link", "offset": 7, "length": 1, "url": f"tg://user?id={stage.chat.id}"},
    ]
    message = stage.send("hello xy", entities=entities)
    assert [entity["type"] for entity in message["entities"]] == [
        "italic",
        "text_link",
        "text_mention",
    ]
    assert message["entities"][1]["url"] == "http://e.com/"
    assert "entities" not in stage.send("hello xy", entities=entities, parse_mode="HTML")
    assert "entities" not in stage.send("hello", entities="no JSON")


def test_a_hundred_entities_are_kept_and_links_go_first(stage: Stage) -> None:
    html = "".join(f"<b>{index}</b> " for index in range(90))
    html += "".join(f"<a href='http://e.com/{index}'>x</a> " for index in range(60))
    entities = stage.send(html, parse_mode="HTML")["entities"]
    assert len(entities) == 100
    assert sum(entity["type"] == "text_link" for entity in entities) == 60


REFUSALS = [
    ({"text": ""}, "message text is empty"),
    ({}, "message text is empty"),
    ({"text": " \n\u200b\u00a0"}, "text must be non-empty"),
    ({"text": "<b> </b>", "parse_mode": "HTML"}, "text must be non-empty"),
    ({"text": "x" * 4097}, "message is too long"),
    ({"text": "é" * 16385}, "text is too long"),
    ({"text": "x", "parse_mode": "Wiki"}, "unsupported parse_mode"),
    ({"text": "x", "parse_mode": None}, "unsupported parse_mode"),
    (
        {"text": "<b>x", "parse_mode": "HTML"},
        "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
    ),
    (
        {"text": "a.b", "parse_mode": "markdownv2"},
        (
            "can't parse entities: Character '.' is reserved and must be escaped "
            "with the preceding '\\'"
        ),
    ),
    (
        {"text": "x", "entities": [{"offset": 0, "length": 1}]},
        "can't parse MessageEntity: Can't find field \"type\"",
    ),
    (
        {"text": "x", "entities": [{"type": "weird", "offset": 0, "length": 1}]},
        "can't parse MessageEntity: Unsupported type specified",
    ),
    ({"text": "x", "entities": [5]}, "can't parse MessageEntity: expected an Object"),
    (
        {"text": "x", "entities": [{"type": "bold", "offset": True, "length": 1}]},
        'can\'t parse MessageEntity: Field "offset" must be a Number',
    ),
    (
        {"text": "x", "entities": [{"type": "bold", "offset": -1, "length": 1}]},
        "receive an entity with incorrect offset -1",
    ),
    (
        {"text": "x", "entities": [{"type": "text_link", "offset": 0, "length": 1, "url": "foo"}]},
        "entity URL 'foo' is invalid: Wrong HTTP URL",
    ),
    ({"text": "\ud800"}, "strings must be encoded in UTF-8"),
]


@pytest.mark.parametrize(("parameters", "expected"), REFUSALS)
def test_refused_texts(stage: Stage, parameters: Json, expected: str) -> None:
    assert stage.refusal("sendMessage", **parameters) == f"Bad Request: {expected}"


def test_caption_limits(stage: Stage) -> None:
    files = {"document": ("a.txt", b"x")}

    def send(caption: str) -> Json:
        return stage.telegram.upload(
            stage.bot, "sendDocument", files, chat_id=stage.chat.id, caption=caption
        )

    assert send("x" * 1024)["result"]["caption"] == "x" * 1024
    assert send("x" * 1025)["description"] == "Bad Request: message caption is too long"
    assert "caption" not in send(" \n")["result"]
