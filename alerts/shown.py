"""What a channel was last told of a group, as GroupMessage.shown keeps it: pure.

`{"v": 1, "kind", "content", "image", "keyboard", "document", "told": {alert ID: [status, severity,
episode, worst, flapping]} or null, "churning", "rings", "muted": {alert ID: [episode, how]}}`;
empty before the first message.
"""

from collections.abc import Mapping
from typing import Any

from alerts.rendering.kinds import NOTHING, Shown
from alerts.sound import Facts, Muted, MutedFacts, Told

VERSION = 1


def to_json(
    shown: Shown,
    told: Facts | None,
    *,
    churning: bool = False,
    rings: int = 0,
    muted: MutedFacts | None = None,
) -> dict[str, Any]:
    """For GroupMessage.shown. `rings`: of its escalations, how many rang there; `muted`: what the
    chat knew of what is muted."""
    return {
        "v": VERSION,
        "kind": shown.kind,
        "content": shown.content,
        "image": shown.image,
        "keyboard": shown.keyboard,
        "document": shown.document,
        "told": None if told is None else {key: list(fact) for key, fact in told.items()},
        "churning": churning,
        "rings": rings,
        **({"muted": {key: list(one) for key, one in muted.items()}} if muted else {}),
    }


def from_json(stored: Mapping[str, Any]) -> tuple[Shown, Facts | None]:
    """From GroupMessage.shown, also as a newer or older version wrote it."""
    told = stored.get("told")
    facts = None if told is None else {key: Told(*fact[:5]) for key, fact in told.items()}
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


def knows_of_churn(stored: Mapping[str, Any]) -> bool:
    """Whether the chat was told that the group flaps as a whole."""
    return bool(stored.get("churning"))


def muted_known(stored: Mapping[str, Any]) -> dict[str, Muted]:
    """What the chat knew of what has been muted since."""
    return {key: Muted(*one[:2]) for key, one in stored.get("muted", {}).items()}


def rings_told(stored: Mapping[str, Any]) -> int:
    """How many of the group's escalations rang in the chat."""
    return int(stored.get("rings", 0))
