"""Alertmanager's configuration: read as amtool reads it, and refused where amtool refuses it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.importing.amconfig import Configuration, Node, read_configuration
from alerts.importing.yaml_text import YamlError
from alerts.matchers import format_matchers

FULL = """
global:
  resolve_timeout: 5m
time_intervals:
- name: nights
  time_intervals:
  - times: [{start_time: 22:00, end_time: 24:00}, {start_time: 00:00, end_time: 06:00}]
    location: Europe/Berlin
mute_time_intervals:
- name: weekends
  time_intervals: [{weekdays: ["saturday", "sunday"]}]
route:
  receiver: team
  group_by: [alertname, cluster]
  group_wait: 10s
  routes:
  - matchers: [severity="critical", 'team=~"core|web"']
    receiver: oncall
    continue: true
    repeat_interval: 1h30m
  - match: {team: db, code: 500}
    match_re: {env: "prod.*"}
    mute_time_intervals: [nights, weekends]
    group_by: ['...']
    routes:
    - receiver: other
      active_time_intervals: [nights]
inhibit_rules:
- source_matchers: [severity="critical"]
  target_match: {severity: warning}
  equal: [cluster, service]
receivers:
- name: team
  telegram_configs:
  - {bot_token: "123:abc", chat_id: -1001234567890, parse_mode: HTML, send_resolved: false}
- name: oncall
  telegram_configs:
  - {bot_token_file: /run/secrets/bot, chat_id: 42, disable_notifications: true}
  webhook_configs: [{url: "http://example.org/"}]
