"""Calls: their parameters are the Bot API's, and their answers are read with care."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from botapi import methods
from botapi.client import BotApiClient, InputFile
from botapi.errors import UnexpectedResult
from botapi.guard import OutboundPolicy
from botapi.keyboards import CallbackButton, keyboard
from botapi.methods import Call, perform, reply_to
from botapi.results import Chat, Permissions, User
from tests.botapi.servers import ScriptedServer, ok
from tests.reference import REFERENCE

TOKEN = "123456789:AAE" + "x" * 31 + "c"
FILE = InputFile("a.html", b"<p>", "text/html")
BOARD = keyboard([CallbackButton("Acknowledge", "a:1")])
MARKUP = BOARD.as_json() if BOARD else None
SENDING: dict[str, Any] = {
    "message_thread_id": 7,
    "disable_notification": False,
    "protect_content": True,
    "reply_parameters": reply_to(3),
    "reply_markup": MARKUP,
}
CAPTION: dict[str, Any] = {"caption": "<b>c</b>", "parse_mode": "HTML"}
EVERYTHING: list[Call[Any]] = [
    methods.get_me(),
    methods.get_chat("@group"),
    methods.get_chat_member(-100, 5),
    methods.send_message(
        5,
        "<b>x</b>",
        parse_mode="HTML",
        link_preview_options={
            "is_disabled": True,
            "url": "https://e.com",
            "prefer_small_media": True,
            "prefer_large_media": False,
            "show_above_text": True,
        },
        **SENDING,
    ),
    methods.send_photo(5, FILE, show_caption_above_media=True, **CAPTION, **SENDING),
    methods.send_document(
        5, FILE, thumbnail=FILE, disable_content_type_detection=True, **CAPTION, **SENDING
    ),
    methods.edit_message_text(
        5, 1, "x", parse_mode="HTML", link_preview_options={}, reply_markup=MARKUP
    ),
    methods.edit_message_caption(
        5, 1, show_caption_above_media=True, reply_markup=MARKUP, **CAPTION
    ),
    methods.edit_message_media(5, 1, "photo", FILE, reply_markup=MARKUP, **CAPTION),
    methods.edit_message_media(5, 1, "document", FILE, thumbnail=FILE, **CAPTION),
    methods.edit_message_reply_markup(5, 1, reply_markup=MARKUP),
    methods.delete_message(5, 1),
    methods.leave_chat(5),
    methods.send_chat_action(5, "typing", message_thread_id=7),
    methods.get_updates(offset=5, limit=100, timeout=50, allowed_updates=["message"]),
    methods.set_webhook(
        "https://example.org/x",
        secret_token="s",  # an example
        max_connections=4,
        allowed_updates=["message"],
    ),
    methods.delete_webhook(),
    methods.get_webhook_info(),
    methods.log_out(),
    methods.close(),
    methods.set_message_reaction(5, 1, [{"type": "emoji", "emoji": "👍"}]),
    methods.set_my_commands(
        [{"command": "ack", "description": "On it"}], {"type": "default"}, "de"
    ),
    methods.delete_my_commands({"type": "chat", "chat_id": -1001}),
]
MESSAGE: dict[str, Any] = {
    "message_id": 17,
    "date": 1_700_000_000,
    "chat": {"id": -1001, "type": "supergroup", "title": "Ops", "is_forum": True},
    "from": {"id": 1},
    "something_new": [1],
}


@pytest.fixture(scope="module")
def spec() -> Any:
    path = REFERENCE / "bot_api.json"
    if not path.exists():
        pytest.skip("the Bot API's machine-readable list is not beside the checkout")
    return json.loads(path.read_text())


def read(call: Call[Any], result: object) -> Any:
    return call.read(result, call.method)


class TestContract:
    """Against the Bot API's own list of methods and types, where it is at hand."""

    @pytest.mark.parametrize("call", EVERYTHING, ids=lambda c: c.method)
    def test_every_parameter_exists_and_the_required_ones_are_there(
        self, spec: Any, call: Call[Any]
    ) -> None:
        known = {p["name"]: p for p in spec["methods"][call.method]["params"]}
        assert set(call.params) <= set(known)
        assert {name for name, p in known.items() if p["required"]} <= set(call.params)
        for name, value in call.params.items():
            assert any(fits(spec, kind, value) for kind in known[name]["types"]), (name, value)

    def test_every_wrapper_is_among_them_with_all_it_can_send(self) -> None:
        """What a wrapper can emit is what its signature takes: the examples leave nothing out."""
        makers = [v for n, v in vars(methods).items() if callable(v) and n == n.lower()]
        wrappers = {
            m.__name__: m.__code__.co_varnames[
                : m.__code__.co_argcount + m.__code__.co_kwonlyargcount
            ]
            for m in makers
            if getattr(m, "__module__", "") == methods.__name__
            and "Call[" in str(m.__annotations__.get("return"))
        }
        assert {snake(call.method) for call in EVERYTHING} == set(wrappers)
        for name, arguments in wrappers.items():
            sent = {key for call in EVERYTHING if snake(call.method) == name for key in flat(call)}
            assert set(arguments) - {"kind"} <= sent, name

    def test_the_fields_that_are_read_exist(self, spec: Any) -> None:
        rights = set(Permissions.__dataclass_fields__)
        known = {
            field["name"]
            for kind in ("ChatPermissions", "ChatMemberRestricted", "ChatMemberAdministrator")
            for field in spec["types"][kind]["fields"]
        }
        assert rights <= known
        assert set(User.__dataclass_fields__) <= {
            f["name"] for f in spec["types"]["User"]["fields"]
        }
        assert set(Chat.__dataclass_fields__) <= {
            f["name"] for f in spec["types"]["Chat"]["fields"]
        }


