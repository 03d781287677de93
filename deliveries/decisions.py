"""What the outcome of a Bot API call means for its delivery, channel, lane and bot. Pure.

Matching is by status first, then by the stable middle of the description, whatever its case:
descriptions may change (Bot API "Making requests"). Texts are from the Bot API server's Client.cpp
and from TDLib; those in CAPITALS come from Telegram's own servers.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from botapi.errors import BotApiError, BotApiFailure, InvalidAnswer, UnexpectedResult, Unreachable
from deliveries.advice import Problem


class Refusal(StrEnum):
    """What about a call was refused: decides which step of the ladder fits."""

    KEYBOARD = "keyboard"
    MEDIA = "media"
    MARKUP = "markup"
    TOPIC = "topic"
    REPLY = "reply"
    OTHER = "other"


OURS = frozenset({Refusal.KEYBOARD, Refusal.MARKUP})
"""We made the markup and checked it, so its refusal is a defect of ours."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Telegram did it, or it was so already."""


@dataclass(frozen=True, slots=True)
class Postpone:
    """429: no call to this chat (several chats: with this bot) for so many seconds."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Retarget:
    """The group became this supergroup: go there at once."""

    chat_id: int


@dataclass(frozen=True, slots=True)
class NextStep:
    """Leave something out and try again. `problem` is shown where a person can mend it."""

    refusal: Refusal
    problem: Problem | None = None

    @property
    def own_defect(self) -> bool:
        """Whether markup of ours failed."""
        return self.refusal in OURS


@dataclass(frozen=True, slots=True)
class ForgetTarget:
    """The message to edit is gone or can't be edited."""


