"""What a bot can send: one table of kinds, with the method, files, texts and rules of each. Pure.

Names of kinds are those of the Message's fields where there is one (`video_note`); parameters are
the Bot API's, verbatim. What the specification says of them stands in botapi/send_methods.json;
here is what it says in words only, and what is not offered.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from botapi import limits
from botapi.reply_markups import WITHHELD as WITHHELD_BUTTONS
from botapi.spec import Fault

LIVE_FOREVER: Final = 0x7FFFFFFF
LIVE_PERIOD: Final = (60, 86_400)
CLOSE_SECONDS: Final = (5, 2_628_000)
EXPLANATION_LINES_MAX: Final = 3
ALBUM: Final = (2, 10)

PICTURES: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")
SOUNDS: Final = ("audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/m4a", "audio/mp3")
VOICES: Final = ("audio/ogg", "audio/opus", "application/ogg", *SOUNDS)
MEGABYTE: Final = 1_000_000

OWN: Final = ("kind", "silent", "protect_content", "message_thread_id", "reply_to")
"""Fields of a body beside the method's parameters."""
_PARSE = "Use the parse mode instead."
WITHHELD: Final[Mapping[str, str]] = {
    **WITHHELD_BUTTONS,
    "chat_id": "The chat is the channel's.",
    "business_connection_id": "Business accounts are not offered.",
    "direct_messages_topic_id": "Direct messages of channels are not offered.",
    "suggested_post_parameters": "Suggested posts are not offered.",
    "allow_paid_broadcast": "Paid broadcasts are not offered.",
    "message_effect_id": "Effects are not offered.",
    "disable_notification": "Use `silent`.",
    "reply_parameters": "Use `reply_to` with the ID of the delivery that sent the message.",
    "rich_message": "Rich messages are not offered.",
    "message_id": "The message is that of the delivery.",
    "inline_message_id": "The message is that of the delivery.",
    "entities": _PARSE,
    "caption_entities": _PARSE,
    "question_entities": _PARSE,
    "explanation_entities": _PARSE,
    "description_entities": _PARSE,
    "text_entities": _PARSE,
    "InputPollOption.media": "Media of poll options are not offered.",
    "sendPoll.media": "Media of polls are not offered.",
    "explanation_media": "Media of polls are not offered.",
    "cover": "Covers are not offered. Use `thumbnail`.",
    "InputMediaLivePhoto.type": "Live photos are not offered.",
    "message_ids": "The messages are those of the delivery.",
}
"""Parameters that are not offered, and what to do instead."""


@dataclass(frozen=True, slots=True)
class FileRule:
    """A file that a message carries, under the parameter `name`.

    `url_types`: media types that may come from a URL (Telegram's own rule for URLs, Bot API
    "Sending files"), none: it must be uploaded. `url_bytes` and `url_seconds`: what is loaded.
    """

    name: str
    noun: str
    bytes_max: int = limits.DOCUMENT_BYTES_MAX
    url_types: tuple[str, ...] = ()
    url_bytes: int = 20 * MEGABYTE
    url_seconds: float = 20.0
    by_id: bool = True


PHOTO: Final = FileRule(
    "photo", "photo", limits.PHOTO_BYTES_MAX, PICTURES, limits.PHOTO_BYTES_MAX, 3.0
)
VIDEO: Final = FileRule("video", "video", url_types=("video/mp4",))
AUDIO: Final = FileRule("audio", "audio file", url_types=SOUNDS)
DOCUMENT: Final = FileRule(
    "document", "document", url_types=("application/pdf", "application/zip", "image/gif")
)
VOICE: Final = FileRule("voice", "voice message", url_types=VOICES, url_bytes=MEGABYTE)
ANIMATION: Final = FileRule("animation", "animation", url_types=("image/gif", "video/mp4"))
STICKER: Final = FileRule("sticker", "sticker", url_types=("image/webp",), url_seconds=3.0)
VIDEO_NOTE: Final = FileRule("video_note", "video note")
THUMBNAIL: Final = FileRule("thumbnail", "thumbnail", limits.THUMBNAIL_BYTES_MAX, by_id=False)
FILES: Final = {
    rule.name: rule
    for rule in (PHOTO, VIDEO, AUDIO, DOCUMENT, VOICE, ANIMATION, STICKER, VIDEO_NOTE, THUMBNAIL)
}