def snake(method: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in method)


def flat(call: Call[Any]) -> Iterator[str]:
    yield from call.params
    media = call.params.get("media")
    if isinstance(media, dict):
        yield from media


def fits(spec: Any, kind: str, value: object) -> bool:
    """Whether a value is of a type of the specification, nested objects included."""
    simple = {"Integer": int, "String": str, "Boolean": bool, "InputFile": str}
    if kind in simple:
        return isinstance(value, simple[kind]) and (
            kind != "Integer" or not isinstance(value, bool)
        )
    if kind.startswith("Array of "):
        inner = kind.removeprefix("Array of ")
        return isinstance(value, list) and all(fits(spec, inner, item) for item in value)
    described = spec["types"][kind]
    if "subtypes" in described:
        return any(fits(spec, subtype, value) for subtype in described["subtypes"])
    if not isinstance(value, dict):
        return False
    fields = {field["name"]: field for field in described["fields"]}
    return (
        set(value) <= set(fields)
        and {name for name, field in fields.items() if field["required"]} <= set(value)
        and all(
            any(fits(spec, kind, item) for kind in fields[name]["types"])
            and fields[name].get("const", item) == item
            for name, item in value.items()
        )
    )


def test_what_is_not_given_is_not_sent() -> None:
    assert methods.send_message(5, "x").params == {"chat_id": 5, "text": "x"}
    assert methods.edit_message_reply_markup(5, 1).params == {"chat_id": 5, "message_id": 1}


@pytest.mark.parametrize("call", [c for c in EVERYTHING if c.files], ids=lambda c: c.method)
def test_every_upload_is_referred_to(call: Call[Any]) -> None:
    text = json.dumps(call.params)
    assert all(f'"attach://{part}"' in text for part in call.files)
    assert text.count("attach://") == len(call.files)


def test_a_file_id_is_no_upload() -> None:
    call = methods.send_photo(5, "AgACAgI")
    assert (call.params["photo"], call.files) == ("AgACAgI", {})


def test_perform_sends_and_reads() -> None:
    with ScriptedServer(ok(MESSAGE)) as server:
        client = BotApiClient(server.url, policy=OutboundPolicy(frozenset({"127.0.0.1"})))
        message = perform(client, TOKEN, methods.send_document(5, FILE))
        assert message.message_id == 17
        assert message.chat == Chat(-1001, "supergroup", "Ops", is_forum=True)
        assert b'filename="a.html"' in server.requests[0].body


