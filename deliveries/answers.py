"""What Telegram's answer to a call tells of the message, beside its message_id. Pure.

The server may be a user's own and say anything: only what has the right form is kept.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MESSAGE_ID_MAX: Final = 2**63 - 1
"""What can be stored; Telegram's are of 32 bits."""
_FILE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_POLL_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
_FILES: Final = (
    *("document", "audio", "video", "voice", "video_note", "sticker"),
    "animation",  # such a Message has a document too
)
OPTIONS_MAX: Final = 100
TEXT_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class Told:
    """`facts` for SentMessage.result: {"message_ids": [int, …]} of an album, {"file_id": str},
    {"dice": {"emoji": str, "value": int}}. `poll`: see `read_poll`."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    poll: Mapping[str, Any] | None = None


NOTHING_TOLD: Final = Told()


def message_id_of(answer: object) -> int | None:
    """That of the Message, or of the first of an album; None when there is none."""
    if isinstance(answer, list):
        answer = answer[0] if answer else None
    found = answer.get("message_id") if isinstance(answer, dict) else None
    if not isinstance(found, int) or isinstance(found, bool):
        return None
    return found if 0 < found <= MESSAGE_ID_MAX else None


def read(method: str, answer: object) -> Told:
    """What the answer to this method tells."""
    if method == "stopPoll":
        return Told(poll=read_poll(answer))
    if isinstance(answer, list):
        ids = [message_id_of(one) for one in answer]
        return Told({"message_ids": [one for one in ids if one is not None]})
    if not isinstance(answer, dict):
        return NOTHING_TOLD
    facts = {**_dice(answer.get("dice")), **_file(answer)}
    return Told(facts, read_poll(answer.get("poll")))


def read_poll(value: object) -> dict[str, Any] | None:
    """{"poll_id", "question", "options": [{"text", "voter_count"}, …], "total_voter_count",
    "is_closed", "is_anonymous"} of a Poll; None for what is none."""
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        return None
    options = value.get("options")
    if not _POLL_ID.fullmatch(value["id"]) or not isinstance(options, list):
        return None
    return {
        "poll_id": value["id"],
        "question": str(value.get("question", ""))[:TEXT_MAX],
        "options": [
            {
                "text": str(one.get("text", ""))[:TEXT_MAX],
                "voter_count": _count(one.get("voter_count")),
            }
            for one in options[:OPTIONS_MAX]
            if isinstance(one, dict)
        ],
        "total_voter_count": _count(value.get("total_voter_count")),
        "is_closed": value.get("is_closed") is True,
        "is_anonymous": value.get("is_anonymous") is not False,
    }


def _dice(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or type(value.get("value")) is not int:
        return {}
    return {"dice": {"emoji": str(value.get("emoji", ""))[:16], "value": _count(value["value"])}}


def _file(message: Mapping[str, Any]) -> dict[str, Any]:
    found = None
    for name in _FILES:
        found = message.get(name, found)
    sizes = message.get("photo")
    if isinstance(sizes, list) and sizes:
        found = sizes[-1]
    file_id = found.get("file_id") if isinstance(found, dict) else None
    known = isinstance(file_id, str) and _FILE_ID.fullmatch(file_id)
    return {"file_id": file_id} if known else {}


def _count(value: object) -> int:
    return min(max(value, 0), 2**31 - 1) if isinstance(value, int) else 0
