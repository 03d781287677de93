"""getMe, getChat, getChatMember, getFile: what a bot may read."""

from __future__ import annotations

from sandbox import access
from sandbox.access import Level
from sandbox.call import Call
from sandbox.errors import bad_request
from sandbox.files import MAX_DOWNLOAD_SIZE
from sandbox.model import Chat, Json, Standing
from sandbox.parameters import leading_integer
from sandbox.shapes import file_json, full_chat_json, me_json, permissions_json, user_json

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
_RIGHTS = (
    "can_manage_chat",
    "can_change_info",
    "can_delete_messages",
    "can_invite_users",
    "can_restrict_members",
    "can_pin_messages",
    "can_manage_topics",
    "can_promote_members",
    "can_manage_video_chats",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "is_anonymous",
    "can_manage_voice_chats",
)
_WITHHELD_RIGHTS = {"can_promote_members", "is_anonymous"}


def get_me(call: Call) -> Json:
    return me_json(call.bot)


def get_chat(call: Call) -> Json:
    chat = access.find_chat(call.world, call.bot, call.parameters.text("chat_id"), Level.READ)
    return full_chat_json(chat, call.world.users)


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
        return {"user": user_json(user)} | _bot_member(chat, user_id)
    status = chat.members.get(user_id, "left")
    if chat.kind == "private":
        if user_id != chat.id:
            raise bad_request("member not found")
        status = "member"
    return {"user": user_json(user)} | _member(status)


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


def _bot_member(chat: Chat, bot_id: int) -> Json:
    forbidden = frozenset(_FORBIDDEN_RIGHT[kind] for kind in chat.forbidden.get(bot_id, ()))
    where = chat.standings.get(bot_id, Standing.NOT_MEMBER)
    muted = where in {Standing.NO_WRITE_ACCESS, Standing.WRITE_FORBIDDEN}
    if chat.kind == "supergroup" and (muted or (where is Standing.ACTIVE and forbidden)):
        rights = permissions_json(forbidden=forbidden or frozenset(_FORBIDDEN_RIGHT.values()))
        return {"status": "restricted", "until_date": 0} | rights | {"is_member": True}
    return _member(_STATUS.get(where, "member"))


def _member(status: str) -> Json:
    """The ChatMember's fields after its user."""
    if status == "creator":
        return {"status": status, "is_anonymous": False}
    if status == "administrator":
        rights = {name: name not in _WITHHELD_RIGHTS for name in _RIGHTS}
        return {"status": status, "can_be_edited": False} | rights
    if status == "kicked":
        return {"status": status, "until_date": 0}
    return {"status": status}
