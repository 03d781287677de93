"""What of a group is news to a channel, and what the channel knows once a digest told it: pure."""

from collections.abc import Collection
from typing import NamedTuple

from alerts.severity import Severity, rank
from alerts.sound import Facts, Told, remembering

_UNKNOWN_RANK = rank(Severity.WARNING)


class News(NamedTuple):
    """What a group has to say that its channel was not told: alert IDs that fire, and whether all
    that the channel heard of is over."""

    fresh: tuple[str, ...]
    is_over: bool

    def __bool__(self) -> bool:
        return bool(self.fresh) or self.is_over


def news_of(told: Facts | None, facts: Facts, *, churning: bool = False) -> News:
    """What of the group's `facts` is news to a channel that was `told` so much, as alerts/sound.py
    sees it: new, fired again, worse. Of what flaps, as far as it knows, only the worst yet is.

    `facts`: with what flaps now. `churning`: the group does as a whole, and the channel knows.
    """
    known = told or {}
    ever = max((one.heard_rank for one in known.values()), default=-1)
    fresh = []
    for alert_id, fact in facts.items():
        before = known.get(alert_id)
        if fact.status == "resolved":
            continue
        if churning or (fact.flapping and before is not None and before.flapping):
            is_fresh = weight(fact.severity) > (before.heard_rank if before else ever)
        else:
            is_fresh = (
                before is None
                or before.status == "resolved"
                or fact.episode > before.episode
                or weight(fact.severity) > weight(before.severity)
            )
        if is_fresh:
            fresh.append(alert_id)
    burns = any(fact.status != "resolved" for fact in facts.values())
    burned = any(fact.status == "firing" for fact in known.values())
    return News(tuple(fresh), burned and not burns)


def remembered(told: Facts | None, facts: Facts, fresh: Collection[str] = ()) -> dict[str, Told]:
    """What a channel that was `told` so much knows when a digest tells of `facts`.

    A digest does not say what flaps. So that is known which messages told of, and what was news
    to the digest as it began to flap: from then on it is quiet until calm.
    """
    result = {}
    for alert_id, fact in facts.items():
        before = told.get(alert_id) if told else None
        knows = (before is not None and before.flapping) or (fact.flapping and alert_id in fresh)
        result[alert_id] = remembering(fact, before)._replace(flapping=knows)
    return result


def weight(severity: str) -> int:
    """Its rank; what is not known is taken as seriously as a warning."""
    return rank(Severity(severity)) if severity else _UNKNOWN_RANK
