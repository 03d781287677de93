"""Who must hear of a change: an edit is silent, so what matters also gets a short sounding reply.

Pure; the caller brings the clock and remembers `told` and `sounded_at`. The rules:
- the group's first message sounds, unless all is over by then: what nobody heard begin needs no
  all-clear, and nobody has to get up for it;
- while that message has not left, it says the news itself: nobody heard of anything yet;
- what was muted (silenced, inhibited) and is not any more is news as well, and where the chat knew
  of it before it is told as that;
- a new or re-fired alert, a risen severity, the end of it all and a due repeat are news, and get a
  reply; anything else (an alert among others resolved, an acknowledgement) is an edit only;
- news is coalesced: at most one reply per `renotify_interval`, later news waits for the next one
  and is then told as it stands; a risen severity is told at once;
- what flaps (flapping.py) gets one notice that it does, then edits only, and one notice how it
  stands once it is calm; meanwhile it rings when it is worse than this chat ever heard of it. An
  alert that flaps keeps no other one quiet; a group that flaps by ever other alerts is quiet as a
  whole;
- an escalation is told at once;
- the channel decides what arrives without a sound, unless its route does for the severity; an
  unknown severity rings.
A reply that arrives without a sound counts for the interval too: it still is a message.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Literal, NamedTuple, TypeAlias

from alerts.flapping import Flapping
from alerts.rendering.commands import without_commands
from alerts.rendering.digest import Digest, digest
from alerts.rendering.view_model import AlertView, GroupView
from alerts.severity import Severity, rank
from alerts.sound_words import News, is_churning, lines
from alerts.sources.incoming import AlertStatus
from botapi.markup import Node, text

Silent: TypeAlias = Literal["never", "always", "below", "resolved"]

Ringing: TypeAlias = Literal["ring", "silent"]

_UNKNOWN_RANK = rank(Severity.WARNING)


class Told(NamedTuple):
    """What a chat was told of one alert; `severity` is "" when unknown. Stored as a JSON list.

    `worst`: the worst severity it ever was told with ("" when unknown), None for the present one.
    `flapping`: whether the chat knows that it flaps.
    """

    status: AlertStatus
    severity: str
    episode: int
    worst: str | None = None
    flapping: bool = False

    @property
    def heard_rank(self) -> int:
        """Of the worst it ever was told with."""
        worst = self.severity if self.worst is None else self.worst
        return max(_rank(self.severity), _rank(worst))


Facts: TypeAlias = Mapping[str, Told]
"""By `AlertView.alert_id`."""


class Muted(NamedTuple):
    """What a chat knew of an alert when it was muted. `how`: silenced or inhibited. Stored as a
    JSON list."""

    episode: int
    how: str


MutedFacts: TypeAlias = Mapping[str, Muted]
"""By `AlertView.alert_id`."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A channel's wishes. `below`: the lowest severity that still rings, for silent "below".
    `by_severity`: what a route wants instead; where the channel wants no sound at the end of it
    all ("resolved"), there is none all the same."""

    silent: Silent = "never"
    below: Severity = Severity.WARNING
    renotify_interval: timedelta = timedelta(seconds=60)
    by_severity: Mapping[str, Ringing] = field(default_factory=dict)

    def silences(self, severity: Severity | None) -> bool:
        """Whether what is told of such an alert arrives without a sound while it burns."""
        if severity is not None and severity in self.by_severity:
            return self.by_severity[severity] == "silent"
        if self.silent == "below":
            return severity is not None and severity.rank < self.below.rank
        return self.silent == "always"


@dataclass(frozen=True, slots=True)
class Heard:
    """What the chat heard so far: `told` is None before the first message.

    `sounded_at`: when the first message or the last reply was decided.
    `maybe`: whether a first message that is to leave again may have been seen.
    `churning`: whether the chat knows that the group flaps as a whole.
    `muted`: what it knew of what has been muted since, and of what is news because that ended.
    """

    told: Facts | None = None
    sounded_at: datetime | None = None
    maybe: bool = False
    churning: bool = False
    muted: MutedFacts = field(default_factory=dict)


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


def facts_of(group: GroupView, before: Facts | None = None) -> dict[str, Told]:
    """The group's alerts as a chat is told of them that was told of them `before`."""
    known = before or {}
    return {alert.alert_id: _told(alert, known.get(alert.alert_id)) for alert in group.alerts}


