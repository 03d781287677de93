"""Messages about the chat itself: who came and went, titles, pins, upgrades. Every bot hears them,
also in privacy mode.
"""

from __future__ import annotations

from sandbox.audience import tell_of_message
from sandbox.model import Bot, Chat, Content, Json, Message, User
from sandbox.shapes import user_json
from sandbox.world import World


def announce(
    world: World,
    chat: Chat,
    actor: User,
    fields: Json,
    *,
    bot: Bot | None = None,
    also: Bot | None = None,
) -> Message:
    """Put the service message into the chat. `bot` did it itself; `also` was there until now."""
    counting = bot or next((world.bots[key] for key in chat.standings if key in world.bots), None)
    message = Message(
        message_id=world.next_message_id(counting, chat),
        chat_id=chat.id,
        bot_id=0,
        from_id=0 if chat.kind == "channel" else actor.id,
        time=world.clock(),
        content=Content("service", fields),
    )
    dialog = world.dialog(bot, chat)
    world.store_message(dialog, message)
    tell_of_message(world, dialog, message, also=also)
    return message


def newcomers(users: list[User]) -> Json:
    """With the two fields that came before `new_chat_members`."""
    people = [user_json(user) for user in users]
    return {
        "new_chat_participant": people[0],
        "new_chat_member": people[0],
        "new_chat_members": people,
    }


def leaver(user: User) -> Json:
    person = user_json(user)
    return {"left_chat_participant": person, "left_chat_member": person}
