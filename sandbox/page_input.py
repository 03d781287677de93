"""What the chat page needs below and beside the messages: who may write, which keyboard and
commands the person's app shows, and who is in the chat.
"""

from __future__ import annotations

from sandbox.commands import shown_commands
from sandbox.members import ADMINISTRATORS
from sandbox.model import Bot, Chat, Dialog, Json, Message, Standing, User
from sandbox.reply_keyboards import shown_keyboard
from sandbox.world import World

_INSIDE = {Standing.ACTIVE, Standing.ADMINISTRATOR}


def input_json(world: World, dialog: Dialog, person_id: int) -> Json:
    """`people` may write here; `person` is who of them does, `person_id` if that is one; `asked_by`
    is the message that forces a reply of theirs, 0 for none.
    """
    chat = world.chats[dialog.chat_id]
    people = _people(world, chat)
    person = next((user for user in people if user.id == person_id), people[0] if people else None)
    message = shown_keyboard(dialog, person) if person else None
    keyboard = None if message is None else message.reply_keyboard
    is_asked = keyboard is not None and keyboard["kind"] == "force_reply"
    if is_asked and person and message and _has_written_since(dialog, person, message):
        keyboard, is_asked = None, False
    bots = _bots(world, dialog, chat)
    return {
        "people": [_person_json(user) for user in people],
        "person": person.id if person else 0,
        "keyboard": keyboard,
        "asked_by": message.message_id if message and is_asked else 0,
        "commands": _commands(bots, chat, person),
        "bots": [_bot_json(bot) for bot in world.bots.values()],
        "is_blocked": chat.standings.get(dialog.bot_id) is Standing.BLOCKED,
        "members": _members(world, chat),
        "title": chat.title,
        "kind": chat.kind,
    }


def _has_written_since(dialog: Dialog, person: User, asked: Message) -> bool:
    """The first thing they write after a force reply answers it."""
    for message in reversed(dialog.messages.values()):
        if message.message_id <= asked.message_id:
            return False
        if message.from_id == person.id:
            return True
    return False


def _people(world: World, chat: Chat) -> list[User]:
    """In groups without known members anybody; in channels those who administrate."""
    if chat.kind == "private":
        return [world.users[chat.id]]
    everybody = [user for user in world.users.values() if not user.is_bot]
    wanted = ADMINISTRATORS if chat.kind == "channel" else {"creator", "administrator", "member"}
    inside = [user for user in everybody if chat.members.get(user.id) in wanted]
    return inside or everybody


def _bots(world: World, dialog: Dialog, chat: Chat) -> list[Bot]:
    if dialog.bot_id:
        return [world.bots[dialog.bot_id]]
    return [bot for bot in world.bots.values() if chat.standings.get(bot.id) in _INSIDE]


def _commands(bots: list[Bot], chat: Chat, person: User | None) -> list[Json]:
    """With the bot's name where several bots listen."""
    if person is None or chat.kind == "channel":
        return []
    is_admin = chat.members.get(person.id) in ADMINISTRATORS
    return [
        command | {"bot": bot.user.username if chat.kind != "private" else ""}
        for bot in bots
        for command in shown_commands(bot, chat, person, is_administrator=is_admin)
    ]


def _members(world: World, chat: Chat) -> list[Json]:
    """Everybody who could be in a group or channel, and as what."""
    if chat.kind == "private":
        return []
    people = [
        _person_json(user) | {"status": chat.members.get(user.id, "left"), "is_bot": False}
        for user in world.users.values()
        if not user.is_bot
    ]
    bots = [
        {
            "id": bot.id,
            "name": f"@{bot.user.username}",
            "status": _status(chat, bot),
            "is_bot": True,
        }
        for bot in world.bots.values()
    ]
    return bots + people


def _status(chat: Chat, bot: Bot) -> str:
    where = chat.standings.get(bot.id, Standing.NOT_MEMBER)
    if where is Standing.ADMINISTRATOR:
        return "administrator"
    gone = {Standing.NOT_MEMBER, Standing.NEVER_STARTED, Standing.KICKED}
    return "left" if where in gone else "member"


def _person_json(user: User) -> Json:
    return {"id": user.id, "name": f"{user.first_name} {user.last_name}".strip()}


def _bot_json(bot: Bot) -> Json:
    return {"id": bot.id, "username": bot.user.username, "is_inline": bot.supports_inline}
