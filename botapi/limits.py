"""Telegram's limits, each with its source.

"Bot API" is core.telegram.org/bots/api, "FAQ" core.telegram.org/bots/faq, "server" the code of
tdlib/telegram-bot-api 10.0, "TDLib" that of tdlib/td 1.8.66. Sizes documented as MB are taken as
millions of bytes, the smaller reading.
"""

from typing import Final

# Text. "Characters" are Unicode code points, counted after entity parsing and trimming (TDLib
# MessageContent.cpp compares utf8_length); offsets of entities are UTF-16 code units.
MESSAGE_TEXT_MAX: Final = 4096  # Bot API sendMessage.text
CAPTION_MAX: Final = 1024  # Bot API sendPhoto.caption
RAW_TEXT_BYTES_MAX: Final = 32_768  # server Client.cpp: "text is too long", before parsing
QUOTE_MAX: Final = 1024  # Bot API ReplyParameters.quote
ENTITIES_MAX: Final = 100  # TDLib MessageEntity.cpp: the rest is dropped silently
CALLBACK_ANSWER_MAX: Final = 200  # Bot API answerCallbackQuery.text

# Keyboards.
CALLBACK_DATA_BYTES_MAX: Final = 64  # Bot API InlineKeyboardButton.callback_data, at least 1
BUTTONS_PER_ROW_MAX: Final = 8  # what clients show; TDLib ReplyMarkup.cpp keeps 12
BUTTONS_MAX: Final = 100  # what Telegram's servers keep, observed; TDLib keeps 300
REPLY_MARKUP_BYTES_MAX: Final = 10_000  # REPLY_MARKUP_TOO_LONG, observed near 10 kB
INPUT_PLACEHOLDER_MAX: Final = 64  # Bot API ReplyKeyboardMarkup.input_field_placeholder
BUTTON_URL_MAX: Final = 2048  # ours: longer URLs open in no browser reliably

# Files, uploaded to Telegram's own servers; a server run with --local takes 2000 MB.
PHOTO_BYTES_MAX: Final = 10_000_000  # Bot API "Sending files"
PHOTO_SIDES_SUM_MAX: Final = 10_000  # Bot API sendPhoto: width + height
PHOTO_RATIO_MAX: Final = 20  # Bot API sendPhoto
DOCUMENT_BYTES_MAX: Final = 50_000_000  # Bot API "Sending files"
THUMBNAIL_BYTES_MAX: Final = 200_000  # Bot API sendDocument.thumbnail: JPEG, at most 320 × 320
PARAMETERS_BYTES_MAX: Final = 1 << 20  # server HttpReader.h: all parameters that are not files

# Pace. Edits count like messages. The exact limits are dynamic and not published.
BOT_MESSAGES_PER_SECOND: Final = 30  # FAQ "broadcasting"
CHAT_MESSAGES_PER_SECOND: Final = 1  # FAQ "My bot is hitting limits": short bursts pass
CHAT_BURST: Final = 3  # ours: the burst that has been seen to pass
GROUP_MESSAGES_PER_MINUTE: Final = 20  # FAQ "My bot is hitting limits"
RETRY_AFTER_MAX: Final = 7 * 86_400  # ours: seconds; tens of thousands have been seen

# Identifiers.
TOKEN_SECRET_MIN: Final = 24  # server Client.cpp
TOKEN_SECRET_MAX: Final = 60  # ours: the server takes tokens of up to 80 characters
BOT_ID_MAX: Final = (1 << 54) - 1  # server ClientManager.cpp
CHAT_ID_BITS: Final = 52  # Bot API Chat.id: at most 52 significant bits
TOPIC_NAME_MAX: Final = 128  # Bot API createForumTopic.name

# Typing notices: sendChatAction shows for 5 seconds or less (Bot API sendChatAction).
CHAT_ACTION_SECONDS: Final = 5

# Updates.
GET_UPDATES_TIMEOUT_MAX: Final = 50  # server Client.cpp clamps getUpdates.timeout
GET_UPDATES_LIMIT_MAX: Final = 100  # Bot API getUpdates.limit
