"""Who must hear of a change: an edit is silent, so what matters also gets a short sounding reply.

Pure; the caller brings the clock and remembers `told` and `sounded_at`. The rules:
- the group's first message sounds, unless all is over by then: what nobody heard begin needs no
  all-clear, and nobody has to get up for it;
- while that message has not left, it says the news itself: nobody heard of anything yet;
- a new or re-fired alert, a risen severity, the end of it all and a due repeat are news, and get a
  reply; anything else (an alert among others resolved, an acknowledgement) is an edit only;
- news is coalesced: at most one reply per `renotify_interval`, later news waits for the next one
  and is then told as it stands; a risen severity is told at once;
- the channel decides what arrives without a sound; an unknown severity rings.
A reply that arrives without a sound counts for the interval too: it still is a message.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Literal, NamedTuple, TypeAlias

from alerts.rendering.commands import without_commands
from alerts.rendering.digest import Digest, digest
from alerts.rendering.headline import RESOLVED_MARK, colour, name_of, where_label
from alerts.rendering.times import Times, duration
from alerts.rendering.view_model import AlertView, GroupView
from alerts.rendering.words import isolate, one_line, shorten_name
from alerts.severity import Severity, rank
from alerts.sources.incoming import AlertStatus
from botapi.markup import Node, text

Silent: TypeAlias = Literal["never", "always", "below", "resolved"]

_NAMED = 3
_NAME_MAX, _PLACE_MAX = 40, 32
_UNKNOWN_RANK = rank(Severity.WARNING)


class Told(NamedTuple):
    """What a chat was told of one alert; `severity` is "" when unknown. Stored as a JSON list."""

    status: AlertStatus
    severity: str
    episode: int


Facts: TypeAlias = Mapping[str, Told]
"""By `AlertView.alert_id`."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A channel's wishes. `below`: the lowest severity that still rings, for silent "below"."""

    silent: Silent = "never"
    below: Severity = Severity.WARNING
    renotify_interval: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the chat heard so far: `told` is None before the first message.

    `sounded_at`: when the first message or the last reply was decided.
    `maybe`: whether a first message that is to leave again may have been seen.
    """

    told: Facts | None = None
    sounded_at: datetime | None = None
    maybe: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """`kind`: the first message; an edit only; or an edit and this `reply` to it.

    `disable_notification`: of the first message or the reply.
    `heard`: to remember. `sound_due_at`: when to decide again because news waits.
    """

    kind: Literal["first", "edit", "reply"]
    heard: Heard
    reply: tuple[Node, ...] = ()
    disable_notification: bool = False
    sound_due_at: datetime | None = None


@dataclass(slots=True)
class _News:
    """Alerts by what is new about them, each worst first."""

    risen: list[AlertView] = field(default_factory=list)
    new: list[AlertView] = field(default_factory=list)
    again: list[AlertView] = field(default_factory=list)
    resolved: Sequence[AlertView] = ()
    still: Sequence[AlertView] = ()
    urgent: bool = False

    def alerts(self) -> list[AlertView]:
        return [*self.risen, *self.new, *self.again, *self.resolved, *self.still]


def facts_of(group: GroupView) -> dict[str, Told]:
    """The group's alerts as a chat is told of them."""
    return {alert.alert_id: _told(alert) for alert in group.alerts}


def decide(
    group: GroupView,
    heard: Heard,
    policy: Policy,
    now: datetime,
    zone: tzinfo,
    *,
    repeat: bool = False,
) -> Decision:
    """What a change of the group sounds like; `repeat`: its repeat interval has passed.

    An acknowledged group is not repeated.
    """
    facts = facts_of(group)
    found = digest(group)
    told = heard.told
    if told is None:
        unseen = found.status == "resolved" and not heard.maybe
        silent = unseen or _is_silent(policy, found.leading, found.status)
        return Decision("first", Heard(facts, now), disable_notification=silent)
    acknowledged = group.acknowledged_at is not None
    news = _news(found, told, repeat=repeat and not acknowledged)
    if not (fresh := news.alerts()):
        return Decision("edit", Heard(facts, heard.sounded_at))
    last = heard.sounded_at
    due = now if last is None else min(last, now) + policy.renotify_interval
    if now < due and not news.urgent:
        return Decision("edit", heard, sound_due_at=due)
    return Decision(
        "reply",
        Heard(facts, now),
        reply=without_commands([text("\n".join(_lines(group, news, zone)))]),
        disable_notification=_is_silent(policy, fresh, found.status),
    )


