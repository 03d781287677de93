"""The checker itself: a true run passes, and each planted bug is caught."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.checker import Accepted, Arrival, Ledger, states, token, violations

BOTS, CHATS_A_BOT, ALERTS_A_CHAT = 2, 3, 5
GROUP = -1
"""One of the chats is a group."""


def text(name: str, revision: int, status: str) -> str:
    return f"🔴 {status.upper()} warning · {name}\n{token(name, revision)} is on fire"


def true_run() -> tuple[Ledger, list[Arrival]]:
    """Alerts that fire (1), change (2) and resolve (3) in six chats of two bots, at the pace that
    is allowed; each resolve is edited in and told in a reply."""
    ledger, arrivals = Ledger(), []
    for bot in range(BOTS):
        for number in range(CHATS_A_BOT):
            chat = GROUP if (bot, number) == (0, 0) else 1 + bot * CHATS_A_BOT + number
            at = 1000.0 + number * 0.1
            for alert in range(ALERTS_A_CHAT):
                name = f"B{bot}C{number}A{alert}x"
                message = 10 * alert + 1
                for revision, status in ((1, "firing"), (2, "firing"), (3, "resolved")):
                    shown = text(name, revision, status)
                    ledger.accepted.append(Accepted(name, revision, status, (chat,)))  # type: ignore[arg-type]  # literals
                    method = "sendMessage" if revision == 1 else "editMessageText"
                    arrivals.append(Arrival(at, at + 0.01, bot, chat, method, message, shown))
                    at += 4
                reply = text(name, 3, "resolved")
                arrivals.append(
                    Arrival(at, at + 0.01, bot, chat, "sendMessage", message + 1, reply, message)
                )
                at += 4
    return ledger, arrivals


ARRIVALS = len(true_run()[1])
POSITIONS = st.integers(0, ARRIVALS - 1)


def kinds(ledger: Ledger, arrivals: Sequence[Arrival]) -> set[str]:
    """The kinds of what is wrong."""
    return {line.partition(":")[0] for line in violations(ledger, arrivals)}


def sends(arrivals: Sequence[Arrival], *, replies: bool = False) -> list[int]:
    """Where the messages (or replies) are made."""
    return [i for i, one in enumerate(arrivals) if one.makes and bool(one.reply_to) is replies]


def edits(arrivals: Sequence[Arrival]) -> list[int]:
    return [i for i, one in enumerate(arrivals) if one.method == "editMessageText"]


def copy_of(one: Arrival, message_id: int = 999, after: float = 1.0) -> Arrival:
    return replace(one, at=one.at + after, ended=one.at + after + 0.01, message_id=message_id)


def with_copy(arrivals: Sequence[Arrival], position: int) -> tuple[Arrival, list[Arrival]]:
    """A message made a second time: the copy, and the run, in which the copy is edited from then
    on, because it is the one that the product knows."""
    original = arrivals[position]
    copy = copy_of(original)
    known = (original.chat, original.message_id)
    later = [
        replace(one, message_id=copy.message_id)
        if (one.chat, one.message_id) == known and one.at > copy.at
        else one
        for one in arrivals
    ]
    return copy, [*later, copy]


def test_a_true_run_passes() -> None:
    assert violations(*true_run()) == []


def test_another_keyboard_leaves_the_text() -> None:
    ledger, arrivals = true_run()
    last = arrivals[edits(arrivals)[-1]]
    keyboard = copy_of(last, last.message_id, after=100.0)
    arrivals.append(replace(keyboard, method="editMessageReplyMarkup", text=""))
    assert violations(ledger, arrivals) == []


def test_states_are_read_from_texts() -> None:
    assert states(text("Disk", 12, "firing")) == {"Disk": 12}
    assert states("Disk-r3 Disk-rz, nothing here") == {}


@given(POSITIONS)
def test_an_alert_that_never_came_is_caught(position: int) -> None:
    ledger, arrivals = true_run()
    (name,) = states(arrivals[position].text)
    kept = [one for one in arrivals if name not in states(one.text)]
    assert kinds(ledger, kept) == {"lost"}


@given(st.data())
def test_an_end_that_was_never_told_is_caught(data: st.DataObject) -> None:
    ledger, arrivals = true_run()
    (name,) = states(arrivals[data.draw(POSITIONS)].text)
    kept = [one for one in arrivals if states(one.text) != {name: 3}]
    assert kinds(ledger, kept) == {"stale", "untrue"}


def test_a_state_with_the_wrong_word_is_caught() -> None:
    ledger, arrivals = true_run()
    wrong = [replace(one, text=one.text.replace("RESOLVED", "FIRING")) for one in arrivals]
    assert kinds(ledger, wrong) == {"stale", "untrue"}


def test_what_was_shown_and_then_deleted_is_caught() -> None:
    ledger, arrivals = true_run()
    last = arrivals[-1]
    (name,) = states(last.text)
    gone = [
        Arrival(last.at + 5 + i, last.at + 5 + i, last.bot, last.chat, "deleteMessage", message)
        for i, message in enumerate(
            {one.message_id for one in arrivals if name in states(one.text)}
        )
    ]
    assert kinds(ledger, arrivals + gone) == {"lost"}


@given(st.data())
def test_two_states_that_changed_places_are_caught(data: st.DataObject) -> None:
    ledger, arrivals = true_run()
    first = data.draw(st.sampled_from(edits(arrivals)[::2]))
    older, newer = arrivals[first], arrivals[first + 1]
    arrivals[first] = replace(older, text=newer.text)
    arrivals[first + 1] = replace(newer, text=older.text)
    assert "order" in kinds(ledger, arrivals)


@given(st.data())
def test_an_edit_that_never_came_is_caught_though_a_reply_tells_the_end(
    data: st.DataObject,
) -> None:
    ledger, arrivals = true_run()
    position = data.draw(st.sampled_from(edits(arrivals)[1::2]))
    assert kinds(ledger, [*arrivals[:position], *arrivals[position + 1 :]]) == {"untrue"}


@given(st.data(), st.booleans())
def test_a_message_that_came_twice_is_caught(data: st.DataObject, replies: bool) -> None:
    ledger, arrivals = true_run()
    _, twice = with_copy(arrivals, data.draw(st.sampled_from(sends(arrivals, replies=replies))))
    first = set() if replies else {"untrue"}  # it is answered, and nobody edits it
    assert kinds(ledger, twice) == {"double", "unmarked"} | first


@given(st.data())
def test_a_lost_answer_excuses_a_copy_that_is_marked_and_no_other(data: st.DataObject) -> None:
    ledger, arrivals = true_run()
    position = data.draw(st.sampled_from(sends(arrivals)))
    arrivals[position] = replace(arrivals[position], answered=False)
    copy, twice = with_copy(arrivals, position)
    assert kinds(ledger, twice) == {"unmarked"}
    ledger.marked.add((copy.chat, copy.message_id))
    assert kinds(ledger, twice) == set()


@pytest.mark.parametrize("mark", [True, False])
def test_a_marked_copy_that_tells_of_fewer_stands_for_those_before(mark: bool) -> None:
    both = f"{token('Ax', 1)} FIRING\n{token('Bx', 1)} FIRING"
    firings: list[Accepted] = [Accepted(name, 1, "firing", (7,)) for name in ("Ax", "Bx")]
    documents = [
        Arrival(1000 + 9 * n, 1001 + 9 * n, 1, 7, "sendDocument", 2 + n, told, 1, answered=n == 2)
        for n, told in enumerate((both, both, f"{token('Ax', 1)} FIRING"))
    ]
    own = Arrival(1090, 1091, 1, 7, "sendMessage", 9, f"{token('Bx', 1)} FIRING")
    ledger = Ledger(accepted=firings, marked={(7, 4)} if mark else set())
    assert kinds(ledger, [*documents, own]) == (set() if mark else {"unmarked"})


def test_a_mark_alone_excuses_nothing() -> None:
    ledger, arrivals = true_run()
    copy, twice = with_copy(arrivals, 0)
    ledger.marked.add((copy.chat, copy.message_id))
    assert kinds(ledger, twice) == {"double", "untrue"}


@pytest.mark.parametrize(
    ("killed_after", "is_excused"),
    [(-2.0, False), (-0.5, True), (0.005, True), (1.0, True), (30.0, False)],
)
def test_a_kill_excuses_what_was_in_flight(killed_after: float, is_excused: bool) -> None:
    ledger, arrivals = true_run()
    copy, twice = with_copy(arrivals, 0)
    ledger.marked.add((copy.chat, copy.message_id))
    ledger.kills.append(arrivals[0].at + killed_after)
    assert kinds(ledger, twice) == (set() if is_excused else {"double", "untrue"})


def test_the_same_alert_in_two_chats_is_no_copy() -> None:
    ledger, arrivals = true_run()
    elsewhere = [replace(one, chat=77, bot=9) for one in arrivals if "B0C0A0x" in one.text]
    assert violations(ledger, arrivals + elsewhere) == []


@pytest.mark.parametrize(
    ("chat", "calls", "apart", "is_excess"),
    [
        (500, 3, 0.0, False),
        (500, 4, 0.0, True),
        (500, 4, 0.4, False),
        (500, 5, 0.4, True),
        (-500, 20, 2.9, False),
        (-500, 21, 2.9, True),
        (-500, 40, 3.0, False),
    ],
)
def test_calls_above_a_chats_limit_are_caught(
    chat: int, calls: int, apart: float, is_excess: bool
) -> None:
    burst = [Arrival(i * apart, i * apart, 1, chat, "editMessageText") for i in range(calls)]
    assert kinds(Ledger(), burst) == ({"limit"} if is_excess else set())


@pytest.mark.parametrize(("calls", "is_excess"), [(30, False), (31, True)])
def test_calls_above_a_bots_limit_are_caught(calls: int, is_excess: bool) -> None:
    burst = [Arrival(i * 0.03, i * 0.03, 1, 1 + i, "sendMessage") for i in range(calls)]
    assert kinds(Ledger(), burst) == ({"limit"} if is_excess else set())


def test_what_may_have_come_earlier_is_judged_when_it_is_certain() -> None:
    """Of four calls at once the first three may have waited for a busy Telegram to note them."""
    burst = [Arrival(100.0, 100.0, 1, 5, "sendMessage", doubt=1.5) for _ in range(3)]
    assert kinds(Ledger(), [*burst, Arrival(100.0, 100.0, 1, 5, "sendMessage")]) == set()
    later = [replace(one, doubt=0.5) for one in burst]
    assert kinds(Ledger(), [*later, Arrival(100.0, 100.0, 1, 5, "sendMessage")]) == {"limit"}


@pytest.mark.parametrize(("fourth", "is_excess"), [(0.6, False), (0.4, True)])
def test_slack_forgives_so_much_and_no_more(fourth: float, is_excess: bool) -> None:
    burst = [Arrival(at, at, 1, 5, "sendMessage") for at in (0.0, 0.0, 0.0, fourth)]
    assert bool(violations(Ledger(), burst, slack=0.5)) is is_excess
    assert violations(Ledger(), burst)


def test_refused_calls_count_and_checks_do_not() -> None:
    checks = [Arrival(0.0, 0.0, 1, 5, "sendChatAction") for _ in range(40)]
    assert violations(Ledger(), checks) == []
    refused = [Arrival(0.0, 0.0, 1, 5, "sendMessage") for _ in range(4)]
    assert kinds(Ledger(), refused) == {"limit"}


def test_a_group_that_moved_shows_its_alerts_in_either_place() -> None:
    ledger, arrivals = true_run()
    (name,) = states(arrivals[-1].text)
    there = [replace(o, chat=-100) if name in states(o.text) else o for o in arrivals]
    assert kinds(ledger, there) == {"lost"}
    ledger.moved[arrivals[-1].chat] = -100
    assert violations(ledger, there) == []
