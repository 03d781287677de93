"""What a channel was last told of a group, as GroupMessage.shown keeps it: pure.

`{"v": 1, "kind", "content", "image", "keyboard", "document", "told": {alert ID: [status, severity,
episode]} or null}`; empty before the first message.
"""

from collections.abc import Mapping
from typing import Any

from alerts.rendering.kinds import NOTHING, Shown
from alerts.sound import Facts, Told

VERSION = 1


def to_json(shown: Shown, told: Facts | None) -> dict[str, Any]:
    """For GroupMessage.shown."""
    return {
        "v": VERSION,
        "kind": shown.kind,
        "content": shown.content,
        "image": shown.image,
        "keyboard": shown.keyboard,
        "document": shown.document,
        "told": None if told is None else {key: list(fact) for key, fact in told.items()},
    }


def from_json(stored: Mapping[str, Any]) -> tuple[Shown, Facts | None]:
    """From GroupMessage.shown, also as a newer or older version wrote it."""
    told = stored.get("told")
    facts = None if told is None else {key: Told(*fact[:3]) for key, fact in told.items()}
    kind = stored.get("kind", "none")
    if kind == "none":
        return NOTHING, facts
    return (
        Shown(
            kind=kind,
            content=stored.get("content", ""),
            image=stored.get("image", ""),
            keyboard=stored.get("keyboard", ""),
            document=stored.get("document", ""),
        ),
        facts,
    )