- name: other
"""


def read(text: str = FULL) -> Configuration:
    return read_configuration(text)


def shown(node: Node) -> dict[str, Any]:
    return {
        "place": node.place,
        "to": node.receiver,
        "matchers": format_matchers(node.matchers),
        "group_by": node.group_by,
        "seconds": (node.group_wait, node.group_interval, node.repeat_interval),
    }


def test_routes_inherit_what_they_do_not_say() -> None:
    root = read().root
    critical, database = root.children
    assert shown(root) == {
        "place": "route",
        "to": "team",
        "matchers": "{}",
        "group_by": ("alertname", "cluster"),
        "seconds": (10, 300, 14400),
    }
    assert shown(critical) == {
        "place": "route.routes[0]",
        "to": "oncall",
        "matchers": '{severity="critical", team=~"core|web"}',
        "group_by": ("alertname", "cluster"),
        "seconds": (10, 300, 5400),
    }
    assert critical.continues
    assert shown(database) == {
        "place": "route.routes[1]",
        "to": "team",
        "matchers": '{code="500", env=~"prod.*", team="db"}',
        "group_by": ("...",),
        "seconds": (10, 300, 14400),
    }
    assert database.mute_timings == ("nights", "weekends")
    (inner,) = database.children
    assert (inner.receiver, inner.mute_timings, inner.active_timings) == ("other", (), ("nights",))
    assert not inner.continues


def test_the_rest() -> None:
    found = read()
    assert found.timings.keys() == {"nights", "weekends"}
    (inhibition,) = found.inhibitions
    assert format_matchers(inhibition.source_matchers) == '{severity="critical"}'
    assert format_matchers(inhibition.target_matchers) == '{severity="warning"}'
    assert inhibition.equal == ("cluster", "service")
    (team,) = found.receivers["team"]
    assert (team.chat_id, team.bot_token, team.tells_resolved) == (-1001234567890, "123:abc", False)
    assert "123:abc" not in repr(found)
    (oncall,) = found.receivers["oncall"]
    assert (oncall.token_file, oncall.is_silent) == ("/run/secrets/bot", True)
    assert found.receivers["other"] == ()
    assert [(note.place, note.line) for note in found.notes] == [
        ("global.resolve_timeout", 3),
        ("receivers[1].webhook_configs", 39),
    ]


def test_parts_of_a_second_are_rounded_up_and_told() -> None:
    text = "route: {receiver: a, group_wait: 1s1ms, group_interval: 500ms}\nreceivers: [{name: a}]"
    found = read(text)
    assert (found.root.group_wait, found.root.group_interval) == (2, 1)
    assert [(note.place, note.text) for note in found.notes] == [
        ("route.group_wait", "Whole seconds are kept here: 2s."),
        ("route.group_interval", "Whole seconds are kept here: 1s."),
    ]


BASE: dict[str, Any] = {"route": {"receiver": "a"}, "receivers": [{"name": "a"}, {"name": "b"}]}
NIGHTS = [{"name": "nights", "time_intervals": [{"weekdays": ["monday"]}]}]


def with_route(**given: Any) -> dict[str, Any]:
    return {**BASE, "route": {"receiver": "a", **given}}


def with_child(**given: Any) -> dict[str, Any]:
    return with_route(routes=[given]) | {"time_intervals": NIGHTS}


def with_chat(**given: Any) -> dict[str, Any]:
    chat = {"bot_token": "1:a", "chat_id": 5, "api_url": "https://api.telegram.org", **given}
    kept = {name: value for name, value in chat.items() if value is not None}
    return {**BASE, "receivers": [{"name": "a", "telegram_configs": [kept]}]}


VALID: list[dict[str, Any]] = [
    BASE,
    with_child(),
    with_child(matchers=[]),
    with_child(matchers=['a="b"', "c=~d.*"]),
    with_child(matchers=['{a="b", c!="d"}']),
    with_child(match={"a": 5}),
    with_child(group_by=["..."]),
    with_child(group_by=[]),
    with_child(group_wait="0s"),
    with_child(group_interval="1d12h"),
    with_child(group_interval="500ms"),
    with_child(group_wait="0"),
    with_child(mute_time_intervals=["nights"]),
    with_child(active_time_intervals=["nights"]),
    with_child(receiver="b", **{"continue": True}),
    with_chat(),
    with_chat(parse_mode="MarkdownV2"),
    with_chat(parse_mode=""),
    {**BASE, "inhibit_rules": [{"equal": ["a"]}]},
    {**BASE, "time_intervals": []},
    {**BASE, "global": {"telegram_api_url": "http://telegram:8081", "resolve_timeout": "5m"}},
    {**BASE, "time_intervals": [{"name": "x", "time_intervals": [{"times": []}]}]},
    {**BASE, "time_intervals": [{"name": "x", "time_intervals": [{"weekdays": [], "years": []}]}]},
    {**BASE, "time_intervals": [{"name": "x", "time_intervals": [{"location": "Local"}]}]},
    {**BASE, "mute_time_intervals": [{"name": "x", "time_intervals": [{"location": ""}]}]},
]
INVALID: list[tuple[dict[str, Any], str]] = [
    ({"receivers": [{"name": "a"}]}, "It has no route"),
    ({"route": {}, "receivers": []}, r"route, line \d: The root route has no receiver"),
    (with_route(receiver="c"), "There is no receiver 'c'"),
    (with_route(matchers=["a=b"]), "The root route must not have matchers"),
    (with_route(**{"continue": True}), "The root route cannot continue"),
    (with_child(receiver="c"), r"route\.routes\[0\].*There is no receiver 'c'"),
    (with_child(matchers=["a"]), r"route\.routes\[0\]\.matchers\[0\]"),
    (with_child(matchers=['a=~"("']), "bad regular expression"),
    (with_child(match_re={"a": "("}), "bad regular expression"),
    (with_child(group_by=["...", "a"]), "stands alone"),
    (with_child(group_by=["a", "a"]), "twice"),
    (with_child(group_by=[""]), r"group_by\[0\].*no label name"),
    (with_child(group_interval="0s"), "must not be 0"),
    (with_child(repeat_interval="0s"), "must not be 0"),
    (with_child(group_wait="5 minutes"), "no duration"),
    (with_child(group_wait=""), "no duration"),
    (with_child(mute_time_intervals=["days"]), "no time interval 'days'"),
    (with_child(continues=True), "no such setting"),
    (with_child(**{"continue": "perhaps"}), "true or false"),
    (with_chat(chat_id=None), "chat's ID"),
    (with_chat(bot_token_file="/x"), "not both"),
    (with_chat(parse_mode="html"), "'html'"),
    ({**BASE, "receivers": [{"name": "a"}, {"name": "a"}]}, "two receivers"),
    ({**BASE, "time_intervals": NIGHTS + NIGHTS}, "two time intervals"),
    ({**BASE, "time_intervals": [{"time_intervals": []}]}, "no name"),
    (
        {**BASE, "time_intervals": [{"name": "x", "time_intervals": [{"weekdays": ["moonday"]}]}]},
        r"time_intervals\[0\]\.time_intervals.*moonday",
    ),
    ({**BASE, "inhibit_rules": [{"source": 1}]}, "no such setting"),
    ({**BASE, "inhibit_rules": [{"equals": ["a"]}]}, r"equals.*Did you mean equal\?"),
    (with_child(matcher=['a="b"']), r"routes\[0\]\.matcher,.*Did you mean matchers\?"),
    (with_route(group_with="5s"), r"route\.group_with,.*Did you mean group_wait\?"),
    (with_chat(chat_id_file="/x"), "not both"),
    (with_chat(chat_id=None, chat_id_file=5, message_thread_id="3"), "topic's ID"),
    (with_chat(message_thread_id=-3), "topic's ID"),
    (
        {**BASE, "global": {"telegram_bot_token": "1:a", "telegram_bot_token_file": "/x"}},
        "not both",
    ),
    ({**BASE, "global": []}, "global, line 1: Names with values"),
    (
        {**BASE, "time_intervals": [{"name": "x", "time_intervals": [{"location": "local"}]}]},
        r"time_intervals\[0\]\.time_intervals\[0\]\.location.*'local' is no time zone",
    ),
]
NEWER: list[tuple[dict[str, Any], list[str]]] = [
    (with_chat(message_thread_id=3), []),
    (with_chat(chat_id=None, chat_id_file="/run/chat"), []),
    (with_chat(bot_token=None, bot_token_file="/run/bot"), []),
    (with_chat(emoji="x"), ["receivers[0].telegram_configs[0].emoji: no such setting is known"]),
    (with_chat(mesage="x"), [".mesage: no such setting is known. Did you mean message?"]),
    ({**BASE, "global": {"telegram_bot_token": "1:a"}}, []),
    ({**BASE, "global": {"telegram_bot_token_file": "/x"}}, []),
    ({**BASE, "global": {"slack_app_token": "x"}}, ["global.slack_app_token: only Telegram"]),
    ({**BASE, "global": {"smoke": "x"}}, ["global.smoke: no such setting is known"]),
    (with_child(group_by=["a.b", "a-b", "größe"]), []),
    (with_child(labels={"a": "b"}), ["route.routes[0].labels: they are for templates alone"]),
    (with_child(matchers=['"a.b"=~"c|d"', '{größe="1"}', '"a b"!="\\t"']), []),
    ({**BASE, "inhibit_rules": [{"name": "x", "equal": ["a.b"]}]}, []),
    ({**BASE, "tracing": {"endpoint": "x:1"}}, ["tracing: it says nothing"]),
    ({**BASE, "event_recorder": {"outputs": [1]}}, ["event_recorder: it says nothing"]),
    ({**BASE, "rules": [1]}, ["rules: no such setting is known"]),
    ({**BASE, "inhibit_rule": [1]}, ["inhibit_rule: no such setting is known. Did you mean inhib"]),
    ({**BASE, "receivers": [{"name": "a", "chat": 1}]}, ["receivers[0].chat: no such setting"]),
    ({**BASE, "receivers": [{"name": "a", "labels": {"b": "c"}}]}, ["receivers[0].labels: a chan"]),
    (
        {
            **BASE,
            "receivers": [{"name": "a", "mattermost_configs": [{"webhook_url": "http://x/"}]}],
        },
        ["receivers[0].mattermost_configs: only Telegram is told, and a told others, too"],
    ),
    (
        {**BASE, "receivers": [{"name": "a", "telegram_config": [{"chat_id": 1}]}]},
        ["receivers[0].telegram_config: no such setting is known. Did you mean telegram_configs?"],
    ),
    (
        {**BASE, "time_intervals": [{"name": "a", "zone": "UTC", "time_intervals": []}]},
        ["time_intervals[0].zone: no such setting is known"],
    ),
]
"""What 0.25 refuses, and what is told of it: newer versions have it, or may have it."""


@pytest.fixture(scope="module")
def amtool() -> str:
    found = shutil.which("amtool")
    if found is None:
        pytest.skip("amtool is not installed")
    return found


def accepts(amtool: str, folder: Path, given: dict[str, Any]) -> bool:
    path = folder / "alertmanager.yml"
    path.write_text(yaml.safe_dump(given))
    done = subprocess.run([amtool, "check-config", path], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.parametrize("given", VALID)
def test_read_as_amtool_does(given: dict[str, Any], amtool: str, tmp_path: Path) -> None:
    assert accepts(amtool, tmp_path, given)
    assert read(yaml.safe_dump(given)).root.receiver == "a"


@pytest.mark.parametrize(("given", "message"), INVALID)
def test_refused_as_by_amtool(
    given: dict[str, Any], message: str, amtool: str, tmp_path: Path
) -> None:
    assert not accepts(amtool, tmp_path, given)
    with pytest.raises(YamlError, match=message):
        read(yaml.safe_dump(given))


@pytest.mark.parametrize(("given", "told"), NEWER)
def test_what_newer_versions_have_is_read_or_told(
    given: dict[str, Any], told: list[str], amtool: str, tmp_path: Path
) -> None:
    assert not accepts(amtool, tmp_path, given)
    found = read(yaml.safe_dump(given))
    assert found.root.receiver == "a"
    lost = [
        f"{note.place}: {note.text.removeprefix('Not taken over: ')}"
        for note in found.notes
        if note.text.startswith("Not taken over: ")
    ]
    assert len(lost) == len(told)
    for line, part in zip(lost, told, strict=True):
        assert part in line
    assert all(note.line for note in found.notes)


def test_what_is_set_for_all_counts_where_a_receiver_says_nothing() -> None:
    text = """
