"""setMyCommands, getMyCommands and deleteMyCommands (telegram-bot-api Client.cpp, td
BotCommand.cpp), and which commands a person's app shows.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sandbox import access, strict_json
from sandbox.access import Level
from sandbox.call import Call
from sandbox.errors import Refusal, bad_request
from sandbox.model import Bot, Chat, Json, User
from sandbox.parameters import Parameters

MAX_COMMANDS = 100
MAX_COMMAND_LENGTH = 32
MAX_DESCRIPTION_LENGTH = 256

_SCOPES_OF_CHATS = {"chat", "chat_administrators", "chat_member"}
_SCOPES = {
    "default",
    "all_private_chats",
    "all_group_chats",
    "all_chat_administrators",
} | _SCOPES_OF_CHATS
_COMMAND = re.compile(r"[a-z0-9_]+")
_LANGUAGE = re.compile(r"([a-z]{2})?")


def set_my_commands(call: Call) -> bool:
    commands = _commands(call.parameters)
    key = _scope_key(call)
    for command in commands:
        if not _COMMAND.fullmatch(command["command"]):
            raise bad_request("BOT_COMMAND_INVALID")
    call.bot.commands[key] = commands
    call.world.note("bots", call.bot.id)
    return True


def get_my_commands(call: Call) -> list[Json]:
    return call.bot.commands.get(_scope_key(call), [])


def delete_my_commands(call: Call) -> bool:
    call.bot.commands.pop(_scope_key(call), None)
    call.world.note("bots", call.bot.id)
    return True


def shown_commands(bot: Bot, chat: Chat, user: User, *, is_administrator: bool) -> list[Json]:
    """What the person's app lists: of the narrowest scope that has commands (Bot API, "Determining
    list of commands").
    """
    for kind, chat_id, user_id in _scopes_of(chat, user, is_administrator):
        for language in dict.fromkeys((user.language_code, "")):
            key = json.dumps([kind, chat_id, user_id, language])
            if commands := bot.commands.get(key):
                return commands
    return []


def _scopes_of(chat: Chat, user: User, is_administrator: bool) -> list[tuple[str, int, int]]:
    if chat.kind == "private":
        return [("chat", chat.id, 0), ("all_private_chats", 0, 0), ("default", 0, 0)]
    scopes = [
        ("chat_member", chat.id, user.id),
        ("chat_administrators", chat.id, 0),
        ("chat", chat.id, 0),
        ("all_chat_administrators", 0, 0),
        ("all_group_chats", 0, 0),
        ("default", 0, 0),
    ]
    if is_administrator:
        return scopes
    return [scope for scope in scopes if "administrators" not in scope[0]]


def _commands(parameters: Parameters) -> list[Json]:
    text = parameters.text("commands")
    if not text:
        return []
    value = strict_json.decode(text, "Can't parse commands JSON object")
    if not isinstance(value, list):
        raise bad_request("Expected an Array of BotCommand")
    if len(value) > MAX_COMMANDS:
        raise bad_request("Too many commands specified")
    try:
        return [_command(item) for item in value]
    except Refusal as refusal:
        raise Refusal(f"Can't parse BotCommand: {refusal}") from None


def _command(value: Any) -> Json:
    if not isinstance(value, dict):
        raise Refusal("expected an Object")
    command = strict_json.required_string(value, "command").strip().removeprefix("/")
    description = strict_json.required_string(value, "description").strip()
    if not command:
        raise bad_request("Command must be non-empty")
    if len(command) > MAX_COMMAND_LENGTH:
        raise bad_request(f"Command length must not exceed {MAX_COMMAND_LENGTH}")
    if not description:
        raise bad_request("Command description must be non-empty")
    if len(description) > MAX_DESCRIPTION_LENGTH:
        raise bad_request(f"Command description length must not exceed {MAX_DESCRIPTION_LENGTH}")
    return {"command": command, "description": description}


def _scope_key(call: Call) -> str:
    """Scope and language as one key: commands are stored and looked up by exactly both."""
    language = call.parameters.text("language_code")
    if not _LANGUAGE.fullmatch(language):
        raise bad_request("Invalid language code specified")
    text = call.parameters.text("scope")
    value = strict_json.decode(text or "{}", "Can't parse BotCommandScope JSON object")
    if not isinstance(value, dict):
        raise bad_request("Can't parse BotCommandScope: Expected an Object")
    try:
        scope = _scope(call, value)
    except Refusal as refusal:
        raise Refusal(f"Can't parse BotCommandScope: {refusal}") from None
    return json.dumps([*scope, language])


def _scope(call: Call, value: Json) -> tuple[str, int, int]:
    kind = strict_json.required_string(value, "type") if value else "default"
    if kind not in _SCOPES:
        raise Refusal("Unsupported type specified")
    if kind not in _SCOPES_OF_CHATS:
        return kind, 0, 0
    chat_id = strict_json.required_string(value, "chat_id")
    if not chat_id:
        raise Refusal("Empty chat_id specified")
    user_id = 0
    if kind == "chat_member":
        user_id = strict_json.required_integer(value, "user_id", bits=64)
        if user_id <= 0:
            raise Refusal("Invalid user_id specified")
    chat = access.find_chat(call.world, call.bot, chat_id, Level.READ)
    if chat.kind == "channel":
        raise bad_request("Can't change commands in channel chats")
    if chat.kind == "private" and kind != "chat":
        raise bad_request("Can't use specified scope in private chats")
    return kind, chat.id, user_id
