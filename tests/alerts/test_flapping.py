"""What flaps, what is heard of it, and that nothing is hidden by the quiet."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.flapping import SUBJECTS_MAX, WHOLE, Flaps, Limits, flapping, from_json, noted, to_json
from alerts.group_state import Change, Group, settle
from alerts.lifecycle import Effect
from alerts.rendering.message import render_group
from alerts.rendering.view_model import AlertView, ChannelView, GroupView
from alerts.severity import Severity
from alerts.sound import Decision, Heard, Policy, decide, facts_of
from botapi.markup import render

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LIMITS = Limits()
MINUTE = timedelta(minutes=1)


def flips(*minutes: float, limits: Limits = LIMITS) -> Flaps:
    """What is known after flips of "a" so many minutes after noon."""
    flaps: Flaps = {}
    for minute in minutes:
        flaps = noted(flaps, ["a"], (), NOW + minute * MINUTE, limits)
    return flaps


@pytest.mark.parametrize(
    ("minutes", "asked_at", "times"),
    [
        ((), 0, None),
        ((0, 1, 2), 2, None),
        ((0, 1, 2, 3), 3, 4),
        ((0, 1, 2, 3, 4, 5), 5, 6),
        ((0, 10, 20, 29), 29, 4),
        ((0, 10, 20, 30), 30, None),
        ((0, 10, 20, 30, 31), 31, 4),
        ((0, 1, 2, 3), 17.9, 4),
        ((0, 1, 2, 3), 18, None),
        ((0, 1, 2, 3, 17), 31, 5),
        ((0, 1, 2, 3, 19), 19, 5),
        ((0, 1, 2, 3, 40), 40, None),
        ((5, 5, 5, 0), 5, 4),
    ],
)
def test_from_how_many_flips_on(
    minutes: tuple[float, ...], asked_at: float, times: int | None
) -> None:
    found = flapping(flips(*minutes).get("a"), NOW + asked_at * MINUTE, LIMITS)
    assert (found and found.times) == times


def test_a_resolve_is_a_sign_of_life_of_what_flaps_only() -> None:
    at = NOW + 10 * MINUTE
    still = noted(flips(0, 1, 2, 3), (), ["a", "other"], at, LIMITS)
    found = flapping(still["a"], at, LIMITS)
    assert found is not None
    assert (found.until, found.last, found.times) == (at + LIMITS.calm, NOW + 3 * MINUTE, 4)
    assert noted(flips(0, 1), (), ["a"], at, LIMITS) == flips(0, 1)


def test_what_is_stored_is_what_was_known() -> None:
    for flaps in ({}, flips(0), flips(0, 1, 2, 3, 4.321)):
        assert from_json(to_json(flaps)) == flaps


def test_what_is_remembered_is_bounded() -> None:
    flaps: Flaps = noted({}, [WHOLE], (), NOW, LIMITS)
    for number in range(3):
        names = [f"{number} {n}" for n in range(SUBJECTS_MAX)]
        flaps = noted(flaps, names, (), NOW + number * MINUTE, LIMITS)
    assert len(flaps) == SUBJECTS_MAX
    assert WHOLE in flaps
    assert {name[0] for name in flaps if name} == {"2"}
    for minute in range(100):
        flaps = noted(flaps, ["a"], (), NOW + minute * MINUTE / 10, LIMITS)
    assert len(flaps["a"].at) == LIMITS.flips
    assert set(noted(flaps, ["b"], (), NOW + timedelta(hours=2), LIMITS)) == {"b"}


# --- a group and its chat, without a database ----------------------------------------------------


def pk(number: int) -> UUID:
    return UUID(int=number + 1)


@dataclass
class Chat:
    """A group whose alerts fire and resolve, and a chat that is told at once and whenever due."""

    now: datetime = NOW
    group: Group = field(default_factory=lambda: Group(pk(99), pk(98), "firing", "", is_open=True))
    alerts: dict[int, AlertView] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)
    due: datetime | None = None
    sounds: list[tuple[datetime, str]] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        """Publish what becomes due meanwhile."""
        until = self.now + timedelta(seconds=seconds)
        while self.due is not None and self.due <= until:
            self.now = max(self.now, self.due)
            before = self.due
            self.publish()
            assert self.due is None or self.due > before, "it would be due for ever"
        self.now = until

    def fire(self, number: int, severity: Severity | None = Severity.WARNING) -> None:
        known = self.alerts.get(number)
        if known is None:
            effect, episode = Effect.FIRED, 1
        elif known.status == "resolved":
            effect, episode = Effect.REFIRED, known.episode + 1
        elif known.severity != severity:
            effect, episode = Effect.SEVERITY, known.episode
        else:
            return
        begun = known.starts_at if known and effect is Effect.SEVERITY else self.now
        self._change(number, effect, "firing", severity, episode, begun)

    def resolve(self, number: int) -> None:
        known = self.alerts.get(number)
        if known is not None and known.status == "firing":
            begun, severity = known.starts_at, known.severity
            self._change(number, Effect.RESOLVED, "resolved", severity, known.episode, begun)

    def _change(
        self,
        number: int,
        effect: Effect,
        status: str,
        severity: Severity | None,
        episode: int,
        begun: datetime | None,
    ) -> None:
        before = self.alerts.get(number)
        self.alerts[number] = AlertView(
            str(pk(number)),
            f"Alert{number}",
            status,  # type: ignore[arg-type]  # one of both
            severity,
            episode=episode,
            starts_at=begun,
            ends_at=self.now if status == "resolved" else None,
        )
        self.group.changes = [
            Change(
                pk(number),
                f"Alert{number}",
                effect,
                status,
                severity or "",
                episode,
                before=(before.severity or "") if before else "",
            )
        ]
        others = [
            one.severity or ""
            for n, one in self.alerts.items()
            if n != number and one.status == "firing"
        ]
        settle(self.group, others, None, self.now, LIMITS)
        self.publish()

    @property
    def view(self) -> GroupView:
        flaps = {name: flapping(one, self.now, LIMITS) for name, one in self.group.flaps.items()}
        alerts = [replace(one, flapping=flaps.get(one.alert_id)) for one in self.alerts.values()]
        return GroupView(
            "a group",
            self.group.status,  # type: ignore[arg-type]  # one of both
            tuple(alerts),
            opened_at=NOW,
            flapping=flaps.get(WHOLE),
        )

    def publish(self) -> Decision:
        decision = decide(self.view, self.heard, Policy(), self.now, UTC)
        self.heard, self.due = decision.heard, decision.sound_due_at
        if decision.kind != "edit":
            self.sounds.append((self.now, render(decision.reply, "") or "first"))
        return decision

    @property
    def text(self) -> str:
        return render_group(self.view, ChannelView("", UTC)).text

    @property
    def words(self) -> list[str]:
        return [text for _, text in self.sounds]


def flap(chat: Chat, numbers: Iterable[int], seconds: float, times: int) -> None:
    for _ in range(times):
        for number in numbers:
            chat.fire(number)
            chat.wait(seconds)
            chat.resolve(number)
            chat.wait(seconds)


def test_an_alert_that_flips_for_hours_is_told_of_twice_then() -> None:
    chat = Chat()
    flap(chat, [1], 120, times=60)
    begun = [number for number, text in enumerate(chat.words) if "flapping" in text]
    assert len(begun) == 1
    assert chat.words[begun[0]] == "〰️ flapping, 4 times in 12 min, quiet until calm: Alert1"
    assert begun[0] == len(chat.words) - 1, "and nothing after it"
    assert chat.text.startswith(
        "✅ RESOLVED · flapping · Alert1".replace("RESOLVED", "RESOLVED warning")
    )
    assert "Flapping: 59 times in 3 h 52 min" in chat.text
    chat.wait(3600)
    assert chat.words[-1] == "✅ calm again, resolved since 23 Nov 15:58 UTC: Alert1"
    assert "lapping" not in chat.text
    assert chat.due is None
    heard = len(chat.words)
    chat.wait(24 * 3600)
    assert len(chat.words) == heard


def test_what_is_calm_rings_again() -> None:
    chat = Chat()
    flap(chat, [1], 60, times=10)
    chat.fire(1)
    chat.wait(3600)
    assert chat.words[-1] == "🟡 calm again, firing since 23 Nov 12:20 UTC: Alert1"
    chat.resolve(1)
    chat.wait(60)
    assert chat.words[-1] == "✅ resolved after 1 h: Alert1"
    chat.fire(1)
    chat.wait(60)
    assert chat.words[-1] == "🟡 fired again: Alert1"


def test_what_flaps_among_others_keeps_none_of_them_quiet() -> None:
    chat = Chat()
    chat.fire(0)
    flap(chat, [1], 120, times=8)
    assert "flapping" in chat.words[-1]
    assert chat.view.flapping is None
    heard = len(chat.words)
    chat.fire(2)
    flap(chat, [1], 60, times=2)
    assert chat.words[heard:] == ["🟡 new warning: Alert2"]
    assert "Alert1 · flapping" in chat.text.replace(" · resolved after 1 min", "")
    chat.resolve(0)
    chat.resolve(2)
    chat.wait(60)
    assert chat.words[-1].startswith("✅ resolved after")


def test_new_alerts_ring_in_a_group_that_one_alert_alone_opens_and_closes() -> None:
    chat = Chat()
    flap(chat, [1], 120, times=8)
    assert chat.view.flapping is not None
    chat.fire(2)
    chat.wait(60)
    assert chat.words[-1] == "🟡 new warning: Alert2"
    chat.resolve(2)
    chat.wait(60)
    assert chat.words[-1].startswith("✅ resolved")


def test_a_group_that_flaps_by_ever_new_alerts_is_quiet_as_a_whole() -> None:
    chat = Chat()
    flap(chat, range(5), 120, times=1)
    assert chat.words[-1] == "〰️ flapping, 4 times in 12 min, quiet until calm: Alert4"
    heard = len(chat.words)
    flap(chat, range(5, 20), 120, times=1)
    assert len(chat.words) == heard
    chat.fire(30, Severity.CRITICAL)
    assert chat.words[-1] == "🔺 now critical: Alert30"
    chat.wait(3600)
    assert chat.words[-1] == "🔴 calm again, firing since 23 Nov 13:20 UTC: Alert30"
    assert len(chat.words) == heard + 2


def test_a_severity_that_goes_up_and_down_flaps_too() -> None:
    chat = Chat()
    for _ in range(60):
        chat.fire(1, Severity.WARNING)
        chat.wait(60)
        chat.fire(1, Severity.HIGH)
        chat.wait(60)
    assert sum("now high" in text for text in chat.words) == 3
    assert "flapping" in chat.words[-1]
    assert len(chat.words) == 5
    chat.fire(1, Severity.CRITICAL)
    assert chat.words[-1] == "🔺 now critical: Alert1"


def test_what_is_worse_than_ever_told_rings_however_it_comes() -> None:
    chat = Chat()
    flap(chat, [1], 60, times=10)
    chat.fire(1, Severity.CRITICAL)
    assert chat.words[-1] == "🔺 now critical: Alert1"
    heard = len(chat.words)
    chat.resolve(1)
    chat.fire(1, Severity.WARNING)
    chat.fire(1, Severity.CRITICAL)
    assert len(chat.words) == heard


def test_who_acknowledged_what_flaps_is_asked_once() -> None:
    chat = Chat()
    flap(chat, [1], 60, times=10)
    chat.group.acknowledged_at = chat.now
    chat.fire(1)
    assert chat.group.acknowledged_at is not None
    chat.wait(3600)
    chat.resolve(1)
    chat.fire(1)
    assert chat.group.acknowledged_at is None


def test_the_timeline_says_once_that_it_flaps() -> None:
    chat = Chat()
    flap(chat, [1], 60, times=20)
    lines = [log for log in chat.group.log if log.kind == "flapping"]
    assert [(log.alert_id, log.data["times"], log.data["alerts"]) for log in lines] == [
        (pk(1), 4, [[str(pk(1)), "Alert1"]])
    ]


# --- any history ---------------------------------------------------------------------------------

BOUND = 24
"""Sounds about one alert in an hour: at most three flips that are told in each window of half an
hour, each with its end; and flapping and calm once a quarter."""

step = st.tuples(
    st.sampled_from(("fire", "fire", "resolve")),
    st.integers(0, 1),
    st.one_of(st.none(), st.sampled_from(Severity)),
    st.sampled_from((0, 1, 20, 45, 61, 120, 300, 700, 1000)),
)
patterns = st.tuples(st.lists(step, min_size=1, max_size=5), st.integers(1, 40))
"""What repeats itself finds what random words do not: whatever stays just below the limits."""


@settings(max_examples=100)
@given(st.lists(patterns, min_size=1, max_size=4), st.integers(1, 2))
def test_any_history(
    parts: list[tuple[list[tuple[str, int, Severity | None, int]], int]], alert_count: int
) -> None:
    chat = Chat()
    worst: dict[int, int] = {}
    rises: list[tuple[datetime, int, int]] = []
    history = [one for pattern, times in parts for one in pattern * times]
    for verb, drawn, severity, seconds in history:
        number = drawn % alert_count
        if verb == "fire":
            chat.fire(number, severity)
            if weight(severity) > worst.get(number, -1):
                worst[number] = weight(severity)
                rises.append((chat.now, number, weight(severity)))
        else:
            chat.resolve(number)
        assert_shown(chat)
        before = chat.now
        chat.wait(seconds)
        assert_rung(chat, rises, before)
    chat.wait(7200)
    assert chat.due is None
    assert_shown(chat)
    assert_told(chat)
    times = [at for at, _ in chat.sounds]
    for at in times:
        in_an_hour = sum(at <= other < at + timedelta(hours=1) for other in times)
        assert in_an_hour <= BOUND * alert_count, chat.sounds


def weight(severity: Severity | None) -> int:
    return severity.rank if severity else Severity.WARNING.rank


def assert_shown(chat: Chat) -> None:
    """The message says whether it fires, whatever is heard."""
    if chat.alerts:
        fires = any(one.status == "firing" for one in chat.alerts.values())
        assert ("FIRING" if fires else "RESOLVED") in chat.text.partition("\n")[0]


def assert_told(chat: Chat) -> None:
    if chat.alerts:
        assert chat.heard.told == facts_of(chat.view, chat.heard.told)


def assert_rung(chat: Chat, rises: list[tuple[datetime, int, int]], before: datetime) -> None:
    """Each rise above all that was before was heard within a minute, if it still fired then."""
    if chat.now - before < timedelta(seconds=60):
        return
    for at, number, rank in rises:
        now = chat.alerts[number]
        if at == before and now.status == "firing" and weight(now.severity) == rank:
            heard = [when for when, _ in chat.sounds if at <= when <= at + timedelta(seconds=60)]
            assert heard, (number, at, chat.sounds)
    rises.clear()


def test_an_unknown_severity_that_comes_and_goes_flaps_too() -> None:
    chat = Chat()
    for _ in range(60):
        chat.fire(1, Severity.INFO)
        chat.wait(60)
        chat.fire(1, None)
        chat.wait(60)
    assert sum("now of unknown severity" in text for text in chat.words) == 3
    assert len(chat.words) == 5
