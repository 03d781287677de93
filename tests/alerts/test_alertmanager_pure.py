"""What Alertmanager's API makes of texts, whatever they are, and in which order it shows things."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alerts.alertmanager_api.config_text import NEVER, ShownRoute, config_text
from alerts.alertmanager_api.errors import Refused
from alerts.alertmanager_api.posted import PostedSilence, read_silence
from alerts.alertmanager_api.queries import AlertQuery, alert_query, filters
from alerts.alertmanager_api.shapes import ShownAlert, group_shapes, time_text
from alerts.alertmanager_api.shapes import ShownGroup as Group
from alerts.matchers import Matcher, MatchOp, parse_matchers

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
GOOD = {
    "matchers": [{"name": "a", "value": "b", "isRegex": False}],
    "startsAt": "2026-11-26T12:00:00Z",
    "endsAt": "2026-11-26T14:00:00.123456789+01:00",
    "createdBy": "me",
    "comment": "c",
}
names = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*GOOD, "name", "value", "isRegex"]), inner, max_size=4)
    ),
    max_leaves=10,
)


def tried(read: Callable[[], Any]) -> Any:
    """What it gives, or how it refuses."""
    try:
        return read()
    except Refused as refused:
        return refused


@given(names, st.sampled_from(["=", "!="]), texts)
def test_a_filter_that_amtool_writes_is_read_back(name: str, op: str, value: str) -> None:
    """labels.Matcher.String: the name, the operator, the value quoted."""
    matcher = Matcher(name, MatchOp(op), value)
    assert filters({"filter": [str(matcher)]}) == [matcher]


@given(st.text(max_size=40))
def test_any_filter_is_read_or_refused(text: str) -> None:
    found = tried(lambda: filters({"filter": [text]}))
    if isinstance(found, Refused):
        assert (found.status, type(found.body)) == (400, str)
    else:
        assert found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a=b", 'a="b"'),
        (" a = b ", 'a="b"'),
        ("a=", 'a=""'),
        ('a=""', 'a=""'),
        ("a=b,c=d", 'a="b,c=d"'),
        ('a="b,c"', 'a="b,c"'),
        (r'a="\"\\\n\x"', r'a="\"\\\n\\x"'),
        (r"a=\d", r'a="\\d"'),
        (r"a=b\"c", r'a="b\"c"'),
        ('a=~"b|c"', 'a=~"b|c"'),
        ('{a="b",c!~"d"}', 'a="b",c!~"d"'),
        ('"a b"="c"', '"a b"="c"'),
    ],
)
def test_filters(text: str, found: str) -> None:
    assert tuple(filters({"filter": [text]})) == parse_matchers(found)


@pytest.mark.parametrize(
    ("query", "silenced", "inhibited", "shown"),
    [
        (AlertQuery(), False, False, True),
        (AlertQuery(active=False), False, False, False),
        (AlertQuery(active=False), True, False, True),
        (AlertQuery(silenced=False), True, False, False),
        (AlertQuery(silenced=False), False, True, True),
        (AlertQuery(inhibited=False), False, True, False),
        (AlertQuery(inhibited=False), True, True, False),
        (AlertQuery(silenced=False, inhibited=False), False, False, True),
    ],
)
def test_which_states_are_shown(
    query: AlertQuery, silenced: bool, inhibited: bool, shown: bool
) -> None:
    assert query.shows(["id"] * silenced, ["fingerprint"] * inhibited) is shown


@given(st.dictionaries(st.sampled_from(["active", "receiver", "filter"]), st.lists(texts)))
def test_any_query_is_read_or_refused(query: dict[str, list[str]]) -> None:
    found = tried(lambda: alert_query(query))
    assert isinstance(found, AlertQuery) or found.status == 400


def test_a_whole_silence() -> None:
    assert read_silence(json.dumps(GOOD).encode(), NOW) == PostedSilence(
        id="",
        matchers=parse_matchers("a=b"),
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=1, microseconds=123_456),
        comment="c",
        created_by="me",
    )


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        read_silence(body, NOW)


@given(st.dictionaries(st.sampled_from([*GOOD, "id", "more"]), json_values))
def test_any_change_of_a_good_one_is_read_or_refused(changes: dict[str, Any]) -> None:
    found = tried(lambda: read_silence(json.dumps(GOOD | changes).encode(), NOW))
    if isinstance(found, Refused):
        assert found.status in (400, 422)
        assert json.dumps(found.body)
    else:
        assert found.starts_at < found.ends_at
        assert "\0" not in found.comment + found.created_by
        (found.comment + found.created_by).encode()


def test_times_have_three_decimals_that_are_cut() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC)
    assert time_text(moment) == "2026-01-02T03:04:05.999Z"
    assert time_text(moment.replace(microsecond=0)) == "2026-01-02T03:04:05.000Z"
    assert datetime.fromisoformat(time_text(moment)).tzinfo == UTC


def shown(**labels: str) -> ShownAlert:
    return ShownAlert("f", labels, {}, NOW, NOW, NOW, "", (), (), ())


def test_groups_and_their_alerts_are_in_alertmanagers_order() -> None:
    alerts = [
        shown(a="1"),
        shown(instance="2", b="1"),
        shown(instance="1", z="1", b="1"),
        shown(job="b", instance="1"),
        shown(job="a", instance="2"),
        shown(job="a", instance="1", a="1"),
        shown(job="a"),
    ]
    groups = [
        Group("b", {"x": "1"}, []),
        Group("a", {"x": "1"}, []),
        Group("a", {"x": "0"}, []),
        Group("a", {"x": "0", "y": "0"}, []),
        Group("z", {}, alerts),
    ]
    found = group_shapes(groups)
    assert [(one["receiver"]["name"], one["labels"]) for one in found] == [
        ("z", {}),
        ("a", {"x": "0"}),
        ("a", {"x": "1"}),
        ("b", {"x": "1"}),
        ("a", {"x": "0", "y": "0"}),
    ]
    assert [one["labels"] for one in found[0]["alerts"]] == [
        {"job": "a", "instance": "1", "a": "1"},
        {"job": "a", "instance": "2"},
        {"job": "a"},
        {"job": "b", "instance": "1"},
        {"instance": "1", "z": "1", "b": "1"},
        {"instance": "2", "b": "1"},
        {"a": "1"},
    ]


matchers = st.lists(
    st.builds(Matcher, names, st.sampled_from([MatchOp.EQUAL, MatchOp.NOT_EQUAL]), texts),
    max_size=3,
)
routes = st.builds(
    ShownRoute,
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=20),
    matchers,
    st.booleans(),
    st.none() | st.lists(names, max_size=3),
    *[st.integers(0, 10**7)] * 3,
)


@given(routes, st.lists(routes, max_size=3))
def test_any_routes_are_written_as_yaml(default: ShownRoute, others: list[ShownRoute]) -> None:
    read = yaml.safe_load(config_text(default, others))
    assert read["route"]["receiver"] == default.receiver
    assert [one["name"] for one in read["receivers"]][1:] == [one.receiver for one in others]
    for written, route in zip(read["route"].get("routes", []), others, strict=True):
        assert [parse_matchers(text)[0] for text in written["matchers"]] == list(route.matchers)
        assert written["continue"] is route.continue_matching
        assert (written["repeat_interval"] == NEVER) is (route.repeat_interval == 0)
        assert written["group_interval"] != "0s"
