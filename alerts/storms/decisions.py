"""When a channel gets more than its chat may be told, and what is told instead: pure decisions.

Alerts are merged once what waits for their chat could not leave within about half a minute. From
then on one digest tells of all that comes, and a document tells everything; both are edited. The
storm is over when so little came for half a minute that the chat can be told one by one again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from alerts.severity import Severity
from alerts.sound import Policy
from alerts.storms.news import weight
from alerts.storms.state import NOTHING_UNHEARD, Shown, Unheard
from deliveries.pacing import Limits

ROOM_SECONDS = 30
SHARE_SECONDS = 20
"""What a chat may be told in so many seconds; and what the bot may tell all of its waiting chats in
so many: there all of them begin at once, and their digests and documents have to follow."""
MERGED_MIN = 2
"""Fewer messages do not get fewer by being merged."""
UNSENT_SECONDS = 1
EDIT_SECONDS = 5
ONE_SECONDS = 10
DOCUMENT_SECONDS = 30
STILL_SECONDS = 3
STILL_DOCUMENT_SECONDS = 15
TRACKED_SECONDS = 30
TRACKED_DOCUMENT_SECONDS = 120
"""How often digest and document may change: before the digest has left, while the storm goes on,
both as one message, the document, the document when nothing has come for some seconds, and both
thereafter. Sixteen calls a minute are a group's: twelve digests, and four documents or replies. As
one they wait in a line of up to 1,500 calls, which takes 50 seconds: a minute together."""
CALM_SECONDS = 30
CALM_WAITING = 2
"""It is over when for so long little came, and when no more calls wait for its chat."""
URGENT_SECONDS = 30
"""A severity above all that was rung for is told so soon after the last ring."""


def room(limits: Limits, *, is_group: bool, chats: int) -> int:
    """How many calls may wait for a chat without being merged; at least 1.

    `chats`: in how many of the bot's chats something waits. A group keeps places for interactive
    calls, and for what follows on an alert: half of its minute is left for what waits.
    """
    own = limits.chat_per_second * ROOM_SECONDS
    if is_group:
        own = min(own, limits.group_per_minute // 2)
    return max(1, min(own, limits.per_second * SHARE_SECONDS // max(1, chats)))


def is_one_message(limits: Limits, *, chats: int) -> bool:
    """Whether a digest is the caption of its document: where calls wait in so many of the bot's
    chats that it could not make two for each of them in a minute."""
    return chats > limits.per_second * SHARE_SECONDS


def is_too_much(waiting: int, added: int, merged: int, limit: int) -> bool:
    """Whether calls have to be merged: `waiting` of any kind, `added` now, `merged` of both of
    which one message could take the place."""
    return waiting + added > limit and merged >= MERGED_MIN


# --- an open or closed storm ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """How a storm stands when its digest is published.

    `firing`: alerts by severity ("" when unknown); `elsewhere`: as StormView has it. `is_there`:
    Telegram shows the digest. `is_unsent`: it waits, and what is said now leaves with it.
    `is_gone`, `is_document_gone`: there is no message to edit. `is_quiet`: next to nothing waits
    for the chat. `calm`: so much news in half a minute needs no merging. `is_one`: the digest is
    its document's caption; `is_crowded`: a new one would be.
    """

    now: datetime
    reason: Literal["storm", "outage"]
    is_closed: bool
    absorbed_at: datetime
    joined: int
    revision: int
    firing: Mapping[str, int]
    unheard: Unheard
    shown: Shown
    policy: Policy
    calm: int
    elsewhere: int = 0
    is_there: bool = False
    is_unsent: bool = False
    is_gone: bool = True
    is_document_gone: bool = True
    is_quiet: bool = False
    is_one: bool = False
    is_crowded: bool = False

    @property
    def seconds(self) -> float:
        """`now` since the epoch."""
        return self.now.timestamp()

    @property
    def still(self) -> float:
        """For how many seconds nothing new has come."""
        return self.seconds - self.absorbed_at.timestamp()

    @property
    def burning(self) -> int:
        """How many alerts fire."""
        return sum(self.firing.values())


@dataclass(frozen=True, slots=True)
class Rendered:
    """What the digest would say: its hash, whether a document has to tell more, and whether it is
    that document's caption."""

    text: str
    overflow: bool
    as_one: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """A short reply: of news, that it is over, or that all of it has resolved since."""

    kind: Literal["news", "over", "resolved"]
    news: Unheard
    silent: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, and what to remember. `due_at`: when to look again."""

    digest: Literal["", "send", "edit"]
    document: Literal["", "send", "edit"]
    notice: Notice | None
    shown: Shown
    unheard: Unheard
    due_at: datetime | None
    is_unsent: bool


def is_over(standing: Standing) -> bool:
    """Whether it ends now: what it had to say is there, and nothing has to be merged any more."""
    if standing.is_closed or not standing.is_there or not standing.is_quiet:
        return False
    if standing.reason == "outage":
        return True
    if any(not _rings_not(standing.policy, severity) for severity in _still_true(standing).news):
        return False  # somebody has to be rung for that yet
    if standing.still < CALM_SECONDS:
        # Something comes all the time: is it little?
        samples = [s for s in standing.shown.joined if s[0] <= standing.seconds - CALM_SECONDS]
        if not samples or standing.joined - samples[-1][1] > standing.calm:
            return False
    return True


def has_nothing_to_say(standing: Standing) -> bool:
    """Whether an open storm stands as it was told, and is not to end yet either: then nobody needs
    to count what it absorbed. `firing` need not be known."""
    shown = standing.shown
    return (
        not standing.is_closed
        and standing.is_there
        and not standing.unheard
        and shown.revision == standing.revision
        and shown.document in (-1, standing.revision)
        and not is_over(standing)
    )


def becomes_one(standing: Standing, *, overflow: bool) -> bool:
    """Whether digest and document are to be one message. What left as two stays so."""
    if standing.is_one:
        return True
    is_new = standing.is_gone or standing.is_unsent
    return standing.is_crowded and overflow and is_new and standing.is_document_gone


def make_plan(standing: Standing, rendered: Rendered, *, ends: bool) -> Plan:
    """Which calls the channel needs. `ends`: `is_over` said so, and `rendered` is the summary."""
    now = standing.seconds
    closed = standing.is_closed or ends
    digest = _digest_step(standing, rendered, ends=ends)
    shown, notice, unheard = _heard(standing, is_new=digest == "send", ends=ends)
    if not digest and shown.silent != standing.shown.silent:
        digest = "edit"
    if digest:
        shown = replace(shown, text=rendered.text, edited_at=now)
    if standing.reason == "outage":
        shown = replace(shown, left=standing.elsewhere)
    elif closed:
        shown = replace(shown, left=standing.burning)
    document = "" if rendered.as_one else _document_step(standing, rendered, ends=ends)
    if document or (digest and rendered.as_one):
        shown = replace(shown, document=standing.revision, document_at=now)
    if digest or shown.text == rendered.text:
        shown = replace(shown, revision=standing.revision)
    shown = replace(shown, joined=_samples(standing), crowded=standing.is_crowded)
    due_at = _due_at(standing, shown, rendered, closed=closed)
    return Plan(digest, document, notice, shown, unheard, due_at, standing.is_unsent)


def _heard(standing: Standing, *, is_new: bool, ends: bool) -> tuple[Shown, Notice | None, Unheard]:
    """Who is rung for the news, and what of it nobody was rung for after that."""
    shown, now = standing.shown, standing.seconds
    is_first = is_new and not shown.rung_at
    if is_first or standing.is_unsent:
        # The digest says it itself.
        news = standing.unheard
        is_silent = _is_silent(standing) if news or is_first else shown.silent
        silent = is_silent and (is_first or shown.silent)
        rank_ = max(shown.rank, _rank(news))
        return replace(shown, rung_at=now, rank=rank_, silent=silent), None, NOTHING_UNHEARD
    if is_new:
        shown = replace(shown, silent=True)  # it takes the place of one that is gone
    if standing.is_closed or ends:
        return shown, _last_word(standing, ends=ends), NOTHING_UNHEARD
    notice, unheard = _ring(standing)
    if notice is not None:
        shown = replace(shown, rung_at=now, rank=max(shown.rank, _rank(standing.unheard)))
    return shown, notice, unheard


def _digest_step(
    standing: Standing, rendered: Rendered, *, ends: bool
) -> Literal["", "send", "edit"]:
    if standing.is_gone:
        return "send"
    is_due = (
        ends
        or standing.is_unsent
        or standing.seconds >= standing.shown.edited_at + _pause(standing, rendered)
    )
    is_other = standing.shown.text != rendered.text
    if rendered.as_one:
        is_other |= standing.shown.document != standing.revision
    return "edit" if is_due and is_other else ""


def pause_of(*, is_closed: bool, is_unsent: bool, is_one: bool, is_crowded: bool) -> int:
    """Seconds between changes of the digest. One that has not left costs no call, but very many of
    them cost too much counting. `is_one`: it brings the document, which is whole when it leaves."""
    if is_unsent:
        return DOCUMENT_SECONDS if is_one else ONE_SECONDS if is_crowded else UNSENT_SECONDS
    if is_closed:
        return TRACKED_SECONDS
    return ONE_SECONDS if is_one else EDIT_SECONDS


def _pause(standing: Standing, rendered: Rendered) -> int:
    return pause_of(
        is_closed=standing.is_closed,
        is_unsent=standing.is_unsent,
        is_one=rendered.as_one,
        is_crowded=standing.is_crowded,
    )


def _document_step(
    standing: Standing, rendered: Rendered, *, ends: bool
) -> Literal["", "send", "edit"]:
    """Once there, it is kept true even where the digest has room for all again."""
    shown = standing.shown
    is_missing = standing.is_document_gone or shown.document < 0
    if is_missing:
        return "send" if rendered.overflow else ""
    pause = TRACKED_DOCUMENT_SECONDS if standing.is_closed else DOCUMENT_SECONDS
    if not standing.is_closed and standing.still >= STILL_SECONDS:
        pause = STILL_DOCUMENT_SECONDS
    all_over = standing.is_closed and not standing.burning
    is_due = ends or all_over or standing.seconds >= shown.document_at + pause
    return "edit" if is_due and shown.document != standing.revision else ""


def _due_at(
    standing: Standing, shown: Shown, rendered: Rendered, *, closed: bool
) -> datetime | None:
    times = []
    if not closed:
        is_dear = rendered.as_one or standing.is_crowded
        next_look = standing.seconds + (ONE_SECONDS if is_dear else EDIT_SECONDS)
        if shown.text != rendered.text:
            next_look = min(next_look, shown.edited_at + _pause(standing, rendered))
        # Never at once: what is told too early is looked at over and over.
        return datetime.fromtimestamp(max(next_look, standing.seconds + 0.2), UTC)
    if shown.text != rendered.text:
        times.append(shown.edited_at + TRACKED_SECONDS)
    if 0 <= shown.document != standing.revision:
        pause = TRACKED_SECONDS if rendered.as_one else TRACKED_DOCUMENT_SECONDS
        times.append(shown.document_at + pause)
    return datetime.fromtimestamp(min(times), UTC) if times else None


def _samples(standing: Standing) -> tuple[tuple[float, int], ...]:
    """The last one that is old enough to judge by, and all after it."""
    samples = [*standing.shown.joined, (standing.seconds, standing.joined)]
    old = [one for one in samples if one[0] <= standing.seconds - CALM_SECONDS]
    return tuple(old[-1:] + samples[len(old) :])


def _ring(standing: Standing) -> tuple[Notice | None, Unheard]:
    """A reply about what began, when it is time; and what nobody was rung for after that."""
    unheard = _still_true(standing)
    fresh = [severity for severity in unheard.news if not _rings_not(standing.policy, severity)]
    if not fresh:
        # What arrives without a sound is in the digest; what ended is told when the storm is over.
        return None, Unheard({}, unheard.over)
    since = standing.seconds - standing.shown.rung_at
    is_worse = _rank(unheard) > standing.shown.rank
    if since < standing.policy.renotify_interval.total_seconds() and not (
        is_worse and since >= URGENT_SECONDS
    ):
        return None, unheard
    news = {severity: unheard.news[severity] for severity in fresh}
    return Notice("news", Unheard(news), silent=False), Unheard({}, unheard.over)


def _still_true(standing: Standing) -> Unheard:
    """The news less what is over by now."""
    news = {
        severity: (min(count, standing.firing[severity]), names)
        for severity, (count, names) in standing.unheard.news.items()
        if standing.firing.get(severity)
    }
    return Unheard(news, standing.unheard.over)


def _last_word(standing: Standing, *, ends: bool) -> Notice | None:
    """When it ends, and when later the last alert does: once, and in an outage not at all."""
    if standing.reason == "outage":
        return None
    policy = standing.policy
    below = policy.silent == "below" and standing.shown.rank < policy.below.rank
    silent = policy.silent in ("always", "resolved") or below or not standing.shown.rank
    if ends:
        return Notice("over", NOTHING_UNHEARD, silent)
    if standing.shown.left and not standing.burning:
        return Notice("resolved", NOTHING_UNHEARD, silent)
    return None


def _is_silent(standing: Standing) -> bool:
    """How the first digest arrives: as the worst of its news would; silent when all is over."""
    policy = standing.policy
    news = _still_true(standing).news
    if news:
        return all(_rings_not(policy, severity) for severity in news)
    return not standing.unheard.over or policy.silent in ("always", "resolved", "below")


def _rings_not(policy: Policy, severity: str) -> bool:
    return policy.silences(Severity(severity) if severity else None)


def _rank(unheard: Unheard) -> int:
    return max((weight(severity) for severity in unheard.news), default=0)
