"""Any JSON by any mapping: what it yields, and that no payload is ever lost on the way."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.sources.incoming import IncomingBatch, ParseOptions, Unparseable
from alerts.sources.mapped import parse_mapped
from alerts.sources.mapping import FIELDS, MAX_VALUES, BadMapping, read_mapping, stored_form
from tests.alerts.sources.reading import NOW, assert_contract, only, reasons
from tests.alerts.sources.test_mutations import RELAXED, any_json

PAYLOAD: Any = {
    "host": "db1",
    "trigger": {"name": "Disk full", "state": "PROBLEM", "level": 4, "id": 77},
    "since": 1_780_000_000,
    "links": {"web": "https://zabbix.example.org/77", "graph": "https://zabbix.example.org/g.png"},
    "tags": [{"tag": "team", "value": "db"}],
}
RULES: Any = {
    "title": "concat(trigger.name, ' on ', host)",
    "message": "to_string(tags)",
    "severity": {"expression": "trigger.level", "values": {"4": "critical", "*": "warning"}},
    "status": {"expression": "trigger.state", "values": {"problem": "firing", "OK": "resolved"}},
    "fingerprint": "trigger.id",
    "labels": "{host: host, team: from_items(tags[*].[tag, value]).team, gone: nothing}",
    "annotations": "{runbook: 'https://example.org/r'}",
    "url": "links.web",
    "image_url": "links.graph",
    "starts_at": "since",
}


def mapped(payload: Any, rules: Any, items: str = "", **more: Any) -> IncomingBatch:
    stored = stored_form({"v": 1, "items": items, "rules": rules})
    return posted(json.dumps(payload), stored, **more)


def posted(
    body: str | bytes,
    stored: Any,
    content_type: str = "application/json",
    max_alerts: int = 20_000,
) -> IncomingBatch:
    data = body.encode() if isinstance(body, str) else body
    options = ParseOptions(now=NOW, max_alerts=max_alerts)
    return parse_mapped(data, content_type, stored=stored, name="My sender", options=options)


def test_every_field() -> None:
    batch = mapped(PAYLOAD, RULES)
    assert batch.problems == ()
    assert batch.source == "mapped"
    alert = only(batch)
    assert (alert.name, alert.status, alert.fingerprint) == ("Disk full on db1", "firing", "77")
    assert alert.description == '[{"tag":"team","value":"db"}]'
    assert alert.labels == {"severity": "critical", "host": "db1", "team": "db"}
    assert alert.annotations == {"runbook": "https://example.org/r"}
    assert [link.url for link in alert.links] == [
        "https://zabbix.example.org/77",
        "https://example.org/r",
    ]
    assert alert.image_url == "https://zabbix.example.org/g.png"
    assert alert.starts_at is not None
    assert alert.starts_at.timestamp() == 1_780_000_000
    assert alert.ends_at is None


@pytest.mark.parametrize(
    ("state", "values", "status"),
    [
        ("PROBLEM", {"problem": "firing", "OK": "resolved"}, "firing"),
        ("ok", {"problem": "firing", "OK": "resolved"}, "resolved"),
        ("0", {"0": "resolved", "1": "firing"}, "resolved"),
        (0, {"0": "resolved", "1": "firing"}, "resolved"),
        (False, {"false": "resolved", "true": "firing"}, "resolved"),
        (None, {"*": "firing"}, "firing"),
        (None, {"": "resolved", "*": "firing"}, "resolved"),
        (None, {}, "event"),
        ("weird", {"*": "resolved"}, "resolved"),
        ("OK", {}, "resolved"),
    ],
)
def test_values_stand_for_what_an_expression_yields(
    state: Any, values: dict[str, str], status: str
) -> None:
    rules = {"title": "name", "status": {"expression": "state", "values": values}}
    assert only(mapped({"name": "A", "state": state}, rules)).status == status


def test_an_end_belongs_to_what_is_resolved() -> None:
    rules = {"title": "name", "status": "state", "ends_at": "until"}
    payload = {"name": "A", "state": "resolved", "until": "2026-05-01T00:00:00Z"}
    assert str(only(mapped(payload, rules)).ends_at) == "2026-05-01 00:00:00+00:00"


@pytest.mark.parametrize(
    ("payload", "items", "names"),
    [
        ({"all": [{"n": "A"}, {"n": "B"}]}, "all", ["A of 2", "B of 2"]),
        ({"all": {"n": "A"}}, "all", ["A of 1"]),
        ({"all": []}, "all", []),
        ({"all": [{"n": "A"}]}, "all[?n == 'B']", []),
        ({"action": "created", "all": []}, "action == 'done' && [@]", []),
    ],
)
def test_several_alerts_in_one_payload(payload: Any, items: str, names: list[str]) -> None:
    batch = mapped(payload, {"title": "concat(n, ' of ', length(root().all))"}, items)
    assert [alert.name for alert in batch.alerts] == names
    assert batch.problems == ()


@pytest.mark.parametrize(
    ("rules", "items", "pointer", "reason"),
    [
        ({"title": "nothing"}, "", "/title", "title and message yield nothing for this payload"),
        ({"title": "'  '"}, "", "/title", "title and message yield nothing for this payload"),
        ({"title": "sum(host)"}, "", "/title", "title: sum() needs array-number, and got string"),
        ({"title": "host", "status": "sum(host)"}, "", "/status", "status: sum() needs"),
        (
            {"title": "host", "fingerprint": "sum(host)"},
            "",
            "/fingerprint",
            "fingerprint: sum() needs",
        ),
        ({"title": "host", "labels": "sum(host)"}, "", "/labels", "labels: sum() needs"),
        ({"title": "host"}, "nothing", "/items", "items: it yields nothing for this payload"),
        ({"title": "host"}, "host", "/items", "items: it yields 'db1' instead of a list"),
        ({"title": "host"}, "sum(host)", "/items", "items: sum() needs"),
        ({"title": "nothing"}, "tags", "/0/title", "title and message yield nothing"),
        ({"title": "'a'" + "|concat(@,@)" * 60}, "", "/title", "title: it takes too much work"),
    ],
)
def test_what_cannot_be_mapped_is_kept_and_told(
    rules: Any, items: str, pointer: str, reason: str
) -> None:
    batch = mapped(PAYLOAD, rules, items)
    alert = only(batch)
    assert (alert.name, alert.status) == ("My sender", "event")
    assert alert.summary.startswith(f"could not be mapped: {reason}")
    assert '"' in alert.description
    ((where, told),) = reasons(batch)
    assert where == pointer
    assert told.startswith(f"could not be mapped: {reason}")
    assert not any(problem.quarantined for problem in batch.problems)


def test_a_field_that_makes_no_other_alert_of_it_is_left_out() -> None:
    batch = mapped(PAYLOAD, {"title": "host", "url": "sum(host)", "severity": "sum(host)"})
    assert only(batch).name == "db1"
    assert [where for where, _ in reasons(batch)] == ["/url", "/severity"]


def test_each_payload_that_cannot_be_mapped_is_an_alert_of_its_own() -> None:
    one, same, other = (only(mapped({"a": n}, {"title": "b"})) for n in (1, 1, 2))
    assert one.fingerprint == same.fingerprint != other.fingerprint


def test_good_items_are_kept_beside_bad_ones() -> None:
    batch = mapped([{"n": "A"}, {"m": "B"}, 5, {"n": "C"}], {"title": "n"}, "@")
    assert [alert.name for alert in batch.alerts] == ["A", "My sender", "My sender", "C"]
    assert [where for where, _ in reasons(batch)] == ["/1/title", "/2/title"]


def test_too_many_items_are_told() -> None:
    batch = mapped([{"n": str(n)} for n in range(20)], {"title": "n"}, "@", max_alerts=5)
    assert (len(batch.alerts), batch.truncated_alerts) == (5, 15)
    many = mapped([{"n": str(n)} for n in range(20_000)], {"title": "n"}, "@")
    assert many.alerts[-1].name == "My sender"
    assert "are too much work for one POST" in many.alerts[-1].summary
    assert len(many.alerts) - 1 + many.truncated_alerts == 20_000
    assert len(many.alerts) > 1_000


@pytest.mark.parametrize(
    "rules",
    [RULES, {"title": "nothing"}, {"title": "lower(&a)"}, {"title": "n", "labels": "@"}],
)
def test_a_payload_of_many_alerts_takes_not_long(rules: Any) -> None:
    mapping = stored_form({"items": "@", "rules": rules})
    body = json.dumps([{**PAYLOAD, "n": number} for number in range(20_000)])
    took = []
    for _ in range(3):
        start = time.thread_time()
        json.loads(body)
        reading = time.thread_time() - start
        start = time.thread_time()
        posted(body, mapping)
        took.append(time.thread_time() - start - 2 * reading)
    assert min(took) < 0.5, took


@pytest.mark.parametrize(
    ("body", "content_type", "expression", "name"),
    [
        (
            'payload={"text":"Disk%20full"}',
            "application/x-www-form-urlencoded",
            "text",
            "Disk full",
        ),
        ("payload=none&host=db1", "application/x-www-form-urlencoded", "host", "db1"),
        ("host=db1&state=up", "application/x-www-form-urlencoded", "host", "db1"),
        (
            '--b\r\nContent-Disposition: form-data; name="payload"\r\n\r\n{"text": "A"}\r\n--b--',
            "multipart/form-data; boundary=b",
            "text",
            "A",
        ),
        ('{"payload": {"text": "A"}}', "application/json", "payload.text", "A"),
        ("Disk full\non db1", "text/plain", "split(@, '\n')[0]", "Disk full"),
        ("17", "application/json", "concat('Sensor ', @)", "Sensor 17"),
        ('["a", "b"]', "application/json", "[1]", "b"),
    ],
)
def test_whatever_body_is_mapped(body: str, content_type: str, expression: str, name: str) -> None:
    mapping = stored_form({"rules": {"title": expression}})
    assert only(posted(body, mapping, content_type)).name == name


def test_without_a_mapping_it_is_taken_for_what_it_looks_like() -> None:
    alert = only(posted('{"title": "Disk full", "status": "firing"}', None))
    assert (alert.name, alert.status) == ("Disk full", "firing")


@pytest.mark.parametrize("body", ["{}", '{"a": 1}', "17", "[5]"])
def test_without_a_mapping_nothing_is_lost_either(body: str) -> None:
    batch = posted(body, None)
    alert = only(batch)
    assert (alert.name, alert.description) == ("My sender", body.replace(" ", ""))
    assert "has no mapping yet" in alert.summary
    assert "could not be mapped" in batch.problems[-1].reason


def test_a_mapping_that_is_none_any_more_loses_nothing() -> None:
    alert = only(posted('{"a": 1}', {"v": 1, "rules": {"title": "gone(a)"}}))
    assert alert.summary == "could not be mapped: title: There is no function gone() (character 1)."


@pytest.mark.parametrize(("body", "content_type"), [("", ""), ("\x01\x02", ""), ("x", "image/png")])
def test_what_is_no_text_at_all_is_refused(body: str, content_type: str) -> None:
    with pytest.raises(Unparseable):
        posted(body, read_mapping({"rules": {"title": "a"}}), content_type)


def test_a_body_that_broke_off_is_mapped_as_far_as_it_came() -> None:
    mapping = stored_form({"items": "all", "rules": {"title": "n"}})
    batch = posted('{"all": [{"n": "A"}, {"n": "B"}, {"n"', mapping)
    assert [alert.name for alert in batch.alerts] == ["A", "B"]
    assert batch.incomplete


@pytest.mark.parametrize(
    ("stored", "places"),
    [
        (None, [""]),
        ([], [""]),
        ({"v": 2}, [""]),
        ({}, ["title"]),
        ({"rules": []}, ["title"]),
        ({"rules": {"url": "a"}}, ["title"]),
        ({"rules": {"title": "a..b", "url": "[", "status": 5}}, ["title", "url", "status"]),
        ({"rules": {"title": "a", "colour": "b"}}, ["colour"]),
        ({"items": "a..b", "rules": {"title": "a"}}, ["items"]),
        ({"rules": {"title": {"expression": "a", "values": []}}}, ["title.values"]),
        ({"rules": {"title": {"expression": "a", "values": {"a": 1}}}}, ["title.values"]),
        (
            {"rules": {"title": {"expression": "a", "values": {"a": "b" * 5_000}}}},
            ["title.values"],
        ),
        (
            {
                "rules": {
                    "title": {
                        "expression": "a",
                        "values": {str(n): "" for n in range(MAX_VALUES + 1)},
                    }
                }
            },
            ["title.values"],
        ),
    ],
)
def test_what_is_no_mapping_says_where(stored: Any, places: list[str]) -> None:
    with pytest.raises(BadMapping) as caught:
        read_mapping(stored)
    assert [wrong.place for wrong in caught.value.wrongs] == places


names = st.sampled_from(["a", "b", "title", '"0"', "@", "missing", "root()"])
expressions = st.recursive(
    names | st.sampled_from(["`null`", "`1.5`", "'x'", "[0]", "*", "&a", "@[*]"]),
    lambda inner: st.one_of(
        st.builds("{}.{}".format, inner, names),
        st.builds("{} || {}".format, inner, inner),
        st.builds("{} == {} && {}".format, inner, inner, inner),
        st.builds("{} | {}".format, inner, inner),
        st.builds("({})[]".format, inner),
        st.builds("[?{} < {}]".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{a: {}, b: {}}}".format, inner, inner),
        st.builds(
            "{}({})".format,
            st.sampled_from(
                [
                    "lower",
                    "upper",
                    "trim",
                    "items",
                    "from_items",
                    "to_string",
                    "to_number",
                    "length",
                    "keys",
                    "values",
                    "sum",
                    "avg",
                    "max",
                    "min",
                    "sort",
                    "ceil",
                    "floor",
                    "abs",
                    "reverse",
                    "type",
                    "to_array",
                ]
            ),
            inner,
        ),
        st.builds(
            "{}({}, {})".format,
            st.sampled_from(
                [
                    "concat",
                    "split",
                    "contains",
                    "join",
                    "not_null",
                    "merge",
                    "map",
                    "sort_by",
                    "max_by",
                ]
            ),
            inner,
            inner,
        ),
        st.builds("replace({}, {}, {})".format, inner, inner, inner),
        st.builds("map(&{}, {})".format, inner, inner),
        st.builds("sort_by({}, &{})".format, inner, inner),
        st.builds("capture({}, '(.)x?')".format, inner),
    ),
    max_leaves=8,
)
rules = st.builds(
    lambda expression, values: {"expression": expression, "values": values},
    expressions,
    st.dictionaries(st.text(max_size=5), st.sampled_from(["firing", "resolved", "", "x\0"])),
)


@given(
    payload=any_json | st.dictionaries(st.sampled_from(["a", "b", "title"]), any_json),
    items=st.just("") | expressions,
    fields=st.dictionaries(st.sampled_from(FIELDS), rules, min_size=1),
)
@RELAXED
def test_any_json_by_any_mapping_is_alerts(payload: Any, items: str, fields: Any) -> None:
    try:
        mapping = stored_form({"items": items, "rules": {"title": "title", **fields}})
    except BadMapping:
        return
    batch = posted(json.dumps(payload), mapping, max_alerts=50)
    assert_contract(batch)
    assert batch.alerts or items


@given(text=st.text(max_size=80))
@RELAXED
def test_any_text_is_an_expression_or_is_told_why_not(text: str) -> None:
    try:
        mapping = stored_form({"rules": {"title": text}})
    except BadMapping:
        return
    assert_contract(posted('{"a": [1]}', mapping))