global: {telegram_api_url: "http://telegram:8081/", telegram_bot_token_file: /run/bot}
route: {receiver: a}
receivers:
- name: a
  telegram_configs:
  - {chat_id: 1}
  - {chat_id: 2, bot_token: "1:a", api_url: "https://api.telegram.org", message_thread_id: 7}
  - {chat_id_file: /run/chat, bot_token_file: /run/other}
"""
    found = read(text)
    first, second, third = found.receivers["a"]
    assert (first.api_url, first.bot_token, first.token_file) == (
        "http://telegram:8081/",
        "",
        "/run/bot",
    )
    assert (second.api_url, second.bot_token, second.token_file, second.topic) == (
        "https://api.telegram.org",
        "1:a",
        "",
        7,
    )
    assert (third.chat_id, third.chat_id_file, third.token_file) == (0, "/run/chat", "/run/other")
    assert found.notes == ()


def test_an_empty_list_groups_all_as_one() -> None:
    found = read(
        yaml.safe_dump(with_route(group_by=["a"], routes=[{"group_by": []}, {"group_by": None}]))
    )
    assert [node.group_by for node in found.root.children] == [(), ("a",)]
    (note,) = found.notes
    assert (note.place, note.line) == ("route.routes[0].group_by", 9)


def test_times_that_mean_something_else_here() -> None:
    text = """