@dataclass(frozen=True, slots=True)
class TextRule:
    """A text that is parsed: `mode` names the parameter of its parse mode, `limit` counts
    characters after formatting."""

    name: str
    mode: str
    limit: int
    required: bool = False


CAPTION: Final = TextRule("caption", "parse_mode", limits.CAPTION_MAX)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What rules go by beside the parameters: Chat.type ("" while it is not known), and the time
    in seconds since the epoch."""

    chat_type: str
    now: float


Rule = Callable[[Mapping[str, Any], Circumstances], Iterator[Fault]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message. `rules` look at parameters whose shapes are right already."""

    name: str
    method: str
    summary: str
    files: tuple[FileRule, ...] = ()
    texts: tuple[TextRule, ...] = ()
    rules: tuple[Rule, ...] = ()
    withheld: Mapping[str, str] = field(default_factory=dict)

    @property
    def caption(self) -> bool:
        """Whether it has a caption."""
        return CAPTION in self.texts


def _period(params: Mapping[str, Any], about: Circumstances) -> Iterator[Fault]:
    period = params.get("live_period")
    if period is not None and period != LIVE_FOREVER:
        least, most = LIVE_PERIOD
        if not least <= period <= most:
            words = f"Give {least} to {most} seconds, or {LIVE_FOREVER} for without end."
            yield Fault(("live_period",), words, "range")


def _live(params: Mapping[str, Any], about: Circumstances) -> Iterator[Fault]:
    yield from _period(params, about)
    if "live_period" not in params:
        for name in ("heading", "proximity_alert_radius"):
            if name in params:
                yield Fault((name,), "Only live locations have this: give a live_period too.")


def _poll(params: Mapping[str, Any], about: Circumstances) -> Iterator[Fault]:
    quiz = params.get("type") == "quiz"
    yield from _quiz(params) if quiz else _no_quiz(params)
    anonymous = params.get("is_anonymous", True)
    if not anonymous and about.chat_type == "channel":
        yield Fault(("is_anonymous",), "Polls in channels are anonymous. Leave this out.")
    if params.get("members_only") and about.chat_type not in {"", "channel"}:
        yield Fault(("members_only",), "Only polls in channels have this.")
    if params.get("allow_adding_options") and (anonymous or quiz):
        yield Fault(
            ("allow_adding_options",),
            "Only regular polls with is_anonymous false take more options.",
        )
    for number, code in enumerate(params.get("country_codes", ())):
        if not (len(code) == 2 and code.isascii() and code.isalpha() and code.isupper()):
            words = "Give a country of ISO 3166-1 in two capital letters, such as AT."
            yield Fault(("country_codes", str(number)), words)
    yield from _closing(params, about)


def _closing(params: Mapping[str, Any], about: Circumstances) -> Iterator[Fault]:
    if "open_period" in params and "close_date" in params:
        yield Fault(("close_date",), "Give open_period or close_date, not both.")
        return
    least, most = CLOSE_SECONDS
    if "close_date" in params and not least <= params["close_date"] - about.now <= most:
        words = f"Give a Unix time that is {least} to {most} seconds from now."
        yield Fault(("close_date",), words, "range")


def _quiz(params: Mapping[str, Any]) -> Iterator[Fault]:
    correct = params.get("correct_option_ids")
    if not correct:
        yield Fault(
            ("correct_option_ids",),
            "A quiz needs the number of its right option, from 0.",
            "required",
        )
        return
    rising = all(one < other for one, other in pairwise(correct))
    if not rising or not 0 <= correct[0] <= correct[-1] < len(params["options"]):
        words = "Give numbers of options, from 0, each once and in rising order."
        yield Fault(("correct_option_ids",), words)
    if len(correct) > 1 and not params.get("allows_multiple_answers"):
        words = "Several right options need allows_multiple_answers."
        yield Fault(("correct_option_ids",), words)
    if params.get("explanation", "").count("\n") >= EXPLANATION_LINES_MAX:
        yield Fault(("explanation",), f"Give at most {EXPLANATION_LINES_MAX} lines.")


def _no_quiz(params: Mapping[str, Any]) -> Iterator[Fault]:
    for name in ("correct_option_ids", "explanation"):
        if name in params:
            yield Fault((name,), 'Only a quiz has this: give "type": "quiz" too.')