def _told(alert: AlertView) -> Told:
    return Told(alert.status, alert.severity or "", alert.episode)


def _rank(severity: str | None) -> int:
    """Like `rank`, but an unknown severity is taken as seriously as a warning."""
    return rank(Severity(severity)) if severity else _UNKNOWN_RANK


def _is_silent(policy: Policy, alerts: Sequence[AlertView], status: AlertStatus) -> bool:
    if policy.silent == "below":
        severities = [alert.severity for alert in alerts]
        known = [severity for severity in severities if severity is not None]
        quiet = all(severity.rank < policy.below.rank for severity in known)
        return bool(known) and len(known) == len(severities) and quiet
    if policy.silent == "resolved":
        return status == "resolved"
    return policy.silent == "always"


def _news(found: Digest, told: Facts, *, repeat: bool) -> _News:
    news = _News()
    firing_before = [known for known in told.values() if known.status == "firing"]
    if found.status == "resolved":
        news.resolved = found.alerts if firing_before else ()
        return news
    highest = max((_rank(known.severity) for known in firing_before), default=None)
    for alert in found.alerts:
        if alert.status == "resolved":
            break
        known = told.get(alert.alert_id)
        if known is None:
            news.new.append(alert)
        elif known.status == "resolved" or alert.episode > known.episode:
            news.again.append(alert)
        elif _rank(alert.severity) > _rank(known.severity):
            news.risen.append(alert)
            news.urgent = True
        if alert.status == "firing" and highest is not None and _rank(alert.severity) > highest:
            news.urgent = True
    if repeat and found.status == "firing" and not news.alerts():
        news.still = found.leading
    return news


def _lines(group: GroupView, news: _News, zone: tzinfo) -> list[str]:
    """One line for each kind of news."""
    lines = []
    if news.risen:
        lines.append(f"🔺 now {news.risen[0].severity}: {_named(news.risen)}")
    if news.new:
        count = f"{len(news.new)} new" if len(news.new) > 1 else "new"
        severity = {alert.severity for alert in news.new}
        word = f" {news.new[0].severity}" if len(severity) == 1 and news.new[0].severity else ""
        lines.append(f"{_colour(news.new)} {count}{word}: {_named(news.new)}")
    if news.again:
        word = "again" if news.again[0].status == "event" else "fired again"
        lines.append(f"{_colour(news.again)} {word}: {_named(news.again)}")
    if news.resolved:
        lines.append(
            f"{RESOLVED_MARK} resolved{_after(group, news.resolved)}: {_named(news.resolved)}"
        )
    if news.still:
        since = min((a.starts_at for a in news.still if a.starts_at), default=group.opened_at)
        times = Times(zone, group.opened_at)
        lines.append(f"🔁 still firing since {times.show(since)}: {_named(news.still)}")
    return lines


def _colour(alerts: Sequence[AlertView]) -> str:
    return colour(alerts[0].status, alerts[0].severity)


def _after(group: GroupView, alerts: Sequence[AlertView]) -> str:
    begun = min((alert.starts_at for alert in alerts if alert.starts_at), default=group.opened_at)
    ends = [alert.ends_at for alert in alerts if alert.ends_at]
    ended = max(ends) if len(ends) == len(alerts) else group.closed_at
    return f" after {duration(ended - begun)}" if ended else ""


def _named(alerts: Sequence[AlertView]) -> str:
    """ "HighCPU · web-1, web-2", or "HighCPU web-1, DiskFull db-1 +4"."""
    where = where_label(alerts)
    shown = alerts[:_NAMED]
    places = [shorten_name(one_line(a.labels.get(where, "")), _PLACE_MAX) for a in shown]
    names = [isolate(shorten_name(name_of(alert), _NAME_MAX)) for alert in shown]
    if len({alert.name for alert in alerts}) == 1:
        distinct = ", ".join(isolate(place) for place in dict.fromkeys(places) if place)
        listed = f"{names[0]} · {distinct}" if distinct else names[0]
    else:
        listed = ", ".join(f"{n} {isolate(p)}".rstrip() for n, p in zip(names, places, strict=True))
    more = len(alerts) - len(shown)
    return f"{listed} +{more}" if more else listed