time_intervals:
- name: some
  time_intervals:
  - {times: []}
  - {weekdays: [monday]}
- {name: never, time_intervals: [{weekdays: []}]}
- {name: nothing, time_intervals: []}
- name: places
  time_intervals:
  - {location: Local, weekdays: [monday]}
  - {location: "", weekdays: [monday]}
  - {location: Europe/Berlin, weekdays: [monday]}
route: {receiver: a}
receivers: [{name: a}]
"""
    found = read(text)
    never = [{"years": ["1970"], "location": "UTC"}]
    assert {name: timing.intervals for name, timing in found.timings.items()} == {
        "some": [{"location": "UTC", "weekdays": ["monday"]}],
        "never": never,
        "nothing": never,
        "places": [
            {"weekdays": ["monday"]},
            {"location": "UTC", "weekdays": ["monday"]},
            {"location": "Europe/Berlin", "weekdays": ["monday"]},
        ],
    }
    assert [(note.place, note.line) for note in found.notes] == [
        ("time_intervals[0].time_intervals[0].times", 5),
        ("time_intervals[1].time_intervals[0].weekdays", 7),
        ("time_intervals[1].time_intervals", 7),
        ("time_intervals[2].time_intervals", 8),
        ("time_intervals[3].time_intervals[0].location", 11),
    ]