def decide(
    group: GroupView,
    heard: Heard,
    policy: Policy,
    now: datetime,
    zone: tzinfo,
    *,
    repeat: bool = False,
    escalated: bool = False,
) -> Decision:
    """What a change of the group sounds like; `repeat`: its repeat interval has passed;
    `escalated`: nobody acknowledged it, and this chat is told so.

    An acknowledged group is not repeated.
    """
    facts = facts_of(group, heard.told)
    calm_at = min((one.until for one in _flapping(group)), default=None)
    found = digest(group)
    told = heard.told
    if told is None:
        unseen = found.status == "resolved" and not heard.maybe
        silent = unseen or _is_silent(policy, found.leading, found.status)
        knows = Heard(facts, now, churning=group.flapping is not None)
        return Decision("first", knows, disable_notification=silent, sound_due_at=calm_at)
    acknowledged = group.acknowledged_at is not None
    news = _news(group, found, told, heard, repeat=repeat and not acknowledged)
    if escalated and group.escalated_after and found.status == "firing" and not acknowledged:
        news.unheard, news.urgent = found.leading, True
    churning = group.flapping is not None and (heard.churning or is_churning(group))
    if not (fresh := news.alerts()):
        knows = Heard(facts, heard.sounded_at, churning=churning)
        return Decision("edit", knows, sound_due_at=calm_at)
    last = heard.sounded_at
    due = now if last is None else min(last, now) + policy.renotify_interval
    if now < due and not news.urgent:
        return Decision("edit", heard, sound_due_at=min(due, calm_at or due))
    return Decision(
        "reply",
        Heard(facts, now, churning=churning),
        reply=without_commands([text("\n".join(lines(group, news, zone)))]),
        disable_notification=_is_silent(policy, fresh, found.status),
        sound_due_at=calm_at,
    )


def _told(alert: AlertView, before: Told | None) -> Told:
    is_flapping = alert.flapping is not None
    told = Told(alert.status, alert.severity or "", alert.episode, flapping=is_flapping)
    return remembering(told, before)


def muted_before(alert: AlertView, muted: MutedFacts) -> Muted | None:
    """What the chat knew of it before it was muted; None where it has begun anew since."""
    known = muted.get(alert.alert_id)
    return known if known is not None and known.episode == alert.episode else None


def remembering(told: Told, before: Told | None) -> Told:
    """This, and the worst that a chat knows of which knew `before`."""
    if before is None or before.heard_rank <= _rank(told.severity):
        return told._replace(worst=None)
    is_worst_before = _rank(before.severity) == before.heard_rank
    return told._replace(worst=before.severity if is_worst_before else before.worst)


def _flapping(group: GroupView) -> list[Flapping]:
    each = [alert.flapping for alert in group.alerts]
    return [one for one in (group.flapping, *each) if one is not None]


def _rank(severity: str | None) -> int:
    """Like `rank`, but an unknown severity is taken as seriously as a warning."""
    return rank(Severity(severity)) if severity else _UNKNOWN_RANK


def _is_silent(policy: Policy, alerts: Sequence[AlertView], status: AlertStatus) -> bool:
    if policy.silent == "resolved" and status == "resolved":
        return True
    if not alerts:
        return policy.silent == "always"
    return all(policy.silences(alert.severity) for alert in alerts)


def _news(group: GroupView, found: Digest, told: Facts, heard: Heard, *, repeat: bool) -> News:
    news = News()
    churns = is_churning(group)
    quiet = {alert.alert_id for alert in found.alerts if alert.flapping or churns}
    news.flapping = _begun(group, found, told, heard)
    news.calm = _calmed(group, found, told, heard)
    calmed = {alert.alert_id for alert in news.calm}
    firing_before = {pk: known for pk, known in told.items() if known.status == "firing"}
    if found.status == "resolved":
        is_loud = bool(firing_before.keys() - quiet - calmed)
        news.resolved = found.alerts if is_loud else ()
        return news
    _sort(found, heard, quiet, calmed, news)
    highest = max((_rank(known.severity) for known in firing_before.values()), default=None)
    loud = [a for a in found.alerts if a.status == "firing" and a.alert_id not in quiet]
    if highest is not None and any(_rank(alert.severity) > highest for alert in loud):
        news.urgent = True
    if repeat and found.status == "firing" and not news.alerts():
        news.still = found.leading
    return news


def _sort(
    found: Digest, heard: Heard, quiet: Collection[str], calmed: Collection[str], news: News
) -> None:
    """What is new about each alert that does not resolve."""
    told = heard.told or {}
    ever = max((known.heard_rank for known in told.values()), default=-1)
    for alert in found.alerts:
        if alert.status == "resolved":
            break
        known = told.get(alert.alert_id)
        if alert.alert_id in quiet:
            if _rank(alert.severity) > (known.heard_rank if known else ever):
                news.risen.append(alert)
        elif known is None and (muted := muted_before(alert, heard.muted)):
            news.audible.setdefault(muted.how, []).append(alert)
        elif known is None:
            news.new.append(alert)
        elif known.status == "resolved" or alert.episode > known.episode:
            if alert.alert_id not in calmed:
                news.again.append(alert)
        elif _rank(alert.severity) > _rank(known.severity):
            news.risen.append(alert)
    news.urgent = bool(news.risen)


def _begun(group: GroupView, found: Digest, told: Facts, heard: Heard) -> Sequence[AlertView]:
    """What flaps and was not told to. A chat that knows of the whole need not hear of each."""
    if group.flapping and heard.churning:
        return ()
    if is_churning(group):
        return found.leading
    return [
        alert
        for alert in found.alerts
        if alert.flapping and not ((known := told.get(alert.alert_id)) and known.flapping)
    ]


def _calmed(group: GroupView, found: Digest, told: Facts, heard: Heard) -> Sequence[AlertView]:
    """What flaps no longer, to the knowledge of a chat that was told that it does."""
    if group.flapping and heard.churning:
        return ()
    if heard.churning:
        return found.leading
    return [
        alert
        for alert in found.alerts
        if not alert.flapping and (known := told.get(alert.alert_id)) and known.flapping
    ]
