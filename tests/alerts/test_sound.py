"""What a change sounds like."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.rendering.view_model import AlertView, GroupView
from alerts.severity import Severity
from alerts.sound import Decision, Heard, Policy, Told, decide, facts_of
from botapi.markup import render
from tests.alerts.rendering.cases import OPENED, alert, group, later

CRITICAL, HIGH, WARNING, INFO = Severity
NOW = later(1)
RINGING = Policy()


def cpu(number: int = 1, severity: Severity | None = WARNING, **overrides: object) -> AlertView:
    return alert("HighCPU", f"web-{number}", severity, **overrides)


def gone(view: AlertView, minutes: float = 14) -> AlertView:
    return replace(view, status="resolved", ends_at=OPENED + timedelta(minutes=minutes))


def heard(*alerts: AlertView, ago: float = 3600) -> Heard:
    """A chat that was told of these alerts so many seconds ago."""
    return Heard(facts_of(group(*alerts)), NOW - timedelta(seconds=ago))


def now_on(
    before: Heard, *alerts: AlertView, policy: Policy = RINGING, now: datetime = NOW, **more: Any
) -> Decision:
    repeat = bool(more.pop("repeat", False))
    return decide(group(*alerts, **more), before, policy, now, UTC, repeat=repeat)


def said(decision: Decision) -> str:
    return render(decision.reply, "")


def test_facts() -> None:
    view = group(cpu(1, None, episode=3), gone(cpu(2)))
    assert facts_of(view) == {
        "HighCPU web-1": Told("firing", "", 3),
        "HighCPU web-2": Told("resolved", "warning", 1),
    }


def test_the_first_message_sounds() -> None:
    decision = now_on(Heard(), cpu())
    assert decision == Decision("first", Heard(facts_of(group(cpu())), NOW))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([cpu(1)], [cpu(1), cpu(2)], "🟡 new warning: HighCPU · web-2"),
        ([cpu(1)], [cpu(1), cpu(2), cpu(3)], "🟡 2 new warning: HighCPU · web-2, web-3"),
        (
            [cpu(1, CRITICAL)],
            [cpu(1, CRITICAL), cpu(2), alert("DiskFull", "db-1", HIGH)],
            "🟠 2 new: DiskFull db-1, HighCPU web-2",
        ),
        (
            [cpu(0)],
            [cpu(n) for n in range(6)],
            "🟡 5 new warning: HighCPU · web-1, web-2, web-3 +2",
        ),
        ([cpu(1)], [cpu(1), cpu(2, None)], "❗ new: HighCPU · web-2"),
        ([cpu(1)], [cpu(1, CRITICAL)], "🔺 now critical: HighCPU · web-1"),
        ([cpu(1, None)], [cpu(1, HIGH)], "🔺 now high: HighCPU · web-1"),
        ([cpu(1)], [cpu(1, episode=2)], "🟡 fired again: HighCPU · web-1"),
        ([cpu(1), gone(cpu(2))], [cpu(1), cpu(2)], "🟡 fired again: HighCPU · web-2"),
        ([gone(cpu(1))], [cpu(1, episode=2)], "🟡 fired again: HighCPU · web-1"),
        ([cpu(1)], [gone(cpu(1))], "✅ resolved after 14 min: HighCPU · web-1"),
        (
            [cpu(1), cpu(2)],
            [gone(cpu(1)), gone(cpu(2), 72)],
            "✅ resolved after 1 h 12 min: HighCPU · web-1, web-2",
        ),
        (
            [cpu(1), cpu(2)],
            [cpu(1, CRITICAL), cpu(2, episode=2), cpu(3)],
            """🔺 now critical: HighCPU · web-1