@dataclass(frozen=True, slots=True)
class DisableChannel:
    """The chat refuses us for good."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class ConfirmChannel:
    """The same, once getChat fails too or three calls in a row heard it."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class SuspectBot:
    """The token or the server is wrong, once getMe fails twice, 30 seconds apart."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class LaneBackoff:
    """Nobody answered, or nobody who could: the whole lane waits, one call at a time probes it."""

    maybe_sent: bool


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """It was sent, says the server, but not as which message: only a server that lies, or a proxy,
    says so. The lane waits as for one that does not answer; a few times, and the call dies."""

    maybe_sent: ClassVar = True


@dataclass(frozen=True, slots=True)
class GiveUp:
    """A dead letter. After several in a row the channel is disabled when `unknown_forbidden`."""

    problem: Problem
    unknown_forbidden: bool = False


Decision = (
    Sent
    | Postpone
    | Retarget
    | NextStep
    | ForgetTarget
    | DisableChannel
    | ConfirmChannel
    | SuspectBot
    | LaneBackoff
    | Unconfirmed
    | GiveUp
)

_FORBIDDEN = (
    ("bot was blocked", Problem.BLOCKED),
    ("user is deactivated", Problem.DEACTIVATED),
    ("can't initiate conversation", Problem.NOT_STARTED),
    ("send messages to the bot", Problem.IS_BOT),
    ("send messages to bots", Problem.IS_BOT),
    ("bot was kicked", Problem.KICKED),
    ("is not a member", Problem.NOT_MEMBER),
    ("chat was deleted", Problem.CHAT_DELETED),
    ("administrator rights", Problem.NOT_ADMIN),
    ("not enough rights", Problem.RESTRICTED),
)

OTHER_KINDS = (
    *("animations", "audios", "videos", "video notes", "voice notes", "stickers", "games"),
    *("polls", "locations", "venues", "contacts", "dice"),
)
"""Beside texts, photos and documents (TDLib MessageContent.cpp)."""

_BAD_REQUEST: tuple[tuple[tuple[str, ...], Decision], ...] = (
    (("message is not modified", "message to delete not found"), Sent()),
    (
        (
            "message to edit not found",
            "message can't be edited",
            "message_id_invalid",
            "no text in the message to edit",
            "no caption in the message to edit",
            "no media in the message to edit",
        ),
        ForgetTarget(),
    ),
    (("message with poll to stop not found",), ForgetTarget()),
    (
        (
            "message can't be deleted",
            "method not found",
            "poll can't be stopped",
            "message is not a poll",
            "no live location in the message",
        ),
        GiveUp(Problem.REFUSED),
    ),
    (
        ("rights to send photos", "send_photos_forbidden"),
        NextStep(Refusal.MEDIA, Problem.NO_PHOTOS),
    ),
    (
        ("rights to send documents", "send_docs_forbidden", "send_media_forbidden"),
        NextStep(Refusal.MEDIA, Problem.NO_DOCUMENTS),
    ),
    (
        ("need administrator rights", "chat_admin_required"),
        DisableChannel(Problem.NOT_ADMIN),
    ),
    (("rights to send text", "send_plain_forbidden"), DisableChannel(Problem.NO_TEXT)),
    (
        (*(f"rights to send {kind}" for kind in OTHER_KINDS), "chat_send_"),
        NextStep(Refusal.MEDIA),  # the chat takes texts, and stays enabled
    ),
    (
        ("no write access", "chat_write_forbidden", "chat_restricted", "user_restricted"),
        DisableChannel(Problem.RESTRICTED),
    ),
    (
        ("bot was kicked", "user_banned_in_channel"),
        DisableChannel(Problem.KICKED),
    ),
    (("not enough rights",), DisableChannel(Problem.RESTRICTED)),
    (
        (
            "chat not found",
            "peer_id_invalid",
            "chat_id_invalid",
            "channel_invalid",
            "channel_private",
            "user not found",
        ),
        ConfirmChannel(Problem.CHAT_NOT_FOUND),
    ),
    (("logged out",), SuspectBot(Problem.LOGGED_OUT)),
    (("topic_closed",), NextStep(Refusal.TOPIC, Problem.TOPIC_CLOSED)),
    (
        ("message thread not found", "topic_deleted", "topic_id_invalid", "message_thread_id"),
        NextStep(Refusal.TOPIC, Problem.TOPIC_MISSING),
    ),
    (
        ("to be replied", "replied message", "reply parameters", "reply_message_id"),
        NextStep(Refusal.REPLY),
    ),
    (("button", "keyboard", "reply markup", "reply_markup"), NextStep(Refusal.KEYBOARD)),
    (
        (
            "can't parse entities",
            "messageentit",
            "entit",
            "parse_mode",
            "too long",
            "too_long",
            "text is empty",
            "text must be non-empty",
            "message_empty",
            "encoded in utf-8",
        ),
        NextStep(Refusal.MARKUP),
    ),
    (
        (
            "photo",
            "document",
            "media",
            "audio",
            "video",
            "voice",
            "sticker",
            "animation",
            "file",
            "image_",
            "http url",
            "web page",
            "webpage",
            "webdocument",
            "caption",
        ),
        NextStep(Refusal.MEDIA),
    ),
)


def classify(failure: BotApiFailure) -> Decision:
    """The decision for a call that did not answer with a readable result."""
    if isinstance(failure, BotApiError):
        return _classify_refusal(failure)
    if isinstance(failure, UnexpectedResult):
        return Unconfirmed()
    if isinstance(failure, InvalidAnswer):
        return _classify_front_end(failure)
    assert isinstance(failure, Unreachable)
    return LaneBackoff(failure.maybe_sent)


def _classify_refusal(error: BotApiError) -> Decision:
    said = error.description.lower()
    code = error.error_code
    if error.migrate_to_chat_id is not None:
        return Retarget(error.migrate_to_chat_id)
    if code == 429:
        return Postpone(error.retry_after or 1)
    if code >= 500 or code == 409:
        return LaneBackoff(maybe_sent=code >= 500)
    if code in {401, 421} or (code == 404 and "method not found" not in said):
        return SuspectBot(Problem.WRONG_TOKEN)
    if code == 403:
        for words, problem in _FORBIDDEN:
            if words in said:
                return DisableChannel(problem)
        return GiveUp(Problem.FORBIDDEN, unknown_forbidden=True)
    if code == 413:
        return NextStep(Refusal.MEDIA)
    for texts, decision in _BAD_REQUEST:
        if any(text in said for text in texts):
            return decision
    return NextStep(Refusal.OTHER)


def _classify_front_end(answer: InvalidAnswer) -> Decision:
    """A proxy or load balancer spoke, not the Bot API: only its status means anything."""
    if answer.status == 413:
        return NextStep(Refusal.MEDIA)
    if answer.status == 429:
        return Postpone(answer.retry_after or 1)
    if answer.status in {401, 404, 421}:
        return SuspectBot(Problem.WRONG_TOKEN)
    return LaneBackoff(answer.maybe_sent)
