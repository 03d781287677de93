"""What becomes of an Alertmanager configuration."""

import re

import pytest

from alerts.importing.amconfig import read_configuration
from alerts.importing.yaml_text import YamlError
from alerts.provisioning.document import read_document
from alerts.provisioning.from_alertmanager import Converted, convert
from alerts.provisioning.items import Elsewhere, Item, Secret
from alerts.provisioning.text import write_document

FULL = """
global: {resolve_timeout: 5m}
time_intervals:
- name: nights
  time_intervals:
  - times: [{start_time: 22:00, end_time: 24:00}]
  - {weekdays: [sunday], location: Europe/Berlin}
route:
  receiver: team
  group_by: [alertname]
  routes:
  - matchers: [severity="critical"]
    receiver: oncall
    continue: true
    mute_time_intervals: [nights]
    routes:
    - {matchers: [team="db"], receiver: team}
  - {matchers: [team="web"], receiver: mail}
inhibit_rules:
- {source_matchers: [severity="critical"], target_matchers: [severity="warning"], equal: [dc]}
receivers:
- name: team
  telegram_configs:
  - {bot_token: "123:abc", chat_id: -1001, api_url: "https://api.telegram.org", message: "{{ . }}"}
  - {bot_token_file: /run/secrets/bot, chat_id: 7, parse_mode: Markdown, send_resolved: false}
- name: oncall
  telegram_configs:
  - {bot_token: "123:abc", chat_id: -1001}
  - {bot_token: "123:abc", chat_id: -1001, disable_notifications: true}
- name: mail
  email_configs: [{to: a@example.org}]
- name: unused
  telegram_configs: [{bot_token: "9:z", chat_id: 1}]
"""


def converted(text: str = FULL) -> Converted:
    return convert(read_configuration(text))


def of_kind(kind: str, text: str = FULL) -> list[Item]:
    return [one for one in converted(text).items if one.kind == kind]


def test_bots_once_each_and_only_those_in_use() -> None:
    assert {one.name: dict(one.values) for one in of_kind("bot")} == {
        "bot 123": {"token": Secret(clear="123:abc")},
        "bot of team": {"token": Secret(file="/run/secrets/bot")},
    }


def test_receivers_that_tell_a_chat_alike_share_a_channel() -> None:
    assert {one.name: dict(one.values) for one in of_kind("channel")} == {
        "team": {"bot": "bot 123", "chat_id": "-1001", "parse_mode": "HTML", "silent": "never"},
        "team (2)": {
            "bot": "bot of team",
            "chat_id": "7",
            "parse_mode": "MarkdownV2",
            "silent": "never",
        },
        "oncall": {"bot": "bot 123", "chat_id": "-1001", "parse_mode": "HTML", "silent": "always"},
    }


def test_routes_in_the_order_of_the_list() -> None:
    routes = {one.name: one.values for one in of_kind("route")}
    assert [(name, v["matchers"], v["continue"], v["channels"]) for name, v in routes.items()] == [
        (
            'team: team="db"',
            ['severity="critical"', 'team="db"'],
            True,
            ["team", "team (2)"],
        ),
        (
            'oncall: severity="critical"',
            ['severity="critical"', 'team!="db"'],
            True,
            ["oncall", "team"],
        ),
        ('mail: team="web"', ['team="web"'], False, []),
    ]
    assert routes['oncall: severity="critical"']["mute_timings"] == ["nights"]
    assert routes['team: team="db"']["mute_timings"] == []
    (default,) = of_kind("default route")
    assert (default.values["channels"], default.values["group_by"]) == (
        ["team", "team (2)"],
        ["alertname"],
    )
    assert (default.values["group_wait"], default.values["repeat_interval"]) == (30, 14400)


def test_the_rest_of_it() -> None:
    (timing,) = of_kind("mute timing")
    assert [one["location"] for one in timing.values["intervals"]] == ["UTC", "Europe/Berlin"]
    (rule,) = of_kind("inhibit rule")
    assert rule.name == 'severity="critical" mutes severity="warning"'
    assert rule.values["equal"] == ["dc"]


def test_the_report_says_what_is_lost() -> None:
    assert [(note.place, re.split(r"[.;] ?", note.text)[0]) for note in converted().notes] == [
        ("global.resolve_timeout", "Not taken over: there is no such setting here"),
        (
            "receivers[2].email_configs",
            "Not taken over: only Telegram is told, and mail told others, too",
        ),
        ("receivers[0].telegram_configs[0].message", "Its template is Go's"),
        ("receivers[0].telegram_configs[1].parse_mode", "Markdown is outdated"),
        ("receivers[0].telegram_configs[1].send_resolved", "send_resolved is off there"),
        ("receivers", "mail: no Telegram chat, so nobody is told"),
    ]