🟡 new warning: HighCPU · web-3
🟡 fired again: HighCPU · web-2""",
        ),
        (
            [AlertView("e", "Deployed", "event")],
            [AlertView("e", "Deployed", "event"), AlertView("f", "Rolled back", "event")],
            "🔔 new: Rolled back",
        ),
        (
            [AlertView("e", "Deployed", "event")],
            [AlertView("e", "Deployed", "event", episode=2)],
            "🔔 again: Deployed",
        ),
    ],
)
def test_news_gets_a_sounding_reply(
    before: list[AlertView], after: list[AlertView], expected: str
) -> None:
    decision = now_on(heard(*before), *after)
    assert said(decision) == expected
    assert decision.kind == "reply"
    assert not decision.disable_notification
    assert decision.heard == Heard(facts_of(group(*after), heard(*before).told), NOW)
    assert decision.sound_due_at is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([cpu(1)], [cpu(1)]),
        ([cpu(1)], [cpu(1, value_text="97")]),
        ([cpu(1), cpu(2)], [cpu(1), gone(cpu(2))]),
        ([cpu(1, CRITICAL)], [cpu(1, WARNING)]),
        ([cpu(1, None)], [cpu(1, WARNING)]),
        ([cpu(1, WARNING)], [cpu(1, None)]),
        ([cpu(1)], [cpu(1), gone(cpu(2))]),
        ([gone(cpu(1))], [gone(cpu(1))]),
        ([gone(cpu(1))], [gone(cpu(1)), gone(cpu(2))]),
        ([cpu(1)], []),
    ],
)
def test_other_changes_are_edits_only(before: list[AlertView], after: list[AlertView]) -> None:
    told = heard(*before)
    decision = now_on(told, *after)
    assert decision == Decision("edit", Heard(facts_of(group(*after), told.told), told.sounded_at))


def test_repeat() -> None:
    decision = now_on(heard(cpu()), cpu(), repeat=True)
    assert said(decision) == "🔁 still firing since 23 Nov 14:02 UTC: HighCPU · web-1"


@pytest.mark.parametrize("after", [gone(cpu()), AlertView("HighCPU web-1", "HighCPU", "event")])
def test_only_what_fires_is_repeated(after: AlertView) -> None:
    assert now_on(heard(after), after, repeat=True).kind == "edit"


def test_what_is_acknowledged_is_not_repeated() -> None:
    decision = now_on(heard(cpu()), cpu(), repeat=True, acknowledged_at=OPENED)
    assert decision.kind == "edit"


def test_news_makes_a_repeat_needless() -> None:
    decision = now_on(heard(cpu(1)), cpu(1), cpu(2), repeat=True)
    assert said(decision) == "🟡 new warning: HighCPU · web-2"


@pytest.mark.parametrize(("ago", "kind"), [(0, "edit"), (59, "edit"), (60, "reply"), (61, "reply")])
def test_one_reply_an_interval(ago: float, kind: str) -> None:
    before = heard(cpu(1), ago=ago)
    decision = now_on(before, cpu(1), cpu(2))
    assert decision.kind == kind
    if kind == "edit":
        assert decision.heard == before
        assert decision.sound_due_at == NOW + timedelta(seconds=60 - ago)


def test_the_interval_is_the_channels() -> None:
    policy = Policy(renotify_interval=timedelta(seconds=300))
    decision = now_on(heard(cpu(1), ago=100), cpu(1), cpu(2), policy=policy)
    assert decision.sound_due_at == NOW + timedelta(seconds=200)


def test_news_that_waited_is_told_as_it_then_stands() -> None:
    waiting = now_on(heard(cpu(1), ago=10), cpu(1), cpu(2))
    more = now_on(waiting.heard, cpu(1), cpu(2), cpu(3), now=NOW + timedelta(seconds=20))
    assert more.sound_due_at == waiting.sound_due_at
    due = waiting.sound_due_at
    assert due is not None
    decision = now_on(more.heard, cpu(1), gone(cpu(2)), cpu(3), now=due)
    assert said(decision) == "🟡 new warning: HighCPU · web-3"


def test_flapping_within_the_interval_makes_one_sound() -> None:
    state = heard(cpu(1), ago=0)
    for second in range(1, 60):
        view = gone(cpu(1)) if second % 2 else cpu(1, episode=second)
        decision = now_on(state, view, now=NOW + timedelta(seconds=second))
        assert decision.kind == "edit"
        state = decision.heard
    final = now_on(state, cpu(1, episode=60), now=NOW + timedelta(seconds=60))
    assert said(final) == "🟡 fired again: HighCPU · web-1"


@pytest.mark.parametrize(
    "after",
    [[cpu(1, CRITICAL)], [cpu(1), cpu(2, HIGH)]],
    ids=["the alert's own", "a new alert above all others"],
)
def test_a_risen_severity_is_told_at_once(after: list[AlertView]) -> None:
    decision = now_on(heard(cpu(1), ago=0), *after, acknowledged_at=OPENED)
    assert decision.kind == "reply"


def test_a_clock_set_back_delays_by_one_interval_at_most() -> None:
    before = Heard(facts_of(group(cpu(1))), NOW + timedelta(days=1))
    assert now_on(before, cpu(1), cpu(2)).sound_due_at == NOW + timedelta(seconds=60)


NEVER, ALWAYS, RESOLVED = Policy("never"), Policy("always"), Policy("resolved")
BELOW_WARNING, BELOW_CRITICAL = Policy("below", WARNING), Policy("below", CRITICAL)


@pytest.mark.parametrize(
    ("policy", "severity", "firing_silent", "resolve_silent"),
    [
        (NEVER, INFO, False, False),
        (ALWAYS, CRITICAL, True, True),
        (RESOLVED, CRITICAL, False, True),
        (RESOLVED, None, False, True),
        (BELOW_WARNING, INFO, True, True),
        (BELOW_WARNING, WARNING, False, False),
        (BELOW_CRITICAL, HIGH, True, True),
        (BELOW_CRITICAL, CRITICAL, False, False),
        (BELOW_CRITICAL, None, False, False),
    ],
)
def test_the_channel_decides_what_is_silent(
    policy: Policy, severity: Severity | None, firing_silent: bool, resolve_silent: bool
) -> None:
    one, two = cpu(1, severity), cpu(2, severity)
    first = now_on(Heard(), one, policy=policy)
    new = now_on(heard(one), one, two, policy=policy)
    over = now_on(heard(one), gone(one), policy=policy)
    assert first.disable_notification == new.disable_notification == firing_silent
    assert over.disable_notification == resolve_silent
    assert new.kind == over.kind == "reply"


@pytest.mark.parametrize(
    ("channel", "route", "severity", "firing_silent", "resolve_silent"),
    [
        ("never", {"warning": "silent"}, WARNING, True, True),
        ("never", {"warning": "silent"}, CRITICAL, False, False),
        ("never", {"warning": "silent"}, None, False, False),
        ("always", {"critical": "ring"}, CRITICAL, False, False),
        ("always", {"critical": "ring"}, HIGH, True, True),
        ("always", {"critical": "ring"}, None, True, True),
        ("below", {"info": "ring"}, INFO, False, False),
        ("below", {"critical": "silent"}, CRITICAL, True, True),
        ("resolved", {"critical": "ring"}, CRITICAL, False, True),
        ("resolved", {"critical": "silent"}, CRITICAL, True, True),
    ],
)
def test_the_route_overrides_by_severity(
    channel: Any,
    route: dict[str, Any],
    severity: Severity | None,
    firing_silent: bool,
    resolve_silent: bool,
) -> None:
    policy = Policy(channel, WARNING, by_severity=route)
    one, two = cpu(1, severity), cpu(2, severity)
    first = now_on(Heard(), one, policy=policy)
    new = now_on(heard(one), one, two, policy=policy)
    over = now_on(heard(one), gone(one), policy=policy)
    assert first.disable_notification == new.disable_notification == firing_silent
    assert over.disable_notification == resolve_silent


def test_what_one_severity_lets_ring_another_does_not_silence() -> None:
    policy = Policy(by_severity={"critical": "silent"})
    assert now_on(Heard(), cpu(1, CRITICAL), policy=policy).disable_notification
    assert not now_on(Heard(), cpu(1, CRITICAL), cpu(2, INFO), policy=policy).disable_notification


def test_the_loudest_news_decides() -> None:
    before = [cpu(1, CRITICAL)]
    quiet = now_on(heard(*before), *before, cpu(2, INFO), policy=BELOW_WARNING)
    loud = now_on(heard(*before), *before, cpu(2, INFO), cpu(3, WARNING), policy=BELOW_WARNING)
    unknown = now_on(heard(*before), *before, cpu(2, INFO), cpu(3, None), policy=BELOW_WARNING)
    assert quiet.disable_notification
    assert not loud.disable_notification
    assert not unknown.disable_notification


@pytest.mark.parametrize("policy", [NEVER, ALWAYS, RESOLVED, BELOW_WARNING])
@pytest.mark.parametrize("severity", [None, INFO, CRITICAL])
def test_what_is_over_before_anybody_heard_of_it_rings_nowhere(
    policy: Policy, severity: Severity | None
) -> None:
    decision = now_on(Heard(), gone(cpu(1, severity)), policy=policy)
    assert (decision.kind, decision.disable_notification) == ("first", True)


def test_one_that_still_fires_beside_it_rings() -> None:
    assert not now_on(Heard(), gone(cpu(1)), cpu(2)).disable_notification


@pytest.mark.parametrize(("policy", "silent"), [(NEVER, False), (ALWAYS, True), (RESOLVED, True)])
def test_the_end_of_what_may_have_been_seen_is_an_all_clear(policy: Policy, silent: bool) -> None:
    decision = now_on(Heard(maybe=True), gone(cpu(1)), policy=policy)
    assert (decision.kind, decision.disable_notification) == ("first", silent)


def test_an_empty_group_is_not_silent_by_accident() -> None:
    assert not now_on(Heard(), policy=BELOW_WARNING).disable_notification


states = st.lists(
    st.tuples(
        st.sampled_from(("firing", "resolved")),
        st.one_of(st.none(), st.sampled_from(Severity)),
        st.integers(1, 3),
    ),
    min_size=3,
    max_size=3,
)


def at(state: list[tuple[Any, Severity | None, int]]) -> GroupView:
    return group(
        *(
            cpu(n, severity, status=status, episode=episode)
            for n, (status, severity, episode) in enumerate(state)
        )
    )


def weight(severity: str | None) -> int:
    return ["info", "warning", "high", "critical"].index(severity or "warning")


def has_risen(before: Heard, view: GroupView) -> bool:
    assert before.told is not None
    was = {key: weight(t.severity) for key, t in before.told.items() if t.status == "firing"}
    firing = [alert for alert in view.alerts if alert.status == "firing"]
    return any(
        weight(a.severity) > was.get(a.alert_id, max(was.values(), default=9)) for a in firing
    ) or any(weight(a.severity) > max(was.values(), default=9) for a in firing)


@settings(max_examples=200)
@given(st.lists(st.tuples(states, st.integers(0, 90)), min_size=1, max_size=12))
def test_any_history(steps: list[tuple[list[tuple[Any, Severity | None, int]], int]]) -> None:
    """Replies that are not urgent keep the interval, waiting news always has a due time in it, and
    at the end nothing that fires is left untold."""
    state, now = Heard(), NOW
    for drawn, seconds in steps:
        now += timedelta(seconds=seconds)
        view = at(drawn)
        decision = decide(view, state, RINGING, now, UTC)
        if decision.kind == "reply":
            assert said(decision)
            assert state.sounded_at is not None
            waited = now - state.sounded_at
            assert waited >= RINGING.renotify_interval or has_risen(state, view)
        if decision.sound_due_at is not None:
            assert now < decision.sound_due_at <= now + RINGING.renotify_interval
            assert decision.heard == state
        else:
            assert decision.heard.told == facts_of(view, state.told)
        state = decision.heard
    end = decide(at(steps[-1][0]), state, RINGING, now + RINGING.renotify_interval, UTC)
    assert end.heard.told == facts_of(at(steps[-1][0]), state.told)
    assert end.sound_due_at is None
