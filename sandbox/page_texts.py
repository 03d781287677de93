"""What the chat page writes for messages that are no text: who came, what was shared."""

from __future__ import annotations

from sandbox.model import Json, Message

_MADE = ("group_chat_created", "supergroup_chat_created", "channel_chat_created")


def service_text(message: Message, author: str) -> str:
    """One line about what happened; empty for messages of other kinds."""
    if message.content.kind != "service":
        return ""
    fields = message.content.fields
    if "new_chat_members" in fields:
        newcomers = fields["new_chat_members"]
        alone = [user["id"] for user in newcomers] == [message.from_id]
        return f"{author} joined" if alone else f"{author} added {_names(newcomers)}"
    if "left_chat_member" in fields:
        gone = fields["left_chat_member"]
        return (
            f"{author} left"
            if gone["id"] == message.from_id
            else (f"{author} removed {_names([gone])}")
        )
    if "new_chat_title" in fields:
        return f"{author} changed the name to “{fields['new_chat_title']}”"
    if "pinned_message" in fields:
        return f"{author} pinned a message"
    if "users_shared" in fields:
        return f"{author} shared people with the bot"
    if "chat_shared" in fields:
        return f"{author} shared a chat with the bot"
    if "migrate_to_chat_id" in fields:
        return f"{author} upgraded the group to a supergroup"
    if "migrate_from_chat_id" in fields:
        return "The group became this supergroup"
    return (
        f"{author} made the chat" if any(name in fields for name in _MADE) else "Something changed"
    )


def plain_text(fields: Json) -> str:
    """What stands for a contact, a place or a die."""
    if "dice" in fields:
        return f"{fields['dice']['emoji']} {fields['dice']['value']}"
    if "contact" in fields:
        contact = fields["contact"]
        name = f"{contact['first_name']} {contact.get('last_name', '')}".strip()
        return f"Contact: {name}, +{contact['phone_number'].lstrip('+')}"
    if "location" in fields:
        place = fields["location"]
        venue = fields.get("venue")
        title = f"{venue['title']}, {venue['address']}: " if venue else ""
        called = "Live location" if "live_period" in place else "Location"
        return f"{called}: {title}{place['latitude']}, {place['longitude']}"
    return ""


def origin_text(message: Message) -> str:
    """Whom a forwarded message is from."""
    if not message.forward:
        return ""
    first = message.forward["forward_origin"]
    if "chat" in first:
        return str(first["chat"]["title"])
    return _names([first["sender_user"]])


def _names(users: list[Json]) -> str:
    return ", ".join(f"{user['first_name']} {user.get('last_name', '')}".strip() for user in users)
