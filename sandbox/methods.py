"""The Bot API methods that the sandbox knows: canonical name and handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from sandbox import (
    chat_actions,
    chats,
    commands,
    editing,
    inline,
    places,
    polls,
    presses,
    relaying,
    sending,
    updates,
)
from sandbox.call import Call

Handler: TypeAlias = Callable[[Call], Any] | Callable[[Call], Awaitable[Any]]
"""Gives the result, a `Described` result, or an awaitable of one; raises BotApiError or Refusal."""

HANDLERS: dict[str, Handler] = {
    "getMe": chats.get_me,
    "getChat": chats.get_chat,
    "getChatMember": chats.get_chat_member,
    "getChatAdministrators": chats.get_chat_administrators,
    "getChatMemberCount": chats.get_chat_member_count,
    "setChatMenuButton": chats.set_chat_menu_button,
    "getChatMenuButton": chats.get_chat_menu_button,
    "getFile": chats.get_file,
    "sendMessage": sending.send_message,
    "sendPhoto": sending.send_photo,
    "sendDocument": sending.send_document,
    "sendAudio": sending.send_audio,
    "sendVideo": sending.send_video,
    "sendVoice": sending.send_voice,
    "sendVideoNote": sending.send_video_note,
    "sendAnimation": sending.send_animation,
    "sendSticker": sending.send_sticker,
    "sendMediaGroup": sending.send_media_group,
    "sendLocation": places.send_location,
    "sendVenue": places.send_venue,
    "sendContact": places.send_contact,
    "sendDice": places.send_dice,
    "sendPoll": polls.send_poll,
    "sendChatAction": sending.send_chat_action,
    "forwardMessage": relaying.forward_message,
    "forwardMessages": relaying.forward_messages,
    "copyMessage": relaying.copy_message,
    "copyMessages": relaying.copy_messages,
    "setMessageReaction": chat_actions.set_message_reaction,
    "pinChatMessage": chat_actions.pin_chat_message,
    "unpinChatMessage": chat_actions.unpin_chat_message,
    "unpinAllChatMessages": chat_actions.unpin_all_chat_messages,
    "leaveChat": chat_actions.leave_chat,
    "editMessageText": editing.edit_message_text,
    "editMessageCaption": editing.edit_message_caption,
    "editMessageMedia": editing.edit_message_media,
    "editMessageReplyMarkup": editing.edit_message_reply_markup,
    "editMessageLiveLocation": places.edit_message_live_location,
    "stopMessageLiveLocation": places.stop_message_live_location,
    "stopPoll": polls.stop_poll,
    "deleteMessage": editing.delete_message,
    "deleteMessages": editing.delete_messages,
    "getUpdates": updates.get_updates,
    "setWebhook": updates.set_webhook,
    "deleteWebhook": updates.delete_webhook,
    "getWebhookInfo": updates.get_webhook_info,
    "logOut": updates.log_out,
    "close": updates.close,
    "setMyCommands": commands.set_my_commands,
    "getMyCommands": commands.get_my_commands,
    "deleteMyCommands": commands.delete_my_commands,
    "answerInlineQuery": inline.answer_inline_query,
    "answerCallbackQuery": presses.answer_callback_query,
}
CANONICAL_NAMES = {name.lower(): name for name in HANDLERS} | {
    "getchatmemberscount": "getChatMemberCount",
}