def _album(params: Mapping[str, Any], about: Circumstances) -> Iterator[Fault]:
    kinds = {item["type"] for item in params["media"]}
    for kind in ("audio", "document"):
        if {kind} < kinds:
            words = f"An album with {kind} holds nothing else. Photos and videos go together."
            yield Fault(("media",), words)
    if len({item.get("show_caption_above_media", False) for item in params["media"]}) > 1:
        yield Fault(("media",), "show_caption_above_media must be the same for all items.")


def _not_blank(*names: str) -> Rule:
    def rule(params: Mapping[str, Any], about: Circumstances) -> Iterator[Fault]:
        for name in names:
            if not params[name].strip():
                yield Fault((name,), "This must not be blank.", "blank")

    return rule


_TEXT = TextRule("text", "parse_mode", limits.MESSAGE_TEXT_MAX, required=True)
_POLL_TEXTS = (
    TextRule("question", "question_parse_mode", 300, required=True),
    TextRule("explanation", "explanation_parse_mode", 200),
    TextRule("description", "description_parse_mode", 1024),
)
IN_MEDIA: Final = frozenset({"sendMediaGroup", "editMessageMedia"})
"""Methods whose files stand in their `media` (Bot API InputMedia)."""
OPTION: Final = TextRule("text", "text_parse_mode", 100, required=True)
"""Of each item of `options`."""

KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind("text", "sendMessage", "A text.", (), (_TEXT,)),
        Kind("photo", "sendPhoto", "A picture.", (PHOTO,), (CAPTION,)),
        Kind("document", "sendDocument", "Any file.", (DOCUMENT, THUMBNAIL), (CAPTION,)),
        Kind("audio", "sendAudio", "Music: MP3 or M4A.", (AUDIO, THUMBNAIL), (CAPTION,)),
        Kind("video", "sendVideo", "An MPEG4 video.", (VIDEO, THUMBNAIL), (CAPTION,)),
        Kind(
            "voice",
            "sendVoice",
            "A voice message: OGG with OPUS, MP3 or M4A.",
            (VOICE,),
            (CAPTION,),
        ),
        Kind("video_note", "sendVideoNote", "A round video.", (VIDEO_NOTE, THUMBNAIL)),
        Kind(
            "animation",
            "sendAnimation",
            "A GIF or a silent video.",
            (ANIMATION, THUMBNAIL),
            (CAPTION,),
        ),
        Kind("sticker", "sendSticker", "A sticker: WEBP, TGS or WEBM.", (STICKER,)),
        Kind("location", "sendLocation", "A place, or a live one that changes.", rules=(_live,)),
        Kind("venue", "sendVenue", "A place with a name.", rules=(_not_blank("title", "address"),)),
        Kind(
            "contact",
            "sendContact",
            "A telephone number.",
            rules=(_not_blank("phone_number", "first_name"),),
        ),
        Kind("poll", "sendPoll", "A poll or a quiz.", (), _POLL_TEXTS, (_poll,)),
        Kind("dice", "sendDice", "A die, whose value Telegram throws."),
        Kind("album", "sendMediaGroup", "2 to 10 files in one.", (), (), (_album,)),
        Kind("action", "sendChatAction", "What the bot is doing, for some seconds; no message."),
    )
}
"""By name."""


CHANGES: Final = {
    kind.name: kind
    for kind in (
        Kind("text", "editMessageText", "Another text.", (), (_TEXT,)),
        Kind(
            "caption", "editMessageCaption", "Another caption; without one it goes.", (), (CAPTION,)
        ),
        Kind("media", "editMessageMedia", "Another file, with its caption."),
        Kind("reply_markup", "editMessageReplyMarkup", "Another keyboard; without one it goes."),
        Kind("live_location", "editMessageLiveLocation", "Where it is now.", rules=(_period,)),
        Kind("stop_live_location", "stopMessageLiveLocation", "It stays where it is."),
        Kind("stop_poll", "stopPoll", "No more votes."),
        Kind("delete", "deleteMessage", "The message goes."),
    )
}
"""What can be done to a message that was sent, by name."""
CHANGEABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("text",),
    "caption": tuple(kind.name for kind in KINDS.values() if kind.caption),
    "media": ("text", "photo", "document", "audio", "video", "animation"),
    "reply_markup": tuple(name for name in KINDS if name not in {"album", "action"}),
    "live_location": ("location",),
    "stop_live_location": ("location",),
    "stop_poll": ("poll",),
    "delete": tuple(name for name in KINDS if name != "action"),
}
"""Change → the kinds of message that it fits."""
