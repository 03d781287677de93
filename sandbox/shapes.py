"""Bot API objects, field by field in the order of the server (telegram-bot-api Client.cpp, the
Json… classes).
"""

from __future__ import annotations

from sandbox.model import Bot, Chat, Json, Message, StoredFile, User

_GIFTS = (
    "unlimited_gifts",
    "limited_gifts",
    "unique_gifts",
    "premium_subscription",
    "gifts_from_channels",
)
_PERMISSIONS = (
    "can_send_messages",
    "can_send_media_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)
_WITHHELD = {"can_change_info", "can_pin_messages", "can_manage_topics"}


def user_json(user: User) -> Json:
    fields: Json = {"id": user.id, "is_bot": user.is_bot, "first_name": user.first_name}
    if user.last_name:
        fields["last_name"] = user.last_name
    if user.username:
        fields["username"] = user.username
    if user.language_code:
        fields["language_code"] = user.language_code
    return fields


def me_json(bot: Bot) -> Json:
    return user_json(bot.user) | {
        "can_join_groups": True,
        "can_read_all_group_messages": bot.reads_all_messages,
        "supports_inline_queries": bot.supports_inline,
        "supports_guest_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
        "can_manage_bots": False,
    }


def chat_json(chat: Chat, users: dict[int, User]) -> Json:
    fields: Json = {"id": chat.id}
    if chat.kind == "private":
        user = users[chat.id]
        fields["first_name"] = user.first_name
        if user.last_name:
            fields["last_name"] = user.last_name
        if user.username:
            fields["username"] = user.username
        fields["type"] = "private"
        return fields
    fields["title"] = chat.title
    if chat.kind == "group":
        fields["type"] = "group"
        fields["all_members_are_administrators"] = False
        fields["accepted_gift_types"] = dict.fromkeys(_GIFTS, False)
        return fields
    if chat.username:
        fields["username"] = chat.username
    if chat.is_forum:
        fields["is_forum"] = True
    fields["type"] = chat.kind
    return fields


def full_chat_json(chat: Chat, users: dict[int, User]) -> Json:
    """The ChatFullInfo that getChat gives, as far as the sandbox knows the chat."""
    fields = chat_json(chat, users)
    if chat.kind == "private":
        fields["can_send_gift"] = True
    if fields.get("username"):
        fields["active_usernames"] = [fields["username"]]
    if chat.kind == "group":
        open_to_all = fields.pop("all_members_are_administrators")
        gifts = fields.pop("accepted_gift_types")
        fields["permissions"] = permissions_json()
        fields["all_members_are_administrators"] = open_to_all
        fields["accepted_gift_types"] = gifts
    else:
        if chat.kind == "supergroup":
            fields["permissions"] = permissions_json()
        fields["accepted_gift_types"] = dict.fromkeys(_GIFTS, chat.kind == "private")
    return fields | {"max_reaction_count": 11, "accent_color_id": abs(chat.id) % 7}


def permissions_json(*, forbidden: frozenset[str] = frozenset()) -> Json:
    """ChatPermissions of an ordinary member; `forbidden` names those taken away."""
    return {name: name not in forbidden | _WITHHELD for name in _PERMISSIONS}


def message_json(
    message: Message, messages: dict[int, Message], chats: dict[int, Chat], users: dict[int, User]
) -> Json:
    """The Message; `messages` are those of its dialog, where the replied one is found."""
    chat = chat_json(chats[message.chat_id], users)
    fields: Json = {"message_id": message.message_id}
    if message.from_id:
        fields["from"] = user_json(users[message.from_id])
    else:
        fields["sender_chat"] = chat
    fields["chat"] = chat
    fields["date"] = message.date
    if message.edit_time:
        fields["edit_date"] = int(message.edit_time)
    if message.message_thread_id:
        fields["message_thread_id"] = message.message_thread_id
    if message.forward:
        fields |= message.forward
    replied = messages.get(message.reply_to_message_id)
    if replied is not None and not replied.deleted_time:
        fields["reply_to_message"] = message_json(replied, {}, chats, users)
    if message.quote:
        fields["quote"] = message.quote
    if message.media_group_id:
        fields["media_group_id"] = message.media_group_id
    fields |= message.content.fields
    if message.reply_markup:
        fields["reply_markup"] = message.reply_markup
    if message.via_bot_id:
        fields["via_bot"] = user_json(users[message.via_bot_id])
    if message.is_protected:
        fields["has_protected_content"] = True
    if message.is_topic_message:
        fields["is_topic_message"] = True
    return fields


def file_json(file: StoredFile) -> Json:
    fields: Json = {"file_id": file.file_id, "file_unique_id": file.file_unique_id}
    if file.size:
        fields["file_size"] = file.size
    return fields


def photo_size_json(file: StoredFile) -> Json:
    return file_json(file) | {"width": file.width, "height": file.height}


def document_json(file: StoredFile) -> Json:
    fields: Json = {}
    if file.file_name:
        fields["file_name"] = file.file_name
    if file.mime_type:
        fields["mime_type"] = file.mime_type
    if file.thumbnail:
        fields["thumbnail"] = fields["thumb"] = file.thumbnail
    return fields | file_json(file)
