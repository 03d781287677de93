"""A chat as the person in front of it sees it, as text."""

from collections.abc import Sequence
from typing import Any

from tests.sandbox.process import SandboxMessage

MARKS = {
    "bold": ("*", "*"),
    "italic": ("_", "_"),
    "code": ("`", "`"),
    "pre": ("```", "```"),
    "strikethrough": ("~", "~"),
    "underline": ("__", "__"),
    "spoiler": ("||", "||"),
    "blockquote": ("❝", "❞"),
    "expandable_blockquote": ("❝", "… ❞"),
}


def chat_text(messages: Sequence[SandboxMessage]) -> str:
    """Every message with its number, sound, reply, attachment, text and buttons."""
    return "\n\n".join(map(message_text, messages)) + "\n"


def message_text(message: SandboxMessage) -> str:
    """One message, with its markup as light marks and links in angle brackets."""
    raw = message.message
    heading = [f"── message {message.message_id}", "silent" if message.is_silent else "sounds"]
    if message.edit_time:
        heading.append("edited")
    if replied := raw.get("reply_to_message"):
        heading.append(f"reply to {replied['message_id']}")
    if message.kind != "text":
        name = raw.get("document", {}).get("file_name")
        heading.append(f"{message.kind} {name}" if name else message.kind)
    entities = raw.get("entities") or raw.get("caption_entities") or []
    lines = [", ".join(heading), marked(message.text, entities)]
    lines += [
        " ".join(f"[ {b['text']} ]{_target(b)}" for b in row)
        for row in raw.get("reply_markup", {}).get("inline_keyboard", [])
    ]
    return "\n".join(line for line in lines if line)


def marked(text: str, entities: Sequence[dict[str, Any]]) -> str:
    """The text with its entities (offsets in UTF-16 code units) as marks; nested ones nest."""
    units = text.encode("utf-16-le")
    opening: dict[int, list[str]] = {}
    closing: dict[int, list[str]] = {}
    for entity in entities:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if entity["type"] == "text_link":
            before, after = "", f"‹{entity['url']}›"
        elif entity["type"] in MARKS:
            before, after = MARKS[entity["type"]]
        else:
            continue  # found by Telegram itself: looks like what it is
        opening.setdefault(start, []).append(before)
        closing.setdefault(end, []).insert(0, after)
    parts = []
    for at in range(len(units) // 2 + 1):
        parts += closing.get(at, []) + opening.get(at, [])
        # Half a surrogate pair is kept until its other half follows.
        parts.append(units[2 * at : 2 * at + 2].decode("utf-16-le", "surrogatepass"))
    return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16")


def _target(button: dict[str, Any]) -> str:
    return f"‹{button['url']}›" if "url" in button else ""
