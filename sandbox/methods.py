"""The Bot API methods that the sandbox knows: canonical name and handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from sandbox import chats, commands, editing, sending, updates
from sandbox.call import Call

Handler: TypeAlias = Callable[[Call], Any] | Callable[[Call], Awaitable[Any]]
"""Gives the result, a `Described` result, or an awaitable of one; raises BotApiError or Refusal."""

HANDLERS: dict[str, Handler] = {
    "getMe": chats.get_me,
    "getChat": chats.get_chat,
    "getChatMember": chats.get_chat_member,
    "getFile": chats.get_file,
    "sendMessage": sending.send_message,
    "sendPhoto": sending.send_photo,
    "sendDocument": sending.send_document,
    "sendChatAction": sending.send_chat_action,
    "editMessageText": editing.edit_message_text,
    "editMessageCaption": editing.edit_message_caption,
    "editMessageMedia": editing.edit_message_media,
    "editMessageReplyMarkup": editing.edit_message_reply_markup,
    "deleteMessage": editing.delete_message,
    "deleteMessages": editing.delete_messages,
    "getUpdates": updates.get_updates,
    "setWebhook": updates.set_webhook,
    "deleteWebhook": updates.delete_webhook,
    "getWebhookInfo": updates.get_webhook_info,
    "logOut": updates.leave_server,
    "close": updates.leave_server,
    "setMyCommands": commands.set_my_commands,
    "getMyCommands": commands.get_my_commands,
    "deleteMyCommands": commands.delete_my_commands,
    "answerCallbackQuery": commands.answer_callback_query,
}
CANONICAL_NAMES = {name.lower(): name for name in HANDLERS}
