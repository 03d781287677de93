"""sendMessage: markup, replies, previews, and the order in which things are refused."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Stage
from tests.sandbox.process import Json


def _keyboard(*buttons: Json) -> Json:
    return {"inline_keyboard": [[button] for button in buttons]}


def test_a_message_has_its_fields_in_the_servers_order(stage: Stage) -> None:
    first = stage.send("question")
    message = stage.send(
        "<b>answer</b>",
        parse_mode="HTML",
        protect_content=True,
        link_preview_options={"is_disabled": True, "url": "https://e.com"},
        reply_parameters={"message_id": first["message_id"], "quote": "quest"},
        reply_markup=_keyboard({"text": "Ack", "callback_data": "ack:1"}),
    )
    assert list(message) == [
        "message_id",
        "from",
        "chat",
        "date",
        "reply_to_message",
        "quote",
        "text",
        "entities",
        "link_preview_options",
        "reply_markup",
        "has_protected_content",
    ]
    assert message["from"] == {
        "id": stage.bot.id,
        "is_bot": True,
        "first_name": "Alerts",
        "username": "alerts_bot",
    }
    assert message["chat"] == {"id": stage.chat.id, "first_name": "Ada", "type": "private"}
    assert message["reply_to_message"]["text"] == "question"
    assert message["quote"] == {"text": "quest", "position": 0, "is_manual": True}
    assert message["link_preview_options"] == {"is_disabled": True, "url": "https://e.com"}


KEPT_BUTTONS: list[tuple[Json, Json]] = [
    ({"text": "a", "url": "HTTP://E.com"}, {"text": "a", "url": "http://e.com/"}),
    ({"text": "a", "url": "tg://user?id=5"}, {"text": "a", "url": "tg://user?id=5"}),
    (
        {"text": 5, "callback_data": "x", "style": "Danger"},
        {"text": "5", "style": "danger", "callback_data": "x"},
    ),
    (
        {"text": "a", "url": "http://e.com", "callback_data": "x", "unknown": 1},
        {"text": "a", "url": "http://e.com/"},
    ),
    ({"text": "a", "switch_inline_query": ""}, {"text": "a", "switch_inline_query": ""}),
    (
        {"text": "a", "web_app": {"url": "https://e.com/x"}},
        {"text": "a", "web_app": {"url": "https://e.com/x"}},
    ),
    ({"text": "a", "copy_text": {"text": "c"}}, {"text": "a", "copy_text": {"text": "c"}}),
    ({"text": "a", "login_url": {"url": "https://e.com"}}, {"text": "a", "url": "https://e.com/"}),
]


@pytest.mark.parametrize(("button", "kept"), KEPT_BUTTONS)
def test_kept_buttons(stage: Stage, button: Json, kept: Json) -> None:
    message = stage.send(reply_markup=_keyboard(button))
    assert message["reply_markup"]["inline_keyboard"] == [[kept]]


def test_surplus_and_empty_buttons_go_silently(stage: Stage) -> None:
    button = {"text": "a", "callback_data": "x"}
    rows = [[button] * 15, [{"text": "", "callback_data": "x"}], []] + [[button] * 12] * 30
    kept = stage.send(reply_markup={"inline_keyboard": rows})["reply_markup"]["inline_keyboard"]
    assert [len(row) for row in kept] == [12] * 25
    only_empty = {"inline_keyboard": [[{"text": "", "callback_data": "x"}]]}
    assert "reply_markup" not in stage.send(reply_markup=only_empty)
    assert "reply_markup" not in stage.send(reply_markup={})


@pytest.mark.parametrize(
    "markup",
    [
        {"keyboard": [["a", {"text": "b", "request_contact": True}]], "resize_keyboard": True},
        {"remove_keyboard": True},
        {"force_reply": True},
    ],
)
def test_other_keyboards_are_not_shown_but_forbid_editing(stage: Stage, markup: Json) -> None:
    message = stage.send(reply_markup=markup)
    assert "reply_markup" not in message
    said = stage.refusal("editMessageText", message_id=message["message_id"], text="new")
    assert said == "Bad Request: message can't be edited"


BUTTON = "can't parse inline keyboard button: "
URL = "inline keyboard button URL "
MARKUPS: list[tuple[object, str]] = [
    ("{", "can't parse reply keyboard markup JSON object"),
    ("[]", "object expected as reply markup"),
    ({"inline_keyboard": {}}, 'field "inline_keyboard" must be of type Array'),
    (
        {"inline_keyboard": [{}]},
        'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
    ),
    ({"keyboard": ["a"]}, 'field "keyboard" must be an Array of Arrays'),
    (
        {"keyboard": [[5]]},
        "can't parse keyboard button: KeyboardButton must be a String or an Object",
    ),
    (
        {"keyboard": [[{"text": "a", "request_contact": "true"}]]},
        'can\'t parse keyboard button: Field "request_contact" must be of type Boolean',
    ),
    ({"inline_keyboard": [["a"]]}, BUTTON + "InlineKeyboardButton must be an Object"),
    (_keyboard({"url": "http://e.com"}), BUTTON + 'Can\'t find field "text"'),
    (_keyboard({"text": "a"}), BUTTON + "Text buttons are unallowed in the inline keyboard"),
    (
        _keyboard({"text": "a", "callback_data": ""}),
        BUTTON + "Text buttons are unallowed in the inline keyboard",
    ),
    (
        _keyboard({"text": "a", "callback_data": "x", "style": "loud"}),
        BUTTON + "invalid button style specified",
    ),
    (
        _keyboard({"text": "a", "url": "http://localhost:8000/"}),
        URL + "'http://localhost:8000/' is invalid: Wrong HTTP URL",
    ),
    (
        _keyboard({"text": "a", "url": "http://grafana:3000"}),
        URL + "'http://grafana:3000' is invalid: Wrong HTTP URL",
    ),
    (
        _keyboard({"text": "a", "url": "javascript:alert(1)"}),
        URL + "'javascript:alert(1)' is invalid: Wrong port number specified in the URL",
    ),
    (
        _keyboard({"text": "a", "url": "ftp://e.com"}),
        URL + "'ftp://e.com' is invalid: Unsupported URL protocol",
    ),
    (
        _keyboard({"text": "a", "web_app": {"url": "http://e.com"}}),
        (
            "inline keyboard button Web App URL 'http://e.com' is invalid: "
            "Only HTTPS links are allowed"
        ),
    ),
    (_keyboard({"text": "a", "callback_data": "é" * 33}), "BUTTON_DATA_INVALID"),
    (
        {"inline_keyboard": [[{"text": "x" * 200, "callback_data": "x"}] * 8] * 10},
        "reply markup is too long",
    ),
    ({"remove_keyboard": 1}, 'field "remove_keyboard" must be of type Boolean'),
]


@pytest.mark.parametrize(("markup", "expected"), MARKUPS)
def test_refused_markup(stage: Stage, markup: object, expected: str) -> None:
    said = stage.refusal("sendMessage", text="x", reply_markup=markup)
    assert said == f"Bad Request: {expected}"


def test_markup_that_depends_on_the_chat(stage: Stage) -> None:
    group = stage.telegram.create_chat("group")
    channel = stage.telegram.create_chat("channel")

    def said(chat_id: int, markup: Json) -> str:
        return stage.refusal("sendMessage", chat_id=chat_id, text="x", reply_markup=markup)

    web_app = {"text": "a", "web_app": {"url": "https://e.com"}}
    assert said(group.id, _keyboard(web_app)) == "Bad Request: BUTTON_TYPE_INVALID"
    assert said(group.id, {"keyboard": [[web_app]]}) == (
        "Bad Request: web App buttons can be used in private chats only"
    )
    contact = {"keyboard": [[{"text": "a", "request_contact": True}]]}
    assert said(group.id, contact) == (
        "Bad Request: phone number can be requested in private chats only"
    )
    switch = _keyboard({"text": "a", "switch_inline_query_current_chat": "x"})
    assert said(channel.id, switch) == (
        "Bad Request: can't use switch_inline_query_current_chat button in a channel chat, "
        "because users will not be able to use the button without knowing bot's username"
    )


REPLIES: list[tuple[Json, str]] = [
    ({"reply_parameters": "{"}, "can't parse reply parameters JSON object"),
    ({"reply_parameters": "[]"}, "object expected as reply parameters"),
    ({"reply_parameters": {"chat_id": 1}}, 'can\'t find field "message_id"'),
    ({"reply_parameters": {"message_id": "x"}}, 'field "message_id" must be a valid Number'),
    ({"reply_parameters": {"message_id": 999}}, "message to be replied not found"),
    (
        {"reply_parameters": {"message_id": 1, "allow_sending_without_reply": "yes"}},
        'field "allow_sending_without_reply" must be of type Boolean',
    ),
    ({"reply_parameters": {"message_id": 1, "chat_id": 999}}, "chat not found"),
    ({"reply_parameters": {"message_id": 1, "quote": "absent"}}, "QUOTE_TEXT_INVALID"),
    ({"reply_to_message_id": 999}, "message to be replied not found"),
]


@pytest.mark.parametrize(("parameters", "expected"), REPLIES)
def test_refused_replies(stage: Stage, parameters: Json, expected: str) -> None:
    stage.send("first")
    said = stage.refusal("sendMessage", text="x", **parameters)
    assert said == f"Bad Request: {expected}"


def test_replies_that_may_be_missing(stage: Stage) -> None:
    wanted = {"message_id": 999, "allow_sending_without_reply": True}
    assert "reply_to_message" not in stage.send(reply_parameters=wanted)
    legacy = stage.send(reply_to_message_id=999, allow_sending_without_reply="true")
    assert "reply_to_message" not in legacy
    assert "reply_to_message" not in stage.send(reply_parameters={"message_id": 0})
    assert "reply_to_message" not in stage.send(reply_parameters={})


def test_replies_nest_one_level_deep(stage: Stage) -> None:
    first = stage.send("one")
    second = stage.send("two", reply_to_message_id=first["message_id"])
    third = stage.send("three", reply_to_message_id=str(second["message_id"]))
    assert third["reply_to_message"]["text"] == "two"
    assert "reply_to_message" not in third["reply_to_message"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("{", "can't parse link preview options JSON object"),
        ("5", "object expected as link preview options"),
        ({"is_disabled": 1}, 'field "is_disabled" must be of type Boolean'),
        ({"url": []}, 'field "url" must be of type String'),
    ],
)
def test_refused_link_preview_options(stage: Stage, options: object, expected: str) -> None:
    said = stage.refusal("sendMessage", text="", link_preview_options=options)
    assert said == f"Bad Request: {expected}"


def test_link_preview_options_of_old(stage: Stage) -> None:
    message = stage.send(disable_web_page_preview=True)
    assert message["link_preview_options"] == {"is_disabled": True}
    assert "link_preview_options" not in stage.send(link_preview_options={"is_disabled": False})


def test_order_of_validation(stage: Stage) -> None:
    """Each fault hides those after it; mending them one by one shows the server's order."""
    forum = stage.telegram.create_chat("supergroup", topics=["A"], state="no_write_access")
    undotted = _keyboard({"text": "a", "url": "http://grafana"})
    long_data = _keyboard({"text": "a", "callback_data": "x" * 65})
    parameters: Json = {
        "link_preview_options": "{",
        "text": "",
        "parse_mode": "HTML",
        "reply_parameters": "{",
        "reply_markup": "{",
        "chat_id": 999,
        "message_thread_id": 999,
    }
    steps: list[tuple[str, Json]] = [
        ("can't parse link preview options JSON object", {"link_preview_options": ""}),
        ("message text is empty", {"text": "<b>"}),
        (
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
            {"text": "<b> </b>"},
        ),
        ("can't parse reply parameters JSON object", {"reply_parameters": {"message_id": 99}}),
        ("can't parse reply keyboard markup JSON object", {"reply_markup": undotted}),
        ("chat not found", {"chat_id": forum.id}),
        ("message thread not found", {"message_thread_id": forum.topics["A"]}),
        ("message to be replied not found", {"reply_parameters": ""}),
        ("have no write access to the chat", {}),
    ]
    for expected, mended in steps:
        assert stage.refusal("sendMessage", **parameters) == f"Bad Request: {expected}"
        parameters |= mended
    stage.telegram.set_state(forum, "write_forbidden", forbidden=["text"])
    steps = [
        ("inline keyboard button URL 'http://grafana' is invalid: Wrong HTTP URL", {}),
        ("not enough rights to send text messages to the chat", {"reply_markup": long_data}),
        ("text must be non-empty", {"text": "x" * 4097}),
        ("message is too long", {"text": "x"}),
        ("CHAT_WRITE_FORBIDDEN", {}),
    ]
    for step, (expected, mended) in enumerate(steps):
        parameters |= mended if step == 1 else {}
        if step == 2:
            stage.telegram.set_state(forum, "write_forbidden")
        assert stage.refusal("sendMessage", **parameters) == f"Bad Request: {expected}"
        parameters |= mended
    stage.telegram.set_state(forum, "active")
    assert stage.refusal("sendMessage", **parameters) == "Bad Request: BUTTON_DATA_INVALID"


def test_a_blocked_user_with_a_broken_text_is_a_broken_text(stage: Stage) -> None:
    stage.telegram.set_state(stage.chat, "blocked")
    said = stage.refusal("sendMessage", text="<b>", parse_mode="HTML")
    assert said.startswith("Bad Request: can't parse entities")
