"""The keyboard below a person's input field: which one is shown, and what its buttons send."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.conversation import Place, post, say
from sandbox.membership import Refused, add_bot, is_inside
from sandbox.model import Bot, Chat, Dialog, Json, Message, Standing, User
from sandbox.world import World

DEFAULT_PHONE_NUMBER = "15550100"
DEFAULT_LOCATION: Json = {"latitude": 51.477928, "longitude": -0.001545}


def shown_keyboard(dialog: Dialog, user: User) -> Message | None:
    """The bot's message whose reply keyboard or force reply the person sees."""
    message = dialog.messages.get(dialog.keyboard_message_id)
    if message is None or message.deleted_time or message.reply_keyboard is None:
        return None
    if message.reply_keyboard["kind"] == "remove":
        return None
    return message if _is_for(dialog, message, user) else None


def press(
    world: World, place: Place, dialog: Dialog, user: User, text: str, chosen: list[int]
) -> Json:
    """The person presses the button with that text. `chosen` are the IDs of the users or of the
    chat that a request is answered with. Gives the Message.
    """
    message = shown_keyboard(dialog, user)
    rows = [] if message is None else message.reply_keyboard_rows()
    button = next((button for row in rows for button in row if button["text"] == text), None)
    if message is None or button is None:
        raise Refused(f"text: no button {text!r} is shown to {user.first_name}")
    if message.reply_keyboard is not None and message.reply_keyboard.get("one_time_keyboard"):
        dialog.keyboard_message_id = 0
    if place.chat.kind != "private":
        place = replace(place, reply_to_message_id=message.message_id)
    if button.get("request_contact") or button.get("request_phone_number"):
        return _sent(world, place, user, "contact", {"contact": _contact(user)})
    if button.get("request_location"):
        return _sent(world, place, user, "location", {"location": DEFAULT_LOCATION})
    if "request_users" in button or "request_user" in button:
        wanted = button.get("request_users") or button["request_user"]
        return _sent(world, place, user, "service", _users_shared(world, wanted, chosen))
    if "request_chat" in button:
        chat = _chosen_chat(world, button["request_chat"], user, chosen)
        bot = world.bots[message.bot_id]
        _let_in(world, button["request_chat"], chat, bot, user)
        return _sent(world, place, user, "service", _chat_shared(button["request_chat"], chat))
    return say(world, place, user, text)


def _is_for(dialog: Dialog, message: Message, user: User) -> bool:
    """A selective keyboard is for who wrote the replied message, or is mentioned."""
    if message.reply_keyboard is None or not message.reply_keyboard.get("selective"):
        return True
    replied = dialog.messages.get(message.reply_to_message_id)
    if replied is not None and replied.from_id == user.id:
        return True
    text = str(message.content.fields.get("text", "")).lower()
    return bool(user.username) and f"@{user.username.lower()}" in text


def _sent(world: World, place: Place, user: User, kind: Any, fields: Json) -> Json:
    dialog, message = post(world, place, user, kind, fields)
    return world.message_json(dialog, message)


def _contact(user: User) -> Json:
    fields: Json = {"phone_number": DEFAULT_PHONE_NUMBER, "first_name": user.first_name}
    if user.last_name:
        fields["last_name"] = user.last_name
    return fields | {"user_id": user.id}


def _users_shared(world: World, wanted: Json, chosen: list[int]) -> Json:
    """With the fields that were asked for, and the field that came before."""
    most = int(wanted.get("max_quantity", 1))
    people = [world.users[user_id] for user_id in chosen if user_id in world.users]
    if not 1 <= len(chosen) <= most or len(people) != len(chosen):
        raise Refused(f"chosen: needs 1 to {most} IDs of users")
    if any("user_is_bot" in wanted and user.is_bot != wanted["user_is_bot"] for user in people):
        raise Refused(f"chosen: user_is_bot must be {wanted['user_is_bot']}")
    shared = []
    for user in people:
        fields: Json = {"user_id": user.id}
        if wanted.get("request_name"):
            fields["first_name"] = user.first_name
            if user.last_name:
                fields["last_name"] = user.last_name
        if wanted.get("request_username") and user.username:
            fields["username"] = user.username
        shared.append(fields)
    request_id = int(wanted["request_id"])
    value: Json = {"user_ids": chosen, "users": shared, "request_id": request_id}
    if len(chosen) == 1:
        before = {"user_id": chosen[0], "request_id": request_id}
        return {"user_shared": before, "users_shared": value}
    return {"users_shared": value}


def _chosen_chat(world: World, wanted: Json, user: User, chosen: list[int]) -> Chat:
    chat = world.chats.get(chosen[0]) if len(chosen) == 1 else None
    if chat is None or chat.kind == "private":
        raise Refused("chosen: needs the ID of one group or channel")
    facts = {
        "chat_is_channel": chat.kind == "channel",
        "chat_is_forum": chat.is_forum,
        "chat_has_username": bool(chat.username),
    }
    for name, fact in facts.items():
        if name in wanted and wanted[name] != fact:
            raise Refused(f"chosen: {name} must be {wanted[name]}")
    status = chat.members.get(user.id, "left")
    if wanted.get("chat_is_created") and status != "creator":
        raise Refused("chosen: the chat must be owned by the person")
    if wanted.get("user_administrator_rights") and status not in {"creator", "administrator"}:
        raise Refused("chosen: the person must be an administrator of the chat")
    return chat


def _let_in(world: World, wanted: Json, chat: Chat, bot: Bot, user: User) -> None:
    """Sharing a chat adds the bot, where the request says so."""
    given = wanted.get("bot_administrator_rights")
    if given and chat.standings.get(bot.id) is not Standing.ADMINISTRATOR:
        add_bot(world, chat, bot, user, [name for name, value in given.items() if value is True])
    elif wanted.get("bot_is_member") and not is_inside(chat, bot):
        add_bot(world, chat, bot, user)


def _chat_shared(wanted: Json, chat: Chat) -> Json:
    value: Json = {"chat_id": chat.id}
    if wanted.get("request_title"):
        value["title"] = chat.title
    if wanted.get("request_username") and chat.username:
        value["username"] = chat.username
    return {"chat_shared": value | {"request_id": int(wanted["request_id"])}}
