"""When alerts are merged and what a storm does when: pure, by tables."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.severity import Severity
from alerts.sound import Policy, Told
from alerts.storms.decisions import (
    Rendered,
    Standing,
    becomes_one,
    has_nothing_to_say,
    is_one_message,
    is_over,
    is_too_much,
    make_plan,
    pause_of,
    room,
)
from alerts.storms.news import news_of, remembered
from alerts.storms.state import (
    NOTHING_UNHEARD,
    Fresh,
    Shown,
    Unheard,
    shown_from_json,
    shown_to_json,
    unheard_from_json,
    unheard_to_json,
)
from deliveries.pacing import Limits

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
THEN = NOW.timestamp()
TEXT = Rendered("text", overflow=True)


def news(severity: str = "warning", count: int = 1) -> Unheard:
    """So many alerts that nobody was rung for."""
    return NOTHING_UNHEARD.and_also([Fresh(severity, "HighCPU")] * count, 0)


ON = Standing(
    now=NOW,
    reason="storm",
    is_closed=False,
    absorbed_at=NOW - timedelta(seconds=5),
    joined=100,
    revision=100,
    firing={"warning": 100},
    unheard=NOTHING_UNHEARD,
    shown=Shown(
        text="text",
        document=100,
        edited_at=THEN - 5,
        document_at=THEN - 5,
        rung_at=THEN - 61,
        rank=2,
    ),
    policy=Policy(),
    calm=3,
    is_there=True,
    is_gone=False,
    is_document_gone=False,
    is_quiet=True,
)


def seconds(at: datetime | None) -> float | None:
    """From now until then."""
    return None if at is None else (at - NOW).total_seconds()


@pytest.mark.parametrize(
    ("limits", "is_group", "chats", "calls"),
    [
        (Limits(), True, 1, 10),
        (Limits(), False, 1, 30),
        (Limits(), False, 60, 10),
        (Limits(), True, 1_500, 1),
        (Limits(1000, 50, 6000), True, 1, 1500),
        (Limits(5, 1, 20), False, 10, 10),
        (Limits(1, 1, 1), True, 1, 1),
    ],
)
def test_room(limits: Limits, is_group: bool, chats: int, calls: int) -> None:
    assert room(limits, is_group=is_group, chats=chats) == calls


@pytest.mark.parametrize(
    ("waiting", "added", "merged", "limit", "too_much"),
    [
        (0, 10, 10, 10, False),
        (0, 11, 11, 10, True),
        (8, 3, 3, 10, True),
        (1_000, 1, 1, 10, False),  # it would be alone in the digest
        (1_000, 2, 2, 10, True),
    ],
)
def test_too_much(waiting: int, added: int, merged: int, limit: int, too_much: bool) -> None:
    assert is_too_much(waiting, added, merged, limit) == too_much


FIRING, RESOLVED = Told("firing", "warning", 1), Told("resolved", "warning", 1)


@pytest.mark.parametrize(
    ("told", "facts", "fresh", "over"),
    [
        (None, {"a": FIRING}, ("a",), False),
        (None, {"a": RESOLVED}, (), False),
        ({"a": FIRING}, {"a": FIRING}, (), False),
        ({"a": FIRING}, {"a": FIRING, "b": FIRING}, ("b",), False),
        ({"a": FIRING}, {"a": RESOLVED}, (), True),
        ({"a": FIRING, "b": FIRING}, {"a": RESOLVED, "b": FIRING}, (), False),
        ({"a": RESOLVED}, {"a": RESOLVED}, (), False),
        ({"a": RESOLVED}, {"a": Told("firing", "warning", 2)}, ("a",), False),
        ({"a": FIRING}, {"a": Told("firing", "critical", 1)}, ("a",), False),
        ({"a": FIRING}, {"a": Told("firing", "info", 1)}, (), False),
        ({"a": FIRING}, {"a": Told("firing", "", 1)}, (), False),
        ({"a": Told("event", "", 1)}, {"a": Told("event", "", 2)}, ("a",), False),
    ],
)
def test_news(told: Any, facts: Any, fresh: tuple[str, ...], over: bool) -> None:
    assert news_of(told, facts) == (fresh, over)


FLAPS = FIRING._replace(episode=2, flapping=True)
KNOWN = FIRING._replace(flapping=True)


@pytest.mark.parametrize(
    ("told", "fact", "churning", "fresh"),
    [
        (FIRING, FLAPS, False, True),  # nobody knows that it flaps
        (KNOWN, FLAPS, False, False),
        (KNOWN, FLAPS._replace(flapping=False), False, True),  # calm meanwhile
        (KNOWN, FLAPS._replace(severity="critical"), False, True),
        (KNOWN._replace(worst="critical"), FLAPS._replace(severity="critical"), False, False),
        (FIRING, Told("firing", "warning", 2), True, False),
        (FIRING, Told("firing", "critical", 2), True, True),
        (None, Told("firing", "warning", 1), True, False),  # another name each time
        (None, Told("firing", "high", 1), True, True),
    ],
)
def test_what_flaps_is_news_only_when_it_is_worse(
    told: Told | None, fact: Told, churning: bool, fresh: bool
) -> None:
    before = {"other": FIRING} | ({"a": told} if told else {})
    found = news_of(before, {"other": FIRING, "a": fact}, churning=churning)
    assert found.fresh == (("a",) if fresh else ())


@pytest.mark.parametrize(
    ("told", "fact", "fresh", "worst", "flapping"),
    [
        (None, FIRING, True, None, False),
        (None, FLAPS, True, None, True),  # it was counted when it began to flap
        (FIRING, RESOLVED._replace(flapping=True), False, None, False),
        (KNOWN, FIRING, False, None, True),  # it was not told that it is calm
        (Told("firing", "critical", 1), FIRING, False, "critical", False),
        (FIRING._replace(worst="critical"), RESOLVED, False, "critical", False),
        (Told("firing", "", 1, "high"), FIRING, False, "high", False),
        (FIRING, Told("firing", "critical", 1), True, None, False),
    ],
)
def test_what_a_channel_knew_it_knows_after_a_digest(
    told: Told | None, fact: Told, fresh: bool, worst: str | None, flapping: bool
) -> None:
    (known,) = remembered({"a": told} if told else None, {"a": fact}, ["a"] * fresh).values()
    assert known == fact._replace(worst=worst, flapping=flapping)


@pytest.mark.parametrize(
    ("changes", "nothing"),
    [
        ({}, True),
        ({"revision": 101}, False),
        ({"unheard": news()}, False),
        ({"is_there": False}, False),
        ({"is_closed": True}, False),
        ({"absorbed_at": NOW - timedelta(seconds=31)}, False),
    ],
)
def test_who_needs_not_be_counted(changes: dict[str, Any], nothing: bool) -> None:
    told = replace(ON, shown=replace(ON.shown, revision=100), firing={})
    assert has_nothing_to_say(replace(told, **changes)) == nothing


ONE = replace(
    *(ON,),
    is_one=True,
    is_document_gone=True,
    shown=replace(ON.shown, edited_at=THEN - 40, document_at=THEN - 40),
)
"""Its digest is the caption of the document."""


@pytest.mark.parametrize(
    ("chats", "limits", "is_one"),
    [
        (600, Limits(), False),
        (601, Limits(), True),
        (1_500, Limits(1_000, 50, 6_000), False),
        (21, Limits(1, 1, 20), True),
    ],
)
def test_in_how_many_chats_one_message_has_to_do(chats: int, limits: Limits, is_one: bool) -> None:
    assert is_one_message(limits, chats=chats) == is_one


NEW = replace(ON, is_gone=True, is_there=False, is_document_gone=True)


@pytest.mark.parametrize(
    ("standing", "overflow", "is_one"),
    [
        (replace(NEW, is_crowded=True), True, True),
        (replace(NEW, is_crowded=True), False, False),  # a text tells all
        (NEW, True, False),
        (replace(NEW, is_crowded=True, is_gone=False, is_unsent=True), True, True),
        (replace(NEW, is_crowded=True, is_document_gone=False), True, False),
        (replace(ON, is_crowded=True, is_document_gone=True), True, False),  # it is there
        (ONE, False, True),
    ],
)
def test_what_becomes_one_message(standing: Standing, overflow: bool, is_one: bool) -> None:
    assert becomes_one(standing, overflow=overflow) == is_one


def test_one_message_brings_the_document_with_each_change() -> None:
    text = Rendered("new", overflow=True, as_one=True)
    first = make_plan(replace(NEW, shown=Shown(), unheard=news()), text, ends=False)
    assert (first.digest, first.document, first.shown.silent) == ("send", "", False)
    assert first.shown.document == NEW.revision
    assert make_plan(ONE, text, ends=False).digest == "edit"
    early = replace(ONE, shown=replace(ONE.shown, edited_at=THEN - 9))
    assert make_plan(early, text, ends=False).digest == ""
    same = Rendered("text", overflow=True, as_one=True)
    assert make_plan(ONE, same, ends=False).digest == ""
    listed = make_plan(replace(ONE, revision=101), same, ends=False)
    assert (listed.digest, listed.document, listed.shown.document) == ("edit", "", 101)


def test_one_message_follows_its_groups_when_it_is_over() -> None:
    text = Rendered("over", overflow=True, as_one=True)
    plan = make_plan(replace(ONE, revision=101), text, ends=True)
    assert (plan.digest, plan.document, plan.due_at) == ("edit", "", None)
    closed = replace(ONE, is_closed=True, revision=102, shown=plan.shown)
    waits = make_plan(closed, text, ends=False)
    assert (waits.digest, seconds(waits.due_at)) == ("", 30)


@pytest.mark.parametrize(
    ("is_closed", "is_unsent", "is_one", "is_crowded", "pause"),
    [
        (False, False, False, False, 5),
        (False, True, False, False, 1),
        (False, True, False, True, 10),
        (False, False, False, True, 5),
        (False, True, True, True, 30),
        (False, False, True, False, 10),
        (True, False, False, False, 30),
        (True, False, True, False, 30),
        (True, True, False, False, 1),
    ],
)
def test_how_often_a_digest_changes(
    is_closed: bool, is_unsent: bool, is_one: bool, is_crowded: bool, pause: int
) -> None:
    assert pause == pause_of(
        is_closed=is_closed, is_unsent=is_unsent, is_one=is_one, is_crowded=is_crowded
    )


def test_nothing_new_makes_no_call() -> None:
    plan = make_plan(ON, TEXT, ends=False)
    assert (plan.digest, plan.document, plan.notice) == ("", "", None)
    assert seconds(plan.due_at) == 5


def test_first_digest_says_the_news_and_brings_the_document() -> None:
    first = replace(
        *(ON,), shown=Shown(), unheard=news(), is_there=False, is_gone=True, is_document_gone=True
    )
    plan = make_plan(first, TEXT, ends=False)
    assert (plan.digest, plan.document, plan.notice) == ("send", "send", None)
    assert not plan.shown.silent
    assert not plan.unheard
    assert make_plan(first, Rendered("text", overflow=False), ends=False).document == ""


@pytest.mark.parametrize(
    ("policy", "unheard", "firing", "silent"),
    [
        (Policy(), news(), {"warning": 1}, False),
        (Policy("always"), news(), {"warning": 1}, True),
        (Policy("below", Severity.HIGH), news(), {"warning": 1}, True),
        (Policy("below", Severity.HIGH), news("critical"), {"critical": 1}, False),
        (Policy("below", Severity.HIGH), news(""), {"": 1}, False),
        (Policy(), news(), {}, True),  # all over: nobody has to get up
        (Policy(), Unheard({}, over=3), {}, False),  # what somebody got up for is over
        (Policy("resolved"), Unheard({}, over=3), {}, True),
    ],
)
def test_how_the_first_digest_sounds(
    policy: Policy, unheard: Unheard, firing: dict[str, int], silent: bool
) -> None:
    first = replace(ON, shown=Shown(), unheard=unheard, policy=policy, firing=firing, is_gone=True)
    assert make_plan(first, TEXT, ends=False).shown.silent == silent


@pytest.mark.parametrize(
    ("ago", "unheard", "rings"),
    [
        (61, news(), True),
        (59, news(), False),
        (31, news("critical"), True),
        (29, news("critical"), False),
        (31, news("info"), False),
    ],
)
def test_who_is_rung_while_it_goes_on(ago: float, unheard: Unheard, rings: bool) -> None:
    firing = dict.fromkeys(("critical", "warning", "info"), 5)
    shown = replace(ON.shown, rung_at=THEN - ago)
    plan = make_plan(replace(ON, unheard=unheard, firing=firing, shown=shown), TEXT, ends=False)
    assert (plan.notice is not None) == rings
    assert bool(plan.unheard) != rings
    if rings:
        assert plan.shown.rung_at == THEN


def test_news_that_is_over_by_then_rings_nobody() -> None:
    plan = make_plan(replace(ON, unheard=news(), firing={}), TEXT, ends=False)
    assert plan.notice is None
    few = make_plan(replace(ON, unheard=news(count=50), firing={"warning": 3}), TEXT, ends=False)
    assert few.notice is not None
    assert few.notice.news.news["warning"][0] == 3


@pytest.mark.parametrize(
    ("changes", "over"),
    [
        ({}, False),
        ({"absorbed_at": NOW - timedelta(seconds=31)}, True),
        ({"absorbed_at": NOW - timedelta(seconds=31), "is_quiet": False}, False),
        ({"absorbed_at": NOW - timedelta(seconds=31), "is_there": False}, False),
        ({"absorbed_at": NOW - timedelta(seconds=31), "unheard": news()}, False),
        ({"reason": "outage"}, True),
        ({"reason": "outage", "is_there": False}, False),
        ({"joined": 103, "shown": replace(ON.shown, joined=((THEN - 31, 100),))}, True),
        ({"joined": 104, "shown": replace(ON.shown, joined=((THEN - 31, 100),))}, False),
        ({"joined": 100, "shown": replace(ON.shown, joined=((THEN - 29, 100),))}, False),
    ],
)
def test_when_it_is_over(changes: dict[str, Any], over: bool) -> None:
    assert is_over(replace(ON, **changes)) == over


def test_it_ends_with_a_summary_a_last_document_and_a_word() -> None:
    plan = make_plan(replace(ON, revision=101), Rendered("over", overflow=True), ends=True)
    assert (plan.digest, plan.document) == ("edit", "edit")
    assert plan.notice is not None
    assert (plan.notice.kind, plan.notice.silent) == ("over", False)
    assert plan.due_at is None
    assert plan.shown.left == 100


def test_closed_it_follows_what_becomes_of_its_groups() -> None:
    closed = replace(ON, is_closed=True, revision=120, shown=replace(ON.shown, left=100))
    early = make_plan(closed, Rendered("new", overflow=True), ends=False)
    assert (early.digest, early.document, early.notice) == ("", "", None)
    assert seconds(early.due_at) == 25
    shown = replace(closed.shown, edited_at=THEN - 30, document_at=THEN - 30)
    later = make_plan(replace(closed, shown=shown), Rendered("new", overflow=True), ends=False)
    assert (later.digest, later.document) == ("edit", "")
    assert seconds(later.due_at) == 90
    done = replace(closed, shown=shown, firing={})
    last = make_plan(done, Rendered("done", overflow=True), ends=False)
    assert (last.digest, last.document) == ("edit", "edit")
    assert last.notice is not None
    assert last.notice.kind == "resolved"
    again = make_plan(replace(done, shown=last.shown), Rendered("done", overflow=True), ends=False)
    assert again.notice is None


def test_a_lost_digest_is_sent_anew_without_a_sound() -> None:
    plan = make_plan(replace(ON, is_gone=True, is_there=False), TEXT, ends=False)
    assert (plan.digest, plan.shown.silent) == ("send", True)


def test_what_waits_is_changed_at_once_and_may_come_to_ring() -> None:
    quiet = replace(ON.shown, silent=True, edited_at=THEN)
    waits = replace(ON, is_unsent=True, is_there=False, shown=quiet)
    assert make_plan(waits, TEXT, ends=False).digest == ""
    assert make_plan(waits, Rendered("new", overflow=True), ends=False).digest == "edit"
    louder = make_plan(replace(waits, unheard=news()), TEXT, ends=False)
    assert (louder.digest, louder.shown.silent, louder.notice) == ("edit", False, None)


def test_a_minute_has_room_for_all_that_a_group_is_told() -> None:
    """News all the time: digests, documents and replies stay below sixteen a minute."""
    standing, calls = replace(ON, firing={"critical": 9_999}), 0
    for step in range(600):
        now = NOW + timedelta(seconds=step)
        standing = replace(
            standing, now=now, absorbed_at=now, revision=step, joined=step, unheard=news("critical")
        )
        plan = make_plan(standing, Rendered(f"text {step}", overflow=True), ends=False)
        calls += bool(plan.digest) + bool(plan.document) + bool(plan.notice)
        standing = replace(standing, shown=plan.shown)
    assert calls <= 10 * 16


def test_state_survives_its_json() -> None:
    shown = Shown("t", 4, 1.5, 2.5, 3.5, 2, ((1.0, 2), (3.0, 4)), 5, silent=True)
    assert shown_from_json(shown_to_json(shown)) == shown
    assert shown_from_json({"v": 9, "text": "t", "unknown": 1}) == Shown("t")
    unheard = news("critical", 3).and_also([], 2)
    assert unheard_from_json(unheard_to_json(unheard)) == unheard
    assert unheard_from_json({}) == NOTHING_UNHEARD
