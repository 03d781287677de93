"""What the facts mean: does this installation deliver, and if not, why not. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from config.watching.facts import SILENT, Facts
from deliveries import tally

LATE = timedelta(minutes=5)
"""How long a call may be due before somebody has to look."""
UPDATES_LATE = timedelta(minutes=1)
"""How long a person's command or press of a button may wait."""
PUBLISHING_LATE = timedelta(minutes=2)
DISPATCH_SILENT = timedelta(seconds=30)
"""A dispatch run looks for work each second, and what it noted is written every 5 seconds."""

SIGNS_OF_LIFE = (
    (tally.DISPATCHED, DISPATCH_SILENT, "No worker dispatches"),
    (tally.PUBLISHED, SILENT, "No worker publishes"),
    (tally.SWEPT, SILENT, "No worker sweeps, so there is no beat"),
)
Status = Literal["ok", "degraded", "failing"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`failing`: this installation does not deliver; `degraded`: some of it does not."""

    status: Status
    reasons: tuple[str, ...]

    @property
    def delivers(self) -> bool:
        """Whether a heartbeat may be sent."""
        return self.status != "failing"


def judge(facts: Facts) -> Verdict:
    """The verdict, with its reasons in words."""
    if failing := [*_stalled(facts), *_nothing_leaves(facts)]:
        return Verdict("failing", (*failing, *_unserved(facts), *_partly(facts)))
    partly = (*_unserved(facts), *_partly(facts))
    return Verdict("degraded" if partly else "ok", partly)


def _stalled(facts: Facts) -> list[str]:
    """A part of the way of an alert that nobody works on."""
    outbox, publishing = facts.outbox, facts.publishing
    ages = [(outbox.age_of(mark), limit, text) for mark, limit, text in SIGNS_OF_LIFE]
    found = [_silence(*age) for age in ages if age[0] is None or age[0] > age[1]]
    if publishing.late_by > PUBLISHING_LATE:
        found.append(f"Publishing is late by {seconds(publishing.late_by)}.")
    stuck = outbox.lanes["stuck_held"] + outbox.lanes["stuck_free"]
    if stuck:
        found.append(
            f"{count(stuck, 'lane')} stuck: calls could leave, and nobody tries to send them."
        )
    return found


def _silence(age: timedelta | None, limit: timedelta, text: str) -> str:
    if age is None:
        return f"{text}; none has yet."
    return f"{text}; one last did {seconds(age)} ago, and should within {seconds(limit)}."


def _nothing_leaves(facts: Facts) -> list[str]:
    """Telegram took nothing lately although there was something to take.

    One bot's trouble is not the installation's, as long as others send. When nobody else sends the
    two look alike, and then a false alarm is better than silence. Bots with a server or proxy of
    their own are left out: where these fail, this installation may be well.
    """
    outbox = facts.outbox
    answered = outbox.age_of(tally.ANSWERED)
    if answered is not None and answered <= LATE:
        return []
    if outbox.failing_for >= LATE:
        return [f"Every call failed in the last {seconds(outbox.failing_for)}."]
    due = [queue.oldest_due for queue in outbox.queues if queue.enabled and not queue.own_line]
    late = outbox.at - min(due, default=outbox.at)
    if late > LATE:
        return [f"Telegram took no call in the last {seconds(LATE)}; one waits {seconds(late)}."]
    if outbox.bots["refused"] and not outbox.bots["enabled"]:
        return ["Every bot is disabled, because Telegram refused it."]
    return []


def _unserved(facts: Facts) -> list[str]:
    return [
        f"There is work in the queue {queue}, and no worker takes it. Name it in --queues of one."
        for queue in facts.unserved
    ]


def _partly(facts: Facts) -> list[str]:
    outbox = facts.outbox
    found = []
    if outbox.late_by > LATE:
        found.append(f"The oldest waiting call is late by {seconds(outbox.late_by)}.")
    if outbox.bots["refused"]:
        found.append(f"{count(outbox.bots['refused'], 'bot')} disabled, because Telegram refused.")
    if outbox.channels["refused"]:
        number = count(outbox.channels["refused"], "channel")
        found.append(f"{number} disabled, because Telegram refused.")
    return [*found, *_updates(facts)]


def _updates(facts: Facts) -> list[str]:
    """What people do in Telegram, and nothing happens."""
    updates = facts.updates
    found = []
    if updates.not_receiving:
        number = count(updates.not_receiving, "bot")
        found.append(f"{number} not receiving updates: see the bot's page.")
    if updates.late_by > UPDATES_LATE:
        found.append(f"The oldest waiting update is late by {seconds(updates.late_by)}.")
    return found


def count(number: int, what: str) -> str:
    """`1 bot is`, `2 bots are`."""
    return f"{number} {what} is" if number == 1 else f"{number} {what}s are"


def seconds(span: timedelta) -> str:
    """`90 s`, `12 min`, `5 h`."""
    total = int(span.total_seconds())
    if total < 120:
        return f"{total} s"
    return f"{total // 60} min" if total < 7200 else f"{total // 3600} h"


def summary(facts: Facts, version: str) -> dict[str, object]:
    """The verdict and the figures behind it, as JSON: no tenant's name or ID."""
    outbox, publishing = facts.outbox, facts.publishing
    verdict = judge(facts)
    return {
        "status": verdict.status,
        "reasons": list(verdict.reasons),
        "version": version,
        "at": outbox.at.isoformat(),
        "oldest_overdue_seconds": outbox.late_by.total_seconds(),
        "deliveries": {state: outbox.states[state] for state in STATES},
        "lanes": {state: outbox.lanes[state] for state in LANES},
        "bots": {state: outbox.bots[state] for state in SWITCHED},
        "channels": {state: outbox.channels[state] for state in SWITCHED},
        "publishing": {
            "due": publishing.due,
            "storms": publishing.storms,
            "oldest_seconds": publishing.late_by.total_seconds(),
        },
        "updates": {
            "bots_receiving": facts.updates.receiving,
            "bots_not_receiving": facts.updates.not_receiving,
            "waiting": facts.updates.waiting,
            "dead": facts.updates.dead,
            "oldest_seconds": facts.updates.late_by.total_seconds(),
        },
        "last": {name: _iso(outbox.marks.get(name)) for name in MARKS},
    }


STATES = ("waiting", "in_flight", "parked", "dead")
LANES = ("held", "paused", "doubted", "stuck_held", "stuck_free")
SWITCHED = ("enabled", "refused", "off")
MARKS = (
    *(tally.DISPATCHED, tally.PUBLISHED, tally.SWEPT, tally.ANSWERED),
    *(tally.PROBED, tally.FELL_BACK, tally.SYNCED, tally.AGREED),
)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
