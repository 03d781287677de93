"""People and bots come, go, rise and fall in chats; people block bots; chats change.

Each change gives `my_chat_member` to the bot that it is about, `chat_member` to administrating bots
that asked for it, and in groups the service message (telegram-bot-api Client.cpp, Bot API).
"""

from __future__ import annotations

from sandbox import scenery
from sandbox.audience import bots_inside, lane_of, tell
from sandbox.members import bot_member_json, person_member_json, rights_of
from sandbox.model import Bot, Chat, ChatCondition, ChatKind, Json, Standing, User
from sandbox.service_messages import announce, leaver, newcomers
from sandbox.shapes import chat_json, user_json
from sandbox.world import World

_GONE = {Standing.KICKED, Standing.NOT_MEMBER, Standing.NEVER_STARTED}
STATUSES = ("creator", "administrator", "member", "left", "kicked")


class Refused(ValueError):
    """People cannot do that in Telegram either; the text says why."""


def is_inside(chat: Chat, bot: Bot) -> bool:
    return chat.standings.get(bot.id, Standing.NOT_MEMBER) not in _GONE


def check_present(chat: Chat, user: User) -> None:
    """Whoever left a private chat sees nothing of it any more; a public one shows itself to all but
    those who were removed."""
    status = chat.members.get(user.id)
    if status == "kicked" or (status == "left" and not chat.username):
        raise Refused(f"{user.first_name} is not in the chat any more")


def add_bot(
    world: World, chat: Chat, bot: Bot, actor: User, rights: list[str] | None = None
) -> None:
    """The bot joins, or with rights (empty: the usual ones) becomes an administrator. In a channel
    it can be nothing else.
    """
    _check_rights(chat, rights or [])
    was_inside = is_inside(chat, bot)
    is_admin = rights is not None or chat.kind == "channel"
    wanted = Standing.ADMINISTRATOR if is_admin else Standing.ACTIVE
    _move_bot(world, chat, bot, actor, wanted, rights or [])
    if not was_inside and chat.kind != "channel":
        announce(world, chat, actor, newcomers([bot.user]))


def demote_bot(world: World, chat: Chat, bot: Bot, actor: User) -> None:
    """From administrator to member; a channel has no members that are bots."""
    if chat.kind == "channel":
        raise Refused("a bot is a channel's administrator or not in it: remove it")
    _move_bot(world, chat, bot, actor, Standing.ACTIVE, [])


def remove_bot(world: World, chat: Chat, bot: Bot, actor: User) -> None:
    _check_inside(chat, bot)
    _move_bot(world, chat, bot, actor, Standing.KICKED, [])
    if chat.kind != "channel":
        announce(world, chat, actor, leaver(bot.user), also=bot)


def leave(world: World, chat: Chat, bot: Bot) -> None:
    """The bot goes by itself."""
    _move_bot(world, chat, bot, bot.user, Standing.NOT_MEMBER, [])
    if chat.kind != "channel":
        announce(world, chat, bot.user, leaver(bot.user), also=bot)


def block(world: World, bot: Bot, user: User) -> None:
    chat = world.chats[user.id]
    _change_private(world, chat, bot, user, Standing.BLOCKED)


def unblock(world: World, bot: Bot, user: User) -> None:
    chat = world.chats[user.id]
    if chat.standings.get(bot.id) is not Standing.BLOCKED:
        raise Refused(f"{user.first_name} has not blocked @{bot.user.username}")
    _change_private(world, chat, bot, user, Standing.ACTIVE)


def change_person(
    world: World, chat: Chat, user: User, actor: User, status: str, rights: list[str] | None = None
) -> None:
    """A person joins, is promoted or demoted, leaves (`actor` is the person) or is removed."""
    if status not in STATUSES:
        raise Refused(f"status: {status!r} is none of {', '.join(STATUSES)}")
    if chat.kind == "private":
        raise Refused("a private chat has no members")
    _check_rights(chat, rights or [])
    was_inside = chat.members.get(user.id, "left") not in {"left", "kicked"}
    old = person_member_json(chat, user)
    chat.members[user.id] = status
    _set_rights(chat, user.id, rights or [])
    world.note("chats", chat.id)
    value = _change(world, chat, actor, old, person_member_json(chat, user))
    for bot in bots_inside(world, chat):
        tell(world, bot, "chat_member", value, lane_of(chat), chat=chat)
    is_inside_now = status not in {"left", "kicked"}
    if was_inside != is_inside_now and chat.kind != "channel":
        announce(world, chat, actor, newcomers([user]) if is_inside_now else leaver(user))


