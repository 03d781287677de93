"""What the facts mean."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from alerts.figures import PublishFigures
from config.watching.facts import Facts
from config.watching.verdict import judge, summary
from deliveries import tally
from deliveries.figures import Figures, Queue

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOON = timedelta(seconds=2)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def queue(late: timedelta = SOON, **fields: Any) -> Queue:
    values: dict[str, Any] = {
        "bot_id": uuid4(),
        "organization_id": uuid4(),
        "chats": 1,
        "oldest_due": NOW - late,
        "idle_chats": 0,
        "enabled": True,
        "refused": False,
        "own_line": False,
        "held": True,
        "paused": False,
        "doubted": False,
        "stuck": False,
    }
    return Queue(**{**values, **fields})


def well() -> Facts:
    marks = {
        name: ago(seconds=3)
        for name in (tally.DISPATCHED, tally.PUBLISHED, tally.SWEPT, tally.ANSWERED)
    }
    outbox = Figures(
        at=NOW,
        states=Counter({"waiting": 3}),
        queues=[queue()],
        bots=Counter({"enabled": 2}),
        channels=Counter({"enabled": 2}),
        lanes=Counter(),
        marks=marks,
        failing_for=timedelta(0),
    )
    return Facts(outbox, PublishFigures(1, 0, timedelta(seconds=1), NOW, ago(days=3)))


def with_marks(**marks: datetime | None) -> Callable[[Facts], Facts]:
    def change(facts: Facts) -> Facts:
        kept = {**facts.outbox.marks, **marks}
        told = {name: at for name, at in kept.items() if at is not None}
        return replace(facts, outbox=replace(facts.outbox, marks=told))

    return change


def with_outbox(**fields: Any) -> Callable[[Facts], Facts]:
    return lambda facts: replace(facts, outbox=replace(facts.outbox, **fields))


def with_publishing(**fields: Any) -> Callable[[Facts], Facts]:
    return lambda facts: replace(facts, publishing=replace(facts.publishing, **fields))


LATE = timedelta(minutes=6)
SILENT = with_marks(answered=ago(minutes=6))
NEVER = with_marks(answered=None)

CASES: list[tuple[str, list[Callable[[Facts], Facts]], str, str]] = [
    ("well", [], "ok", ""),
    ("idle for days", [with_marks(answered=ago(days=2)), with_outbox(queues=[])], "ok", ""),
    ("never used", [NEVER, with_outbox(queues=[], bots=Counter())], "ok", ""),
    ("no dispatch", [with_marks(dispatched=ago(seconds=40))], "failing", "dispatches"),
    ("never a dispatch", [with_marks(dispatched=None)], "failing", "none has yet"),
    ("a long publishing run", [with_marks(published=ago(seconds=40))], "ok", ""),
    ("no publishing", [with_marks(published=ago(seconds=100))], "failing", "publishes"),
    ("no beat", [with_marks(swept=ago(seconds=100))], "failing", "beat"),
    ("publishing is late", [with_publishing(late_by=LATE)], "failing", "Publishing is late"),
    (
        "a queue that nobody takes",
        [lambda facts: replace(facts, unserved=("sync",))],
        "degraded",
        "in the queue sync, and no worker takes it",
    ),
    ("a stuck lane", [with_outbox(lanes=Counter({"stuck_held": 1}))], "failing", "1 lane is stuck"),
    ("two without holder", [with_outbox(lanes=Counter({"stuck_free": 2}))], "failing", "2 lanes"),
    (
        "one bot's trouble",
        [with_outbox(queues=[queue(LATE), queue()])],
        "degraded",
        "late by 6 min",
    ),
    ("it alone sends", [SILENT, with_outbox(queues=[queue(LATE)])], "failing", "took no call"),
    ("none ever sent", [NEVER, with_outbox(queues=[queue(LATE)])], "failing", "took no call"),
    (
        "a server of its own",
        [SILENT, with_outbox(queues=[queue(LATE, own_line=True)])],
        "degraded",
        "late by",
    ),
    (
        "switched off",
        [SILENT, with_outbox(queues=[queue(LATE, enabled=False)], bots=Counter(enabled=1, off=1))],
        "ok",
        "",
    ),
    (
        "one of two is refused",
        [
            SILENT,
            with_outbox(
                queues=[queue(LATE, enabled=False, refused=True)],
                bots=Counter(enabled=1, refused=1),
            ),
        ],
        "degraded",
        "1 bot is disabled",
    ),
    (
        "the only bot is refused",
        [SILENT, with_outbox(queues=[], bots=Counter(refused=1))],
        "failing",
        "Every bot is disabled",
    ),
    ("all calls fail", [SILENT, with_outbox(failing_for=LATE)], "failing", "Every call failed"),
    (
        "one refusal",
        [SILENT, with_outbox(failing_for=timedelta(0), channels=Counter(refused=1))],
        "degraded",
        "1 channel is disabled",
    ),
    ("some calls fail", [with_outbox(failing_for=LATE)], "ok", ""),
]


@pytest.mark.parametrize(
    ("changes", "status", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_verdicts(changes: list[Callable[[Facts], Facts]], status: str, reason: str) -> None:
    facts = well()
    for change in changes:
        facts = change(facts)
    verdict = judge(facts)
    assert verdict.status == status, verdict
    assert reason in " ".join(verdict.reasons)
    assert bool(verdict.reasons) == (status != "ok")
    assert verdict.delivers == (status != "failing")


def test_the_summary_holds_no_id() -> None:
    text = str(summary(well(), "1.2.3"))
    assert "1.2.3" in text
    for one in well().outbox.queues:
        assert str(one.bot_id) not in text
