"""The Bot API methods that are called here: what to send, and how to read the answer.

Each function has the method's name in snake case and returns a Call, which is data: it can be
stored, sent later with `perform`, or taken apart. Parameter names are the Bot API's, verbatim.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypedDict, TypeVar

from botapi.client import BotApiClient, InputFile
from botapi.results import (
    ChatFullInfo,
    ChatMember,
    Message,
    User,
    WebhookInfo,
    read_chat_full_info,
    read_chat_member,
    read_message,
    read_true,
    read_updates,
    read_user,
    read_webhook_info,
)

T = TypeVar("T")
Json = Mapping[str, object]

ParseMode = Literal["HTML", "MarkdownV2"]
ChatAction = Literal["typing", "upload_photo", "upload_document"]


class LinkPreviewOptions(TypedDict, total=False):
    """Bot API LinkPreviewOptions."""

    is_disabled: bool
    url: str
    prefer_small_media: bool
    prefer_large_media: bool
    show_above_text: bool


class ReplyParameters(TypedDict, total=False):
    """Bot API ReplyParameters. `reply_to` makes the usual ones."""

    message_id: int
    chat_id: int | str
    allow_sending_without_reply: bool
    quote: str
    quote_parse_mode: str
    quote_position: int


def reply_to(message_id: int) -> ReplyParameters:
    """A reply that is sent without reference when the message is gone."""
    return {"message_id": message_id, "allow_sending_without_reply": True}


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call of a Bot API method. `read(result, method)` turns the answer into a T."""

    method: str
    params: Json
    read: Callable[[object, str], T]
    files: Mapping[str, InputFile] = field(default_factory=dict)


def perform(client: BotApiClient, token: str, call: Call[T], *, timeout: float | None = None) -> T:
    """Make the call. Raises what `BotApiClient.call` raises, and UnexpectedResult."""
    result = client.call(token, call.method, call.params, call.files, timeout=timeout)
    return call.read(result, call.method)


def get_me() -> Call[User]:
    """Who the bot is; the way to test a token."""
    return Call("getMe", {}, read_user)


def get_chat(chat_id: int | str) -> Call[ChatFullInfo]:
    """A chat by ID, or a public group or channel by @username."""
    return Call("getChat", {"chat_id": chat_id}, read_chat_full_info)


def get_chat_member(chat_id: int | str, user_id: int) -> Call[ChatMember]:
    """What a user is in a chat and may do there."""
    return Call("getChatMember", {"chat_id": chat_id, "user_id": user_id}, read_chat_member)


def send_message(
    chat_id: int | str,
    text: str,
    *,
    parse_mode: ParseMode | None = None,
    message_thread_id: int | None = None,
    link_preview_options: LinkPreviewOptions | None = None,
    disable_notification: bool | None = None,
    protect_content: bool | None = None,
    reply_parameters: ReplyParameters | None = None,
    reply_markup: Json | None = None,
) -> Call[Message]:
    """A text message; omit `message_thread_id` for a forum's General topic."""
    params = _present(
        chat_id=chat_id,
        text=text,
        parse_mode=parse_mode,
        message_thread_id=message_thread_id,
        link_preview_options=link_preview_options,
        disable_notification=disable_notification,
        protect_content=protect_content,
        reply_parameters=reply_parameters,
        reply_markup=reply_markup,
    )
    return Call("sendMessage", params, read_message)


def send_photo(
    chat_id: int | str,
    photo: InputFile | str,
    *,
    caption: str | None = None,
    parse_mode: ParseMode | None = None,
    show_caption_above_media: bool | None = None,
    message_thread_id: int | None = None,
    disable_notification: bool | None = None,
    protect_content: bool | None = None,
    reply_parameters: ReplyParameters | None = None,
    reply_markup: Json | None = None,
) -> Call[Message]:
    """A photo: an upload, or as str the `file_id` or URL of one."""
    files: dict[str, InputFile] = {}
    params = _present(
        chat_id=chat_id,
        photo=_media("photo", photo, files),
        caption=caption,
        parse_mode=parse_mode,
        show_caption_above_media=show_caption_above_media,
        message_thread_id=message_thread_id,
        disable_notification=disable_notification,
        protect_content=protect_content,
        reply_parameters=reply_parameters,
        reply_markup=reply_markup,
    )
    return Call("sendPhoto", params, read_message, files)


def send_document(
    chat_id: int | str,
    document: InputFile | str,
    *,
    thumbnail: InputFile | None = None,
    caption: str | None = None,
    parse_mode: ParseMode | None = None,
    disable_content_type_detection: bool | None = None,
    message_thread_id: int | None = None,
    disable_notification: bool | None = None,
    protect_content: bool | None = None,
    reply_parameters: ReplyParameters | None = None,
    reply_markup: Json | None = None,
) -> Call[Message]:
    """A file: an upload, or as str the `file_id` or URL of one. Thumbnails can only be uploaded."""
    files: dict[str, InputFile] = {}
    params = _present(
        chat_id=chat_id,
        document=_media("document", document, files),
        thumbnail=_media("thumbnail", thumbnail, files),
        caption=caption,
        parse_mode=parse_mode,
        disable_content_type_detection=disable_content_type_detection,
        message_thread_id=message_thread_id,
        disable_notification=disable_notification,
        protect_content=protect_content,
        reply_parameters=reply_parameters,
        reply_markup=reply_markup,
    )
    return Call("sendDocument", params, read_message, files)


def edit_message_text(
    chat_id: int | str,
    message_id: int,
    text: str,
    *,
    parse_mode: ParseMode | None = None,
    link_preview_options: LinkPreviewOptions | None = None,
    reply_markup: Json | None = None,
) -> Call[Message]:
    """Replace a text message of the bot. Without `reply_markup` its keyboard goes."""
    params = _present(
        chat_id=chat_id,
        message_id=message_id,
        text=text,
        parse_mode=parse_mode,
        link_preview_options=link_preview_options,
        reply_markup=reply_markup,
    )
    return Call("editMessageText", params, read_message)


