"""Bot API calls as data, and how one call takes another's place. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

Files = Mapping[str, Mapping[str, str]]

KEYBOARD = "reply_markup"
TEXT_CONTENT = ("text", "parse_mode", "entities", "link_preview_options")
CAPTION_CONTENT = ("caption", "parse_mode", "caption_entities", "show_caption_above_media")
MEDIA = {
    "photo": "sendPhoto",
    "document": "sendDocument",
    "audio": "sendAudio",
    "video": "sendVideo",
    "animation": "sendAnimation",
    "voice": "sendVoice",
}
"""Kind of a message with a file and a caption → the method that sends it; the kind is also the name
of the parameter, and of the InputMedia."""
SEND_MEDIA = {method: parameter for parameter, method in MEDIA.items()}
KIND_SENT_BY = {
    **SEND_MEDIA,
    "sendMessage": "text",
    "sendVideoNote": "video_note",
    "sendSticker": "sticker",
    "sendLocation": "location",
    "sendVenue": "venue",
    "sendContact": "contact",
    "sendPoll": "poll",
    "sendDice": "dice",
    "sendMediaGroup": "album",
}
"""Method → the kind of message that it makes."""
EVERY_MESSAGE = (
    *("message_thread_id", "disable_notification", "protect_content", "reply_parameters"),
    KEYBOARD,
)
"""What every message may carry, whatever its kind."""
CONTENT_EDITS = ("editMessageText", "editMessageCaption", "editMessageMedia")
"""Each shows all that the message is to show, whatever the one before it showed."""


@dataclass(frozen=True, slots=True)
class Call:
    """One Bot API call without chat_id and message_id, which sending fills in; and without
    reply_parameters, unless it answers what a person wrote.

    `method` and the names in `params` are the Bot API's, verbatim. `files` maps a parameter (or the
    name after `attach://` in editMessageMedia) to {"attachment": id} or {"render": name, "id": …},
    made at send by a registered maker. `plain_text` is what the ladder's plain-text step sends; it
    is already short enough.
    """

    method: str
    params: Mapping[str, object]
    files: Files = field(default_factory=dict)
    plain_text: str = ""

    @property
    def sends(self) -> bool:
        """Whether the call makes a new message."""
        return self.method.startswith("send") and not self.stands_alone

    @property
    def stands_alone(self) -> bool:
        """Whether the call is about no message at all."""
        return self.method == "sendChatAction"

    @property
    def weight(self) -> int:
        """How many messages Telegram's limits count: of an album each."""
        media = self.params.get("media")
        return max(1, len(media)) if isinstance(media, list) else 1

    @property
    def deletes(self) -> bool:
        """Whether the call takes a message away."""
        return self.method.startswith("delete")


def without(params: Mapping[str, object], *names: str) -> dict[str, object]:
    """`params` less these names."""
    return {name: value for name, value in params.items() if name not in names}


def overlay(waiting: Call, change: Call) -> Call | None:
    """One call that shows what `waiting` followed by `change` would show; None when none can.

    `waiting` is a send or an edit that never left; `change` is an edit. An edit without a keyboard
    removes the keyboard (Bot API editMessageText.reply_markup), and so does the result.
    """
    if change.method == "editMessageReplyMarkup":
        return replace(
            waiting, params={**without(waiting.params, KEYBOARD), **only(change.params, KEYBOARD)}
        )
    if not waiting.sends:
        return _overlay_edit(waiting, change)
    fresh = as_send(change)
    if change.method == "editMessageCaption" and waiting.method in SEND_MEDIA:
        kept = without(waiting.params, *CAPTION_CONTENT, KEYBOARD)
        return Call(waiting.method, {**kept, **change.params}, waiting.files, change.plain_text)
    if fresh is None:
        return None
    kept = without(only(waiting.params, *EVERY_MESSAGE), KEYBOARD)
    return replace(fresh, params={**kept, **fresh.params})


def _overlay_edit(waiting: Call, change: Call) -> Call | None:
    if waiting.deletes:
        return None
    contents = waiting.method in CONTENT_EDITS and change.method in CONTENT_EDITS
    keyboard = waiting.method == "editMessageReplyMarkup" and change.method in CONTENT_EDITS
    if not (contents or keyboard or change.method == waiting.method):
        return None  # each does what the other does not
    if change.method == "editMessageCaption" and waiting.method == "editMessageMedia":
        media = waiting.params.get("media")
        if not isinstance(media, dict):
            return None
        caption = only(change.params, *CAPTION_CONTENT)
        params = {
            **without(change.params, *CAPTION_CONTENT),
            "media": {**without(media, *CAPTION_CONTENT), **caption},
        }
        return Call(waiting.method, params, waiting.files, change.plain_text)
    return change


def as_send(edit: Call) -> Call | None:
    """The send that shows what `edit` shows, for when its message is gone; None without content."""
    if edit.sends:
        return edit
    if edit.method == "editMessageText":
        return replace(edit, method="sendMessage")
    if edit.method == "editMessageCaption":
        if not edit.params.get("caption"):
            return None
        params = without(edit.params, *CAPTION_CONTENT)
        params["text"] = edit.params["caption"]
        if "parse_mode" in edit.params:
            params["parse_mode"] = edit.params["parse_mode"]
        if "caption_entities" in edit.params:
            params["entities"] = edit.params["caption_entities"]
        return replace(edit, method="sendMessage", params=params)
    media = edit.params.get("media")
    if edit.method == "editMessageMedia" and isinstance(media, dict):
        kind = str(media.get("type"))
        if kind in MEDIA:
            return _media_send(edit, kind, media)
    return None


def _media_send(edit: Call, kind: str, media: Mapping[str, object]) -> Call:
    """What `media` names as parts of the call becomes files under their parameters."""
    params = {**without(edit.params, "media"), **without(media, "type", "media", "thumbnail")}
    files = {}
    for name, value in ((kind, media.get("media", "")), ("thumbnail", media.get("thumbnail", ""))):
        part = str(value).removeprefix("attach://")
        if part != value and part in edit.files:
            files[name] = edit.files[part]
        elif value:
            params[name] = value
    return replace(edit, method=MEDIA[kind], params=params, files=files)


def only(params: Mapping[str, object], *names: str) -> dict[str, object]:
    """Of `params` these names."""
    return {name: params[name] for name in names if name in params}


def notice_call(
    params: Mapping[str, object], text: str, parse_mode: str, plain_text: str, *, silent: bool
) -> Call:
    """A text without a preview of its links. `params`: what every message to this channel carries;
    `parse_mode`: "" for a text that has none."""
    all_params: dict[str, object] = {
        **params,
        "text": text,
        "link_preview_options": {"is_disabled": True},
        "disable_notification": silent,
    }
    if parse_mode:
        all_params["parse_mode"] = parse_mode
    return Call("sendMessage", all_params, {}, plain_text)
