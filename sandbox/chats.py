"""What a bot may read: itself, chats, members, files; and its menu button in private chats."""

from __future__ import annotations

from sandbox import access, strict_json
from sandbox.access import Level
from sandbox.audience import bots_inside
from sandbox.call import Call
from sandbox.errors import Refusal, bad_request
from sandbox.files import MAX_DOWNLOAD_SIZE
from sandbox.links import LinkRefused, accept_link
from sandbox.members import (
    ADMINISTRATORS,
    bot_member_json,
    member_fields,
    person_member_json,
)
from sandbox.model import Json, Standing
from sandbox.parameters import leading_integer
from sandbox.shapes import file_json, full_chat_json, me_json, message_json, user_json


def get_me(call: Call) -> Json:
    return me_json(call.bot)


def get_chat(call: Call) -> Json:
    chat = access.find_chat(call.world, call.bot, call.parameters.text("chat_id"), Level.READ)
    world = call.world
    fields = full_chat_json(chat, world.users)
    pins = chat.pinned.get(call.bot.id if chat.kind == "private" else 0, ())
    dialog = world.dialog(call.bot, chat)
    pinned = next((dialog.messages[key] for key in reversed(pins) if key in dialog.messages), None)
    if pinned is not None and not pinned.deleted_time:
        fields["pinned_message"] = message_json(pinned, {}, world.chats, world.users)
    return fields


def get_chat_member(call: Call) -> Json:
    user_id = max(leading_integer(call.parameters.text("user_id")), 0)
    if not user_id:
        raise bad_request("Invalid user_id specified")
    level = Level.READ if user_id == call.bot.id else Level.READ_MEMBERS
    chat = access.find_chat(call.world, call.bot, call.parameters.text("chat_id"), level)
    user = call.world.users.get(user_id)
    if user is None:
        raise bad_request("PARTICIPANT_ID_INVALID" if chat.kind != "group" else "user not found")
    if user_id in call.world.bots:
        return bot_member_json(chat, call.world.bots[user_id])
    if chat.kind == "private":
        if user_id != chat.id:
            raise bad_request("member not found")
        return {"user": user_json(user)} | member_fields(chat, user_id, "member")
    return person_member_json(chat, user)


def get_chat_administrators(call: Call) -> list[Json]:
    """Other bots than the asking one are left out (Bot API, getChatAdministrators)."""
    chat = access.find_chat(
        call.world, call.bot, call.parameters.text("chat_id"), Level.READ_MEMBERS
    )
    if chat.kind == "private":
        raise bad_request("there are no administrators in the private chat")
    found = [
        person_member_json(chat, call.world.users[user_id])
        for user_id, status in chat.members.items()
        if status in ADMINISTRATORS and user_id in call.world.users
    ]
    if access.standing(call.bot, chat) is Standing.ADMINISTRATOR:
        found.append(bot_member_json(chat, call.bot))
    return found


def get_chat_member_count(call: Call) -> int:
    chat = access.find_chat(
        call.world, call.bot, call.parameters.text("chat_id"), Level.READ_MEMBERS
    )
    if chat.kind == "private":
        return 1 if chat.id == call.bot.id else 2
    people = sum(status not in {"left", "kicked"} for status in chat.members.values())
    return people + len(bots_inside(call.world, chat))


def set_chat_menu_button(call: Call) -> bool:
    button = _menu_button(call.parameters.text("menu_button"))
    call.bot.menu_buttons[_menu_key(call)] = button
    call.world.note("bots", call.bot.id)
    call.world.feed.publish({"type": "chats"})
    return True


def get_chat_menu_button(call: Call) -> Json:
    buttons = call.bot.menu_buttons
    default = buttons.get("", {"type": "commands"})
    button = buttons.get(_menu_key(call), {"type": "default"})
    return default if button["type"] == "default" else button


def get_file(call: Call) -> Json:
    file_id = call.parameters.text("file_id")
    if not file_id:
        raise bad_request("file_id not specified")
    file = call.world.files.by_id.get(file_id)
    if file is None:
        raise bad_request("invalid file_id")
    if file.bot_id != call.bot.id or call.world.files.content(file) is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if file.size > MAX_DOWNLOAD_SIZE:
        raise bad_request("file is too big")
    return file_json(file) | {"file_path": file.file_path}


def _menu_key(call: Call) -> str:
    text = call.parameters.text("chat_id")
    if not text:
        return ""
    chat = access.find_chat(call.world, call.bot, text, Level.READ)
    if chat.kind != "private":
        raise bad_request("chat_id must be of a private chat")
    return str(chat.id)


def _menu_button(text: str) -> Json:
    """Raises 400 in the words of TDLib's BotMenuButton.cpp."""
    if not text:
        return {"type": "default"}
    value = strict_json.decode(text, "Can't parse menu button JSON object")
    if not isinstance(value, dict):
        raise bad_request("Object expected as menu button")
    try:
        return _read_menu_button(value)
    except Refusal as refusal:
        raise bad_request(f"Can't parse menu button: {refusal}") from None
    except LinkRefused as refused:
        raise bad_request(f"Menu button Web App {refused}") from None


def _read_menu_button(value: Json) -> Json:
    kind = strict_json.required_string(value, "type")
    if kind in {"default", "commands"}:
        return {"type": kind}
    if kind != "web_app":
        raise Refusal("MenuButton has unsupported type")
    text = strict_json.required_string(value, "text")
    app = strict_json.required_object(value, "web_app")
    url = accept_link(strict_json.required_string(app, "url"), https=True)
    return {"type": "web_app", "text": text, "web_app": {"url": url}}