def edit_message_caption(
    chat_id: int | str,
    message_id: int,
    *,
    caption: str | None = None,
    parse_mode: ParseMode | None = None,
    show_caption_above_media: bool | None = None,
    reply_markup: Json | None = None,
) -> Call[Message]:
    """Replace a caption. Without `caption` it goes, without `reply_markup` the keyboard."""
    params = _present(
        chat_id=chat_id,
        message_id=message_id,
        caption=caption,
        parse_mode=parse_mode,
        show_caption_above_media=show_caption_above_media,
        reply_markup=reply_markup,
    )
    return Call("editMessageCaption", params, read_message)


def edit_message_media(
    chat_id: int | str,
    message_id: int,
    kind: Literal["document", "photo"],
    media: InputFile | str,
    *,
    thumbnail: InputFile | None = None,
    caption: str | None = None,
    parse_mode: ParseMode | None = None,
    reply_markup: Json | None = None,
) -> Call[Message]:
    """Replace a message's file and caption. `thumbnail` is for documents."""
    files: dict[str, InputFile] = {}
    new = _present(
        type=kind,
        media=_media("file", media, files),
        thumbnail=_media("thumbnail", thumbnail, files) if kind == "document" else None,
        caption=caption,
        parse_mode=parse_mode,
    )
    params = _present(chat_id=chat_id, message_id=message_id, media=new, reply_markup=reply_markup)
    return Call("editMessageMedia", params, read_message, files)


def edit_message_reply_markup(
    chat_id: int | str, message_id: int, *, reply_markup: Json | None = None
) -> Call[Message]:
    """Replace a message's keyboard, or take it away."""
    params = _present(chat_id=chat_id, message_id=message_id, reply_markup=reply_markup)
    return Call("editMessageReplyMarkup", params, read_message)


def delete_message(chat_id: int | str, message_id: int) -> Call[bool]:
    """Delete a message of the bot that is younger than 48 hours."""
    return Call("deleteMessage", {"chat_id": chat_id, "message_id": message_id}, read_true)


def leave_chat(chat_id: int | str) -> Call[bool]:
    """Leave a group or channel."""
    return Call("leaveChat", {"chat_id": chat_id}, read_true)


def send_chat_action(
    chat_id: int | str, action: ChatAction, *, message_thread_id: int | None = None
) -> Call[bool]:
    """Show for up to five seconds that the bot is busy."""
    params = _present(chat_id=chat_id, action=action, message_thread_id=message_thread_id)
    return Call("sendChatAction", params, read_true)


def set_message_reaction(
    chat_id: int | str, message_id: int, reaction: Sequence[Json]
) -> Call[bool]:
    """The bot's own reaction to a message, of one Bot API ReactionType; none takes it away."""
    return Call(
        "setMessageReaction",
        {"chat_id": chat_id, "message_id": message_id, "reaction": reaction},
        read_true,
    )


def set_my_commands(commands: Sequence[Json], scope: Json, language_code: str = "") -> Call[bool]:
    """What clients list behind "/": each `{"command", "description"}`. `scope`: a Bot API
    BotCommandScope; `language_code`: ISO 639-1, "" for whoever's language has no list."""
    params = {"commands": commands, "scope": scope, "language_code": language_code or None}
    return Call("setMyCommands", _present(**params), read_true)


def delete_my_commands(scope: Json) -> Call[bool]:
    """Have those of a wider scope listed there again."""
    return Call("deleteMyCommands", {"scope": scope}, read_true)


def get_updates(
    offset: int, *, limit: int, timeout: int, allowed_updates: Sequence[str]
) -> Call[list[Any]]:
    """Updates from `offset` on, which confirms all before it; 0: from the oldest, and confirm none.
    The server parks the call up to `timeout` seconds (at most 50) until there are some."""
    params = {
        "offset": offset or None,
        "limit": limit,
        "timeout": timeout,
        "allowed_updates": list(allowed_updates),
    }
    return Call("getUpdates", _present(**params), read_updates)


def set_webhook(
    url: str,
    *,
    secret_token: str,
    allowed_updates: Sequence[str],
    max_connections: int | None = None,
) -> Call[bool]:
    """Have updates posted to `url`, with `secret_token` in a header. A refusal may have taken away
    the webhook that there was (telegram-bot-api Client.cpp)."""
    params = _present(
        url=url,
        secret_token=secret_token,
        allowed_updates=list(allowed_updates),
        max_connections=max_connections,
    )
    return Call("setWebhook", params, read_true)


def delete_webhook() -> Call[bool]:
    """Let getUpdates receive again; what waits is kept."""
    return Call("deleteWebhook", {}, read_true)


def get_webhook_info() -> Call[WebhookInfo]:
    """Where updates are posted, how many wait, and what went wrong last."""
    return Call("getWebhookInfo", {}, read_webhook_info)


def log_out() -> Call[bool]:
    """Leave Telegram's cloud server, to use a local one; for ten minutes there is no way back."""
    return Call("logOut", {}, read_true)


def close() -> Call[bool]:
    """Leave a local server, to use another one; refused in its first ten minutes there."""
    return Call("close", {}, read_true)


def _present(**params: object) -> dict[str, object]:
    return {name: value for name, value in params.items() if value is not None}


def _media(part: str, value: InputFile | str | None, files: dict[str, InputFile]) -> str | None:
    """The parameter for a file; an upload is put into `files` as `part`."""
    if isinstance(value, InputFile):
        files[part] = value
        return f"attach://{part}"
    return value
