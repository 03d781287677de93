"""ChatMember objects of bots and people (telegram-bot-api Client.cpp, JsonChatMember)."""

from __future__ import annotations

from sandbox.model import Bot, Chat, Json, Standing, User
from sandbox.shapes import permissions_json, user_json

_STATUS = {
    Standing.ADMINISTRATOR: "administrator",
    Standing.KICKED: "kicked",
    Standing.BLOCKED: "member",
    Standing.NOT_MEMBER: "left",
    Standing.NEVER_STARTED: "left",
}
_FORBIDDEN_RIGHT = {
    "text": "can_send_messages",
    "photo": "can_send_photos",
    "document": "can_send_documents",
}
_EVERYWHERE = {"private", "group", "supergroup", "channel"}
_RIGHTS = {
    "can_manage_chat": _EVERYWHERE,
    "can_change_info": _EVERYWHERE,
    "can_post_messages": {"channel"},
    "can_edit_messages": {"channel"},
    "can_delete_messages": _EVERYWHERE,
    "can_invite_users": _EVERYWHERE,
    "can_restrict_members": _EVERYWHERE,
    "can_pin_messages": {"group", "supergroup"},
    "can_manage_topics": {"supergroup"},
    "can_promote_members": _EVERYWHERE,
    "can_manage_video_chats": _EVERYWHERE,
    "can_post_stories": _EVERYWHERE,
    "can_edit_stories": _EVERYWHERE,
    "can_delete_stories": _EVERYWHERE,
    "can_send_welcome_messages": _EVERYWHERE,
    "can_manage_direct_messages": {"channel"},
    "can_manage_tags": {"group", "supergroup"},
    "is_anonymous": _EVERYWHERE,
    "can_manage_voice_chats": _EVERYWHERE,
}
"""In the server's order, with the kinds of chat that have each. Welcome messages came with Bot API
10.3: clients of today refuse an administrator without that right."""
_USUALLY_WITHHELD = {"can_promote_members", "is_anonymous"}
ADMINISTRATORS = {"creator", "administrator"}


def rights_of(chat: Chat) -> list[str]:
    """The administrator's rights that there are in such a chat."""
    return [name for name, kinds in _RIGHTS.items() if chat.kind in kinds]


def usual_rights(chat: Chat) -> list[str]:
    """Those given unless the promoter chooses."""
    return [name for name in rights_of(chat) if name not in _USUALLY_WITHHELD]


def bot_member_json(chat: Chat, bot: Bot) -> Json:
    return {"user": user_json(bot.user)} | _bot_fields(chat, bot.id)


def person_member_json(chat: Chat, user: User) -> Json:
    status = chat.members.get(user.id, "left")
    return {"user": user_json(user)} | member_fields(chat, user.id, status)


def member_fields(chat: Chat, user_id: int, status: str) -> Json:
    """The ChatMember's fields after its user."""
    if status == "creator":
        return {"status": status, "is_anonymous": False}
    if status == "administrator":
        given = chat.rights.get(user_id, usual_rights(chat))
        rights = {name: name in given for name in rights_of(chat)}
        return {"status": status, "can_be_edited": False} | rights
    if status == "kicked":
        return {"status": status, "until_date": 0}
    return {"status": status}


def _bot_fields(chat: Chat, bot_id: int) -> Json:
    forbidden = frozenset(
        _FORBIDDEN_RIGHT[kind]
        for kind in chat.forbidden.get(bot_id, ())
        if kind in _FORBIDDEN_RIGHT
    )
    where = chat.standings.get(bot_id, Standing.NOT_MEMBER)
    muted = where in {Standing.NO_WRITE_ACCESS, Standing.WRITE_FORBIDDEN}
    if chat.kind == "supergroup" and (muted or (where is Standing.ACTIVE and forbidden)):
        rights = permissions_json(forbidden=forbidden or frozenset(_FORBIDDEN_RIGHT.values()))
        return {"status": "restricted", "until_date": 0} | rights | {"is_member": True}
    return member_fields(chat, bot_id, _STATUS.get(where, "member"))
