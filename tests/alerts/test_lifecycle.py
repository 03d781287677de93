"""Any order of any words about some alerts leaves groups that tell the truth."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.lifecycle import Known, after, content_hash, transition
from alerts.models import Alert, AlertGroup, Episode, GroupMember
from alerts.sources.incoming import IncomingAlert
from tests.alerts.senders import ZERO, alert, make_site, webhook

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def known(**values: Any) -> Known:
    """A firing alert since an hour ago."""
    defaults: dict[str, Any] = {
        "status": "firing", "severity": "warning", "content_hash": "c", "episode": 1,
        "starts_at": NOW - HOUR, "ends_at": None, "ended_by": "",
        "last_received_at": NOW - HOUR / 2,
    }  # fmt: skip
    return Known(**{**defaults, **values})


def ended(by: str = "told", **values: Any) -> Known:
    """The same, resolved a minute ago."""
    minute = timedelta(minutes=1)
    defaults = {"ends_at": NOW - minute, "ended_by": by, "last_received_at": NOW - minute}
    return known(status="resolved", **{**defaults, **values})


def incoming(status: Any = "firing", **values: Any) -> IncomingAlert:
    """A word about it."""
    return IncomingAlert(status=status, fingerprint="f", name="Down", **values)


SAME = NOW - HOUR
TABLE: list[tuple[str, Known | None, IncomingAlert, str, int]] = [
    ("first", None, incoming(), "fired", 1),
    ("never seen firing", None, incoming("resolved"), "resolved", 1),
    ("one-shot", None, incoming("event"), "event", 1),
    ("same event again", known(status="event"), incoming("event"), "repeated", 1),
    ("repeat", known(), incoming(starts_at=SAME), "repeated", 1),
    ("other start while firing", known(), incoming(starts_at=NOW), "repeated", 1),
    ("end", known(), incoming("resolved", ends_at=NOW), "resolved", 1),
    ("end without time", known(), incoming("resolved"), "resolved", 1),
    (
        "end of the one before",
        known(),
        incoming("resolved", starts_at=NOW - 3 * HOUR, ends_at=NOW - 2 * HOUR),
        "stale",
        1,
    ),
    ("end by a slow clock", known(), incoming("resolved", ends_at=NOW - 2 * HOUR), "resolved", 1),
    ("end again", ended(), incoming("resolved", starts_at=SAME, ends_at=NOW), "repeated", 1),
    ("unseen episode", ended(), incoming("resolved", starts_at=NOW), "resolved", 2),
    ("late firing", ended(), incoming(starts_at=SAME), "stale", 1),
    ("late firing, end untold", ended("heard"), incoming(starts_at=SAME), "stale", 1),
    (
        "clock ahead of the sender's",
        ended("heard"),
        incoming(starts_at=SAME + HOUR / 4),
        "refired",
        2,
    ),
    ("later start", ended(), incoming(starts_at=NOW), "refired", 2),
    ("start not told", ended(), incoming(), "refired", 2),
    ("expired, back again", ended("expired"), incoming(starts_at=SAME), "refired", 2),
    ("resolved by a person", ended("person"), incoming(starts_at=SAME), "stale", 1),
    (
        "by a person, long ago",
        ended("person", last_received_at=NOW - HOUR),
        incoming(starts_at=SAME),
        "stale",
        1,
    ),
    (
        "timed out by Alertmanager",
        ended(last_received_at=NOW - timedelta(minutes=4)),
        incoming(starts_at=SAME),
        "refired",
        2,
    ),
]


@pytest.mark.parametrize(
    ("before", "word", "effect", "episode"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_transitions(before: Known | None, word: IncomingAlert, effect: str, episode: int) -> None:
    decided = transition(before, word, "warning", "c", NOW)
    assert (decided.effect, decided.episode) == (effect, episode)
    if effect not in ("repeated", "stale"):
        state = after(before, word, decided, "warning", "c", NOW)
        assert state.status == word.status
        assert (state.ends_at is None) == (word.status != "resolved")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"labels": {"a": "1", "replica": "y"}}, True),
        ({"labels": {"a": "1"}, "value_text": "A=2", "image_url": "http://x"}, True),
        ({"labels": {"a": "2"}}, False),
        ({"labels": {"a": "1"}, "annotations": {"a": "1"}}, False),
        ({"labels": {}, "annotations": {"a": "1"}}, False),
        ({"labels": {"a": "1"}, "summary": "s"}, False),
    ],
)
def test_content_is_what_people_decide_by(other: dict[str, Any], same: bool) -> None:
    ignored = frozenset({"replica"})
    first = content_hash(incoming(labels={"a": "1", "replica": "x"}), ignored)
    assert (content_hash(incoming(**other), ignored) == first) is same


words = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from("ABC"),
            st.sampled_from(["firing", "resolved"]),
            st.integers(0, 5),
            st.sampled_from(["critical", "warning", "info"]),
        ),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.django_db
@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(posts=words)
def test_groups_tell_the_truth(posts: list[list[tuple[str, str, int, str]]]) -> None:
    site = make_site()
    for post in posts:
        alerts = [
            alert(
                name,
                status,
                labels={"severity": severity},
                startsAt=f"2026-11-23T0{hour}:00:00Z",
                endsAt=f"2026-11-23T0{hour}:30:00Z" if status == "resolved" else ZERO,
            )
            for name, status, hour, severity in post
        ]
        assert site.post(webhook(*alerts)).status_code == 202
    ranks = {"critical": 3, "warning": 2, "info": 1}
    for group in AlertGroup.objects.filter(organization=site.organization):
        members = GroupMember.objects.filter(group=group).select_related("alert")
        firing = [m.alert.severity for m in members if m.alert.status == "firing"]
        assert group.is_open == bool(firing)
        assert group.status == ("firing" if firing else "resolved")
        if firing:
            assert group.severity == max(firing, key=lambda word: ranks[word])
    for one in Alert.objects.filter(organization=site.organization):
        episodes = Episode.objects.filter(alert=one).order_by("number")
        assert [e.number for e in episodes] == list(range(1, one.episode + 1))
        assert (episodes.last().ends_at is None) == (one.status == "firing")  # type: ignore[union-attr]  # there is one
        assert one.memberships.exists()