def rename(world: World, chat: Chat, actor: User, title: str) -> None:
    if not title.strip() or chat.kind == "private":
        raise Refused("title: groups and channels have one, and it is not empty")
    chat.title = title.strip()[:128]
    world.note("chats", chat.id)
    world.feed.publish({"type": "chats"})
    announce(world, chat, actor, {"new_chat_title": chat.title})


def create_chat(world: World, kind: ChatKind, title: str, actor: User, bots: list[Bot]) -> Chat:
    """The person makes a chat with these bots in it from the start."""
    chat = scenery.make_chat(world, kind, title)
    chat.members[actor.id] = "creator"
    for bot in bots:
        wanted = Standing.ADMINISTRATOR if kind == "channel" else Standing.ACTIVE
        _move_bot(world, chat, bot, actor, wanted, [])
    announce(world, chat, actor, {f"{kind}_chat_created": True})
    return chat


def upgrade(world: World, group: Chat, actor: User) -> Chat:
    """The group becomes a supergroup: bots hear of it in both."""
    if group.kind != "group" or group.condition is not ChatCondition.OPEN:
        raise Refused("only a group can be upgraded, and only once")
    supergroup = scenery.upgraded(world, group)
    announce(world, group, actor, {"migrate_to_chat_id": supergroup.id})
    group.upgraded_to = supergroup.id
    group.condition = ChatCondition.UPGRADED
    world.note("chats", group.id)
    announce(world, supergroup, actor, {"migrate_from_chat_id": group.id})
    return supergroup


def _change_private(world: World, chat: Chat, bot: Bot, user: User, wanted: Standing) -> None:
    """A blocked bot is called kicked here, where getChatMember calls it a member."""
    before, chat.standings[bot.id] = chat.standings.get(bot.id), wanted
    world.note("chats", chat.id)
    world.feed.publish({"type": "chats"})
    if before is wanted:
        return
    is_blocked = wanted is Standing.BLOCKED
    fields: tuple[Json, Json] = {"status": "member"}, {"status": "kicked", "until_date": 0}
    old, new = fields if is_blocked else fields[::-1]
    member = {"user": user_json(bot.user)}
    value = _change(world, chat, user, member | old, member | new)
    tell(world, bot, "my_chat_member", value, lane_of(chat))


def _move_bot(
    world: World, chat: Chat, bot: Bot, actor: User, wanted: Standing, rights: list[str]
) -> None:
    if chat.kind == "private":
        raise Refused("a bot is started or blocked in private, not added or removed")
    if chat.condition is not ChatCondition.OPEN:
        raise Refused(f"the chat is {chat.condition}")
    old = bot_member_json(chat, bot)
    chat.standings[bot.id] = wanted
    _set_rights(chat, bot.id, rights)
    world.note("chats", chat.id)
    world.feed.publish({"type": "chats"})
    new = bot_member_json(chat, bot)
    if chat.kind == "group" and wanted is Standing.KICKED:
        new = {"user": new["user"], "status": "left"}  # basic groups ban nobody
    if old == new:
        return
    value = _change(world, chat, actor, old, new)
    tell(world, bot, "my_chat_member", value, lane_of(chat))
    for other in bots_inside(world, chat):
        if other is not bot:
            tell(world, other, "chat_member", value, lane_of(chat), chat=chat)


def _change(world: World, chat: Chat, actor: User, old: Json, new: Json) -> Json:
    """A ChatMemberUpdated."""
    return {
        "chat": chat_json(chat, world.users),
        "from": user_json(actor),
        "date": int(world.clock()),
        "old_chat_member": old,
        "new_chat_member": new,
    }


def _check_rights(chat: Chat, rights: list[str]) -> None:
    if unknown := sorted(set(rights) - set(rights_of(chat))):
        raise Refused(f"rights: {', '.join(unknown)}: none of {', '.join(rights_of(chat))}")


def _set_rights(chat: Chat, user_id: int, rights: list[str]) -> None:
    if rights:
        chat.rights[user_id] = rights
    else:
        chat.rights.pop(user_id, None)


def _check_inside(chat: Chat, bot: Bot) -> None:
    if not is_inside(chat, bot):
        raise Refused(f"@{bot.user.username} is not in the chat")
