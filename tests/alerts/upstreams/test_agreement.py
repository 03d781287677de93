"""Which steps make two lists of silences agree, and that they do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.matchers import parse_matchers
from alerts.upstreams.agreement import Link, Saying, Step, as_posted, read_theirs, steps, told
from tests import clock

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def saying(pk: str = "o1", **values: Any) -> Saying:
    given = {
        "matchers": parse_matchers('alertname="DiskFull"'),
        "starts_at": NOW - HOUR,
        "ends_at": NOW + HOUR,
        "comment": "maintenance",
        "author": "anna",
        "updated_at": NOW - HOUR,
        **values,
    }
    return Saying(pk, **given)


OURS = saying()
THEIRS = saying("t1")
AGREED = OURS.mark()
LINK = Link("o1", "t1", AGREED, AGREED)
LONGER: dict[str, Any] = {"ends_at": NOW + 2 * HOUR, "updated_at": NOW - timedelta(minutes=1)}
ENDED: dict[str, Any] = {
    "ends_at": NOW - timedelta(minutes=1),
    "updated_at": NOW - timedelta(minutes=1),
}
AHEAD: dict[str, Any] = {
    "ends_at": NOW + timedelta(minutes=1),
    "updated_at": NOW + timedelta(minutes=1),
}
BY_ITSELF: dict[str, Any] = {"ends_at": NOW}


FOR_ALL = saying(for_all=True)
ANY = parse_matchers('alertname=~".+"')


@pytest.mark.parametrize(
    ("ours", "theirs", "links", "verbs"),
    [
        ([], [], [], []),
        ([OURS], [], [], ["give"]),
        ([], [THEIRS], [], ["adopt"]),
        ([OURS], [THEIRS], [], ["link"]),
        ([OURS], [THEIRS], [LINK], []),
        ([OURS], [saying("t1", **LONGER)], [LINK], ["follow"]),
        ([saying(**LONGER)], [THEIRS], [LINK], ["tell"]),
        ([saying(**LONGER)], [saying("t1", ends_at=NOW + 3 * HOUR)], [LINK], ["tell"]),
        (
            [saying(ends_at=NOW + 3 * HOUR)],
            [saying("t1", **LONGER)],
            [LINK],
            ["follow"],
        ),
        ([saying(**ENDED)], [THEIRS], [LINK], ["end_theirs"]),
        ([OURS], [saying("t1", **ENDED)], [LINK], ["end_ours"]),
        ([saying(**ENDED)], [saying("t1", **ENDED)], [LINK], ["forget"]),
        ([saying(**LONGER)], [], [LINK], ["give"]),
        ([saying(**ENDED)], [], [LINK], ["forget"]),
        ([], [THEIRS], [LINK], ["end_theirs"]),
        ([], [saying("t1", **ENDED)], [LINK], ["forget"]),
        ([], [], [LINK], ["forget"]),
        ([saying(**ENDED)], [], [], []),
        ([], [saying("t1", **ENDED)], [], []),
        ([saying(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)], [], [], ["give"]),
        # We ended it, and it is told as ended there, by a clock that is ahead.
        ([saying(**ENDED)], [saying("t1", **AHEAD)], [LINK], ["end_theirs"]),
        ([saying(**ENDED)], [saying("t1", **AHEAD, is_over=True)], [LINK], ["forget"]),
        # Told, and another one there since: nobody noted that.
        (
            [saying(**LONGER)],
            [saying("t1", **ENDED), saying("t2", **LONGER)],
            [LINK],
            ["link"],
        ),
        ([OURS], [saying("t2")], [LINK], ["link"]),
        ([saying(**LONGER)], [THEIRS, saying("t2")], [LINK], ["tell", "adopt"]),
        # One for all integrations is ours to decide.
        ([FOR_ALL], [THEIRS], [LINK], []),
        ([FOR_ALL], [saying("t1", **LONGER)], [LINK], ["tell"]),
        ([FOR_ALL], [saying("t1", matchers=ANY, **LONGER)], [LINK], ["tell"]),
        ([FOR_ALL], [saying("t1", **ENDED)], [LINK], ["tell"]),
        ([FOR_ALL], [], [LINK], ["give"]),
        ([saying(for_all=True, ends_at=NOW)], [saying("t1", **LONGER)], [LINK], ["end_theirs"]),
        ([FOR_ALL], [saying("t1", **ENDED), saying("t2", **LONGER)], [LINK], ["tell", "adopt"]),
    ],
)
def test_steps(
    ours: list[Saying], theirs: list[Saying], links: list[Link], verbs: list[str]
) -> None:
    assert [step.verb for step in steps(ours, theirs, links, NOW)] == verbs


TRIMMED = saying("t1", comment="tidy", matchers=parse_matchers("b=2,a=1"))
UNTIDY = saying(comment="  tidy ", matchers=parse_matchers("a=1,b=2"), for_all=True)
IN_OTHER_WORDS = Link("o1", "t1", UNTIDY.mark(), TRIMMED.mark())
ROUNDED: dict[str, Any] = {"ends_at": NOW + HOUR - timedelta(seconds=40)}


@pytest.mark.parametrize(
    ("ours", "theirs", "link", "verbs"),
    [
        (UNTIDY, TRIMMED, IN_OTHER_WORDS, []),
        (replace(UNTIDY, for_all=False), TRIMMED, IN_OTHER_WORDS, []),
        # Each of them changed since.
        (replace(UNTIDY, **LONGER), TRIMMED, IN_OTHER_WORDS, ["tell"]),
        (UNTIDY, replace(TRIMMED, **LONGER), IN_OTHER_WORDS, ["tell"]),
        (replace(UNTIDY, for_all=False), replace(TRIMMED, **LONGER), IN_OTHER_WORDS, ["follow"]),
        (UNTIDY, replace(TRIMMED, **ENDED), IN_OTHER_WORDS, ["tell"]),
        (replace(UNTIDY, for_all=False), replace(TRIMMED, **ENDED), IN_OTHER_WORDS, ["end_ours"]),
        (replace(UNTIDY, **ENDED), TRIMMED, IN_OTHER_WORDS, ["end_theirs"]),
        # It was told, and what became of it was not heard.
        (UNTIDY, TRIMMED, replace(IN_OTHER_WORDS, answered=""), ["link"]),
        (
            replace(UNTIDY, for_all=False),
            replace(TRIMMED, **ENDED),
            replace(IN_OTHER_WORDS, answered=""),
            ["end_ours"],
        ),
        (replace(UNTIDY, **LONGER), TRIMMED, replace(IN_OTHER_WORDS, answered=""), ["tell"]),
        # Or that could not even be noted.
        (UNTIDY, replace(TRIMMED, **ROUNDED), None, ["link"]),
        (UNTIDY, replace(TRIMMED, **ROUNDED, comment="another"), None, ["adopt", "give"]),
        (UNTIDY, replace(TRIMMED, ends_at=NOW + HOUR * 1.02), None, ["adopt", "give"]),
        # As links were noted before.
        (OURS, THEIRS, Link("o1", "t1", "0" * 32), ["link"]),
    ],
)
def test_what_an_upstream_says_in_other_words_is_no_change(
    ours: Saying, theirs: Saying, link: Link | None, verbs: list[str]
) -> None:
    links = [link] if link else []
    assert [step.verb for step in steps([ours], [theirs], links, NOW)] == verbs


def test_an_end_that_was_rounded_is_no_end_of_ours_and_no_more_than_ours() -> None:
    ours = saying(ends_at=NOW + timedelta(seconds=30), for_all=True)
    earlier, later = (saying("t1", ends_at=NOW + timedelta(seconds=seconds)) for seconds in (0, 60))
    for theirs, moment, verbs in (
        (earlier, NOW, []),
        (earlier, NOW + timedelta(seconds=31), ["forget"]),
        (later, NOW, []),
        (later, NOW + timedelta(seconds=31), ["end_theirs"]),
    ):
        link = Link("o1", "t1", ours.mark(), theirs.mark())
        assert [one.verb for one in steps([ours], [theirs], [link], moment)] == verbs


def test_many_on_both_sides_are_matched_in_no_time() -> None:
    ours = [saying(f"o{n}", comment=f"c {n}") for n in range(2_000)]
    theirs = [saying(f"t{n}", comment=f"c  {n}") for n in range(2_000)]
    begun = clock.now()
    found = steps(ours, theirs, [], NOW)
    assert {step.verb for step in found} == {"link"}
    assert all(step.ours and step.theirs for step in found)
    assert clock.now() - begun < 5


def test_what_ends_by_itself_does_not_end_what_was_prolonged() -> None:
    ended = saying(**BY_ITSELF)
    link = Link("o1", "t1", ended.mark(), ended.mark())
    prolonged = saying("t1", **LONGER)
    assert [step.verb for step in steps([ended], [prolonged], [link], NOW)] == ["follow"]
    theirs = replace(ended, id="t1")
    assert [step.verb for step in steps([saying(**LONGER)], [theirs], [link], NOW)] == ["tell"]


def test_a_start_that_is_past_may_differ_and_one_to_come_may_not() -> None:
    moved = saying("t1", starts_at=NOW - 2 * HOUR)
    assert moved.says(AGREED, NOW)
    later = saying(starts_at=NOW + HOUR, ends_at=NOW + 3 * HOUR)
    much_later = replace(later, starts_at=NOW + 2 * HOUR)
    assert not later.says(much_later.mark(), NOW)
    assert later.says(much_later.mark(), NOW + 2 * HOUR)
    assert not replace(later, starts_at=NOW - HOUR).says(later.mark(), NOW)
    assert saying(ends_at=NOW + HOUR + timedelta(microseconds=5)).says(AGREED, NOW)


def test_a_text_that_is_too_long_for_us_stays_whole_there() -> None:
    theirs = saying("t1", comment="c" * 3_000, author="a" * 300)
    ours = saying(comment="c" * 2_000, author="a" * 254)
    agreed = theirs.mark()
    assert steps([ours], [theirs], [Link("o1", "t1", agreed, agreed)], NOW) == []
    longer = replace(ours, **LONGER)
    assert told(longer, theirs, NOW).comment == theirs.comment
    assert told(replace(longer, comment="other"), theirs, NOW).comment == "other"


@pytest.mark.parametrize(
    ("ours", "theirs", "starts_at"),
    [
        (OURS, None, NOW - HOUR),
        (OURS, saying("t1", starts_at=NOW - 2 * HOUR), NOW - 2 * HOUR),
        (OURS, saying("t1", starts_at=NOW - 2 * HOUR, ends_at=NOW), NOW - HOUR),
        (OURS, saying("t1", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR), NOW - HOUR),
        (
            saying(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR),
            saying("t1", starts_at=NOW + 2 * HOUR, ends_at=NOW + 3 * HOUR),
            NOW + HOUR,
        ),
    ],
)
def test_one_that_has_begun_keeps_its_start_there(
    ours: Saying, theirs: Saying | None, starts_at: datetime
) -> None:
    assert told(ours, theirs, NOW) == replace(ours, starts_at=starts_at)


moments = st.sampled_from([NOW - HOUR, NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR])
sides = st.lists(
    st.builds(
        lambda name, ends_at, updated_at: (name, ends_at, updated_at),
        st.sampled_from("abc"),
        moments,
        st.sampled_from([NOW - HOUR, NOW - 2 * HOUR]),
    ),
    max_size=5,
    unique_by=lambda one: one[0],
)


def made(prefix: str, side: list[tuple[str, datetime, datetime]]) -> dict[str, Saying]:
    return {
        f"{prefix}{name}": saying(
            f"{prefix}{name}",
            matchers=parse_matchers(f'a="{name}"'),
            ends_at=ends_at,
            updated_at=updated_at,
            starts_at=NOW - 3 * HOUR,
        )
        for name, ends_at, updated_at in side
    }


def take(
    step: Step, ours: dict[str, Saying], theirs: dict[str, Saying], links: dict[str, Link]
) -> None:
    """As upstream_sync does it, in memory."""
    mine, other = step.ours, step.theirs
    if step.link is not None:
        links.pop(step.link.ours)
    if step.verb in ("adopt", "follow") and other is not None:
        key = mine.id if mine else f"o-{other.id}"
        ours[key] = replace(other, id=key)
        links[key] = Link(key, other.id, ours[key].mark(), other.mark())
    elif step.verb in ("give", "tell") and mine is not None:
        key = other.id if other else f"t-{mine.id}"
        theirs[key] = replace(mine, id=key)
        links[mine.id] = Link(mine.id, key, mine.mark(), theirs[key].mark())
    elif step.verb == "link" and mine is not None and other is not None:
        links[mine.id] = Link(mine.id, other.id, mine.mark(), other.mark())
    elif step.verb == "end_ours" and mine is not None:
        ours[mine.id] = replace(mine, ends_at=NOW)
    elif step.verb == "end_theirs" and other is not None:
        theirs[other.id] = replace(other, ends_at=NOW)


def said(pk: str, *sides: dict[str, Saying]) -> str:
    """What this one says now; else something that nobody says any more."""
    return next((side[pk].mark() for side in sides if pk in side), "")


@given(sides, sides, st.dictionaries(st.sampled_from("abc"), st.sampled_from("ot-")))
def test_whatever_the_two_say_they_agree_afterwards(
    left: list[tuple[str, datetime, datetime]],
    right: list[tuple[str, datetime, datetime]],
    linked: dict[str, str],
) -> None:
    ours, theirs = made("o", left), made("t", right)
    links = {
        f"o{name}": Link(f"o{name}", f"t{name}", mark, mark)
        for name, side in linked.items()
        for mark in [said(f"{side}{name}", ours, theirs)]
    }
    for _ in range(2):
        for step in steps(ours.values(), theirs.values(), links.values(), NOW):
            take(step, ours, theirs, links)
    assert steps(ours.values(), theirs.values(), links.values(), NOW) == []
    lasting = [
        sorted(one.mark() for one in side.values() if one.ends_at > NOW) for side in (ours, theirs)
    ]
    assert lasting[0] == lasting[1]


THEIR_JSON = {
    "id": "25b77c3a-ac53-4e0a-94df-ff8798c3cc94",
    "status": {"state": "active"},
    "updatedAt": "2026-11-26T10:00:00.000Z",
    "comment": "maintenance",
    "createdBy": "ops",
    "endsAt": "2026-11-26T14:00:00.123Z",
    "matchers": [{"isRegex": True, "name": "alertname", "value": "Disk.*"}],
    "startsAt": "2026-11-26T10:00:00.000Z",
}


def test_alertmanagers_words() -> None:
    (read,), _ = read_theirs([THEIR_JSON])
    assert [str(one) for one in read.matchers] == ['alertname=~"Disk.*"']
    posted = as_posted(read, read.id)
    assert posted == {
        "id": THEIR_JSON["id"],
        "matchers": [{"name": "alertname", "value": "Disk.*", "isRegex": True, "isEqual": True}],
        "startsAt": THEIR_JSON["startsAt"],
        "endsAt": THEIR_JSON["endsAt"],
        "createdBy": "ops",
        "comment": "maintenance",
    }
    assert "id" not in as_posted(read)
    assert not read.is_over
    (over,), _ = read_theirs([{**THEIR_JSON, "status": {"state": "expired"}}])
    assert over.is_over


@pytest.mark.parametrize("payload", [{}, None, "x", 5])
def test_what_is_no_list_is_refused(payload: object) -> None:
    with pytest.raises(ValueError, match="list of silences"):
        read_theirs(payload)


@pytest.mark.parametrize(
    "change",
    [
        {"endsAt": "soon"},
        {"endsAt": None},
        {"matchers": [{"name": "a"}]},
        {"matchers": [{"name": "a", "value": "(", "isRegex": True}]},
        {"updatedAt": 5},
        {"comment": "\ud800"},
        {"id": None, "matchers": 5},
    ],
)
def test_what_cannot_be_read_is_left_out_and_counted_while_it_lasts(
    change: dict[str, Any],
) -> None:
    (good,), _ = read_theirs([THEIR_JSON])
    found, reasons = read_theirs([{**THEIR_JSON, **change}, THEIR_JSON, None, 5])
    assert (found, len(reasons)) == ([good], 3)
    assert all(reasons)
    assert read_theirs([{**THEIR_JSON, **change, "status": {"state": "expired"}}]) == ([], [])


def test_matchers_keep_their_order_there() -> None:
    theirs = saying("t1", matchers=parse_matchers("b=2,a=1"))
    ours = saying(matchers=parse_matchers("a=1,b=2"), **LONGER)
    assert told(ours, theirs, NOW).matchers == theirs.matchers
    other = replace(ours, matchers=parse_matchers("a=1,b=3"))
    assert told(other, theirs, NOW).matchers == other.matchers