def test_get_me_is_read() -> None:
    user = read(
        methods.get_me(),
        {"id": 1, "is_bot": True, "first_name": "B", "username": "b_bot", "can_join_groups": True},
    )
    assert user == User(1, True, "B", username="b_bot", can_join_groups=True)


def test_get_chat_is_read() -> None:
    chat = read(
        methods.get_chat(-1001),
        {
            "id": -1001,
            "type": "supergroup",
            "title": "Ops",
            "is_forum": True,
            "permissions": {"can_send_messages": False, "can_send_polls": True},
            "linked_chat_id": -1002,
            "slow_mode_delay": 10,
            "accent_color_id": 1,
        },
    )
    assert (chat.id, chat.title, chat.is_forum, chat.slow_mode_delay) == (-1001, "Ops", True, 10)
    assert chat.permissions == Permissions(can_send_messages=False)
    assert chat.linked_chat_id == -1002
    assert read(methods.get_chat(5), {"id": 5, "type": "private"}).permissions is None


@pytest.mark.parametrize(
    ("fields", "is_member"),
    [
        ({"status": "creator"}, True),
        ({"status": "administrator", "can_post_messages": True}, True),
        ({"status": "member"}, True),
        ({"status": "restricted", "is_member": True, "can_send_messages": False}, True),
        ({"status": "restricted", "is_member": False}, False),
        ({"status": "left"}, False),
        ({"status": "kicked", "until_date": 5}, False),
    ],
)
def test_get_chat_member_is_read(fields: dict[str, Any], is_member: bool) -> None:
    user = {"id": 1, "is_bot": True, "first_name": "B"}
    member = read(methods.get_chat_member(-1001, 1), {"user": user, **fields})
    assert (member.status, member.is_member) == (fields["status"], is_member)
    assert member.rights.can_post_messages is fields.get("can_post_messages")
    assert member.rights.can_send_messages is fields.get("can_send_messages")
    assert member.until_date == fields.get("until_date", 0)


@pytest.mark.parametrize(
    ("extra", "file_id"),
    [
        ({}, ""),
        ({"document": {"file_id": "D"}}, "D"),
        ({"photo": [{"file_id": "small"}, {"file_id": "large"}]}, "large"),
    ],
)
def test_a_messages_file_is_found(extra: dict[str, Any], file_id: str) -> None:
    assert read(methods.send_photo(5, "x"), {**MESSAGE, **extra}).file_id == file_id


@pytest.mark.parametrize(
    ("call", "result", "field"),
    [
        (methods.send_message(5, "x"), True, "value"),
        (methods.send_message(5, "x"), {}, "message_id"),
        (methods.send_message(5, "x"), {**MESSAGE, "message_id": "17"}, "message_id"),
        (methods.send_message(5, "x"), {**MESSAGE, "message_id": True}, "message_id"),
        (methods.send_message(5, "x"), {**MESSAGE, "chat": None}, "chat"),
        (methods.send_message(5, "x"), {**MESSAGE, "chat": {"id": 5}}, "chat.type"),
        (methods.send_message(5, "x"), {**MESSAGE, "photo": [3]}, "photo[0]"),
        (methods.send_message(5, "x"), {**MESSAGE, "photo": {}}, "photo"),
        (methods.get_me(), {"id": 1, "is_bot": "yes", "first_name": "B"}, "is_bot"),
        (methods.get_chat(5), {"id": 5, "type": "private", "permissions": []}, "permissions"),
        (methods.delete_message(5, 1), {}, "value"),
    ],
)
def test_an_answer_of_the_wrong_shape_names_the_field(
    call: Call[Any], result: object, field: str
) -> None:
    with pytest.raises(UnexpectedResult) as caught:
        read(call, result)
    assert caught.value.field == field
    assert caught.value.method == call.method
