"""What stands in a message beside its text, ready for the chat page to draw: pictures, files,
polls."""

from __future__ import annotations

from sandbox.model import Json, Message

_FILES = {
    "animation": ("▶", "Animation"),
    "audio": ("♪", "Audio"),
    "document": ("↓", "File"),
    "sticker": ("☺", "Sticker"),
    "video": ("▶", "Video"),
    "video_note": ("▶", "Video message"),
    "voice": ("♪", "Voice message"),
}
"""Field of the Message → a mark, and what it is called. An animation comes as a document, too."""


def media_item(message: Message) -> Json:
    """`photo`, `document` (a file of any kind) and `poll`, each None where there is none."""
    fields = message.content.fields
    return {"photo": _photo(fields), "document": _file(fields), "poll": _poll(message)}


def media_name(fields: Json) -> str:
    """What stands for it in one line; empty for none."""
    if "poll" in fields:
        return f"Poll: {fields['poll']['question']}"
    kind = _kind(fields)
    if kind:
        return str(fields[kind].get("file_name") or _FILES[kind][1])
    return "Photo" if "photo" in fields else ""


def _photo(fields: Json) -> Json | None:
    if "photo" not in fields:
        return None
    largest = fields["photo"][-1]
    return {
        "url": f"/_sandbox/page/files/{largest['file_unique_id']}",
        "width": largest["width"],
        "height": largest["height"],
        "spoiler": bool(fields.get("has_media_spoiler")),
    }


def _kind(fields: Json) -> str:
    return next((kind for kind in _FILES if kind in fields), "")


def _file(fields: Json) -> Json | None:
    kind = _kind(fields)
    if not kind:
        return None
    file = fields[kind]
    mark, called = _FILES[kind]
    seconds = file.get("duration", 0)
    length = f"{seconds // 60}:{seconds % 60:02}" if seconds else ""
    title = " – ".join(file[name] for name in ("performer", "title") if file.get(name))
    name = title or file.get("file_name", "")
    return {
        "url": f"/_sandbox/page/files/{file['file_unique_id']}?file_id={file['file_id']}",
        "icon": file.get("emoji", mark),
        "name": name or called,
        "about": " · ".join(filter(None, (called if name and kind != "document" else "", length))),
        "size": file.get("file_size", 0),
    }


def _poll(message: Message) -> Json | None:
    poll = message.content.fields.get("poll")
    if poll is None:
        return None
    right = poll.get("correct_option_ids", [])
    voters: dict[int, list[int]] = {number: [] for number in range(len(poll["options"]))}
    for person, chosen in message.votes.items():
        for number in chosen:
            voters[number].append(int(person))
    return {
        "question": poll["question"],
        "kind": _poll_kind(poll),
        "options": [
            {
                "id": number,
                "text": option["text"],
                "count": option["voter_count"],
                "voters": voters[number],
                "is_correct": number in right,
            }
            for number, option in enumerate(poll["options"])
        ],
        "total": poll["total_voter_count"],
        "is_closed": poll["is_closed"],
        "is_quiz": poll["type"] == "quiz",
        "is_multiple": poll["allows_multiple_answers"],
        "explanation": poll.get("explanation", ""),
    }


def _poll_kind(poll: Json) -> str:
    """As Telegram's apps say it below the question."""
    words = ["Anonymous"] if poll["is_anonymous"] else []
    words.append("quiz" if poll["type"] == "quiz" else "poll")
    if poll["allows_multiple_answers"]:
        words.append("with several answers")
    said = " ".join(words)
    return said[0].upper() + said[1:]


def is_big(message: Message) -> bool:
    """Whether the text is drawn large, as dice are."""
    return "dice" in message.content.fields