def test_a_route_that_is_split_is_told() -> None:
    text = """
route:
  receiver: a
  routes:
  - matchers: [x="1"]
    routes: [{matchers: [y="1", z="1"], continue: true}]
receivers: [{name: a}]
"""
    assert [one.name for one in of_kind("route", text)] == [
        'a: y="1", z="1"',
        'a: x="1"',
        'a: x="1" (2)',
    ]
    assert ("route.routes[0]", "It becomes 2 routes, because routes before it continue.") in [
        (note.place, note.text) for note in converted(text).notes
    ]


def test_a_rule_without_source_or_target_is_left_out_and_told() -> None:
    """Alertmanager takes it: it inhibits everything, or is inhibited by everything."""
    text = """
route: {receiver: a}
receivers: [{name: a}]
inhibit_rules:
- {target_matchers: [a="1"], equal: [dc]}
- {source_matchers: [a="1"]}
- {source_matchers: [a="1"], target_matchers: [a="2"]}
"""
    assert [one.name for one in of_kind("inhibit rule", text)] == ['a="1" mutes a="2"']
    _, *notes = [(note.place, note.line, note.text) for note in converted(text).notes]
    assert [(place, line) for place, line, _ in notes] == [
        ("inhibit_rules[0]", 5),
        ("inhibit_rules[1]", 6),
    ]
    assert "no source matchers" in notes[0][2]
    assert "no target matchers" in notes[1][2]
    read_document(write_document(converted(text).items))


def test_long_names_of_timings_are_cut_where_they_are_referred_to_as_well() -> None:
    first, second = "n" * 100 + "a", "n" * 100 + "b"
    text = f"""
time_intervals:
- {{name: {first}, time_intervals: [{{weekdays: [sunday]}}]}}
- {{name: {second}, time_intervals: [{{weekdays: [monday]}}]}}
route:
  receiver: a
  routes:
  - {{matchers: [x="1"], mute_time_intervals: [{second}], active_time_intervals: [{first}]}}
receivers: [{{name: a}}]
"""
    timings = [one.name for one in of_kind("mute timing", text)]
    assert timings == ["n" * 100, "n" * 96 + " (2)"]
    (route,) = of_kind("route", text)
    assert route.values["active_timings"] == timings[:1]
    assert route.values["mute_timings"] == timings[1:]


def test_as_a_file_it_is_read_back_without_its_secrets() -> None:
    written = write_document(converted().items)
    assert "123:abc" not in written
    items = {(one.kind, one.name): one.values for one in read_document(written)[1]}
    assert items["bot", "bot 123"]["token"] == Secret(env="BOT_123_TOKEN")
    for one in converted().items:
        if one.kind != "bot":
            assert items[one.kind, one.name] == one.values


def test_one_bot_for_each_token_each_with_a_name_of_its_own() -> None:
    text = """
route: {receiver: a}
receivers:
- name: a
  telegram_configs:
  - {chat_id: 1, bot_token: "123456:x"}
  - {chat_id: 2, bot_token: "123456:y"}
  - {chat_id_file: /run/chat, bot_token_file: /run/one}
  - {chat_id_file: /run/chat, bot_token_file: /run/two}
  - {chat_id: 3}
"""
    assert {one.name: one.values["token"] for one in of_kind("bot", text)} == {
        "bot 123456": Secret(clear="123456:x"),
        "bot of a": Secret(file="/run/one"),
        "bot of a (2)": Secret(file="/run/two"),
    }
    assert [(one.values["bot"], one.values["chat_id"]) for one in of_kind("channel", text)] == [
        ("bot 123456", "1"),
        ("bot 123456", "2"),
        ("bot of a", Elsewhere(file="/run/chat")),
        ("bot of a (2)", Elsewhere(file="/run/chat")),
    ]
    assert [(note.place, note.line) for note in converted(text).notes] == [
        ("receivers[0].telegram_configs[1].bot_token", 7),
        ("receivers[0].telegram_configs[4]", 10),
    ]
    read_document(write_document(converted(text).items))


def test_topics_of_one_chat_are_channels_of_their_own() -> None:
    text = """
global: {telegram_bot_token: "123456:x"}
route: {receiver: a, routes: [{receiver: b}, {receiver: c}]}
receivers:
- {name: a, telegram_configs: [{chat_id: -1, message_thread_id: 3}]}
- {name: b, telegram_configs: [{chat_id: -1, message_thread_id: 3}]}
- {name: c, telegram_configs: [{chat_id: -1}]}
"""
    assert {one.name: one.values.get("message_thread_id") for one in of_kind("channel", text)} == {
        "a": 3,
        "c": None,
    }
    assert [one.values["channels"] for one in of_kind("route", text)] == [["a"], ["c"]]


def test_what_becomes_too_many_routes_is_refused_with_its_line() -> None:
    inner = "".join(f"    - matchers: [a{n}=1, b{n}=1, c{n}=1]\n" for n in range(5))
    text = f"""
route:
  receiver: a
  routes:
  - matchers: [d=1]
    continue: true
    routes:
{inner}
receivers: [{{name: a}}]
"""
    with pytest.raises(
        YamlError, match=r"^route\.routes\[0\]\.routes\[4\], line 12: With `continue`"
    ):
        converted(text)
