"""Setting the stage: people, chats and how bots stand in them; the world of a first start."""

from __future__ import annotations

from sandbox.model import Bot, Chat, ChatCondition, ChatKind, Standing, User
from sandbox.world import World

_CONDITIONS = {condition.value for condition in ChatCondition} - {ChatCondition.OPEN.value}
STATES = sorted(_CONDITIONS | {standing.value for standing in Standing})


def build_default_world(world: World) -> None:
    """One bot; a person who started it; a group, a forum with two topics and a channel with it in
    them.
    """
    bot = world.create_bot(
        User(world.free_id("bot"), "Tocsin", username="tocsin_sandbox_bot", is_bot=True)
    )
    ada = make_person(world, "Ada", "Lovelace", username="ada", language_code="en")
    grace = make_person(world, "Grace", "Hopper", username="grace", language_code="en")
    world.chats[ada.id].standings[bot.id] = Standing.ACTIVE
    group = make_chat(world, "group", "Night shift")
    forum = make_chat(
        world, "supergroup", "Operations", username="sandbox_operations", is_forum=True
    )
    channel = make_chat(world, "channel", "Status", username="sandbox_status")
    for chat in (group, forum, channel):
        chat.members = {ada.id: "creator", grace.id: "member"}
        let_in(world, bot, chat)
    world.create_topic(forum, "Databases")
    world.create_topic(forum, "Network")


def make_person(
    world: World,
    first_name: str,
    last_name: str = "",
    *,
    username: str = "",
    language_code: str = "",
    user_id: int = 0,
) -> User:
    """A person and their private chat, which no bot may write to yet."""
    user = User(user_id or world.free_id("private"), first_name, last_name, username, language_code)
    world.create_user(user)
    world.create_chat(Chat(user.id, "private"))
    return user


def make_chat(
    world: World,
    kind: ChatKind,
    title: str,
    *,
    username: str = "",
    is_forum: bool = False,
    chat_id: int = 0,
) -> Chat:
    """A group, supergroup or channel without any bot in it."""
    return world.create_chat(
        Chat(chat_id or world.free_id(kind), kind, title, username=username, is_forum=is_forum)
    )


def let_in(world: World, bot: Bot, chat: Chat) -> None:
    """Start the private chat, join the group, or become the channel's administrator."""
    set_state(world, bot, chat, "active")


def set_state(
    world: World, bot: Bot | None, chat: Chat, state: str, migrate_to_chat_id: int = 0
) -> None:
    """Change how `bot` (None: every bot) stands in the chat, or what became of the chat.

    `upgraded` needs a group; without `migrate_to_chat_id` the supergroup is made. Raises ValueError
    with the reason.
    """
    if state in _CONDITIONS:
        _set_condition(world, chat, ChatCondition(state), migrate_to_chat_id)
        return
    if state not in STATES:
        raise ValueError(f"state: {state!r} is none of {', '.join(STATES)}")
    wanted = Standing(state)
    if chat.kind == "channel" and wanted is Standing.ACTIVE:
        wanted = Standing.ADMINISTRATOR
    chat.condition = ChatCondition.OPEN
    for bot_id in [bot.id] if bot is not None else list(world.bots):
        chat.standings[bot_id] = wanted
    world.note("chats", chat.id)


def _set_condition(
    world: World, chat: Chat, condition: ChatCondition, migrate_to_chat_id: int
) -> None:
    if condition is ChatCondition.DEACTIVATED and chat.kind != "private":
        raise ValueError(f"state: only a person can be deactivated, not a {chat.kind}")
    if condition is ChatCondition.UPGRADED:
        if chat.kind != "group":
            raise ValueError(f"state: only a group can be upgraded, not a {chat.kind} chat")
        chat.upgraded_to = migrate_to_chat_id or upgraded(world, chat).id
    chat.condition = condition
    world.note("chats", chat.id)


def upgraded(world: World, group: Chat) -> Chat:
    """A supergroup with the group's title, people and bots."""
    supergroup = make_chat(world, "supergroup", group.title)
    supergroup.members = dict(group.members)
    supergroup.standings = dict(group.standings)
    return supergroup
