"""The file: what it says, what is wrong with it, and that writing and reading are inverse."""

import pytest

from alerts.importing.yaml_text import YamlError
from alerts.provisioning.document import read_document
from alerts.provisioning.items import Item, Secret
from alerts.provisioning.text import variable_of, write_document

FULL = """
version: 1
bots:
- name: ops
  token: {env: OPS_BOT_TOKEN}
  api_url: https://bots.example.org
channels:
- {name: on call, bot: ops, chat_id: -1001234567890, silent: below, renotify_interval: 2m}
- {name: news, bot: ops, chat_id: "@news", message_thread_id: 5}
integrations:
- {name: prometheus, kind: alertmanager, ignored_labels: [replica], signature_secret: {file: /s}}
mute_timings:
- name: nights
  intervals: [{times: [{start_time: 22:00, end_time: 24:00}]}]
inhibit_rules:
- {name: x, source_matchers: [severity="critical"], target_matchers: ['a=b,c=~"d"'], equal: [dc]}
routes:
- name: Critical
  matchers: severity="critical", team=~"a|b"
  channels: [on call, news, on call]
  continue: true
  group_by: ['...']
  group_wait: 10s
  mute_timings: [nights]
  choose_by: team
  choices: {web: news, 1: on call}
  sound: {info: silent, critical: ring}
default_route: {channels: [news], group_by: null, repeat_interval: 4h}
organization:
  timezone: UTC
  language: ru
  severity_map: {labels: [sev], values: {1: critical, none: null}}
fallbacks:
- {name: on call, kind: email, addresses: [b@example.org, " a@example.org ", b@example.org]}
- {name: news, kind: webhook, url: "https://example.org/h", secret: {file: /s}, minutes: 3}
"""


def items(text: str = FULL) -> dict[tuple[str, str], Item]:
    return {(one.kind, one.name): one for one in read_document(text)[1]}


def test_everything_that_a_file_can_say() -> None:
    assert {key: dict(one.values) for key, one in items().items()} == {
        ("bot", "ops"): {
            "token": Secret(env="OPS_BOT_TOKEN"),
            "api_url": "https://bots.example.org",
        },
        ("channel", "on call"): {
            "bot": "ops",
            "chat_id": "-1001234567890",
            "silent": "below",
            "renotify_interval": 120,
        },
        ("channel", "news"): {"bot": "ops", "chat_id": "@news", "message_thread_id": 5},
        ("integration", "prometheus"): {
            "kind": "alertmanager",
            "ignored_labels": ["replica"],
            "signature_secret": Secret(file="/s"),
        },
        ("mute timing", "nights"): {
            "intervals": [{"times": [{"start_time": "22:00", "end_time": "24:00"}]}]
        },
        ("inhibit rule", "x"): {
            "source_matchers": ['severity="critical"'],
            "target_matchers": ['a="b"', 'c=~"d"'],
            "equal": ["dc"],
        },
        ("route", "Critical"): {
            "matchers": ['severity="critical"', 'team=~"a|b"'],
            "channels": ["news", "on call"],
            "continue": True,
            "group_by": ["..."],
            "group_wait": 10,
            "mute_timings": ["nights"],
            "choose_by": "team",
            "choices": {"1": "on call", "web": "news"},
            "sound": {"critical": "ring", "info": "silent"},
        },
        ("default route", ""): {"channels": ["news"], "group_by": None, "repeat_interval": 14400},
        ("organization", ""): {
            "timezone": "UTC",
            "language": "ru",
            "severity_map": {"labels": ["sev"], "values": {"1": "critical", "none": None}},
        },
        ("fallback", "on call"): {
            "kind": "email",
            "addresses": ["b@example.org", "a@example.org"],
        },
        ("fallback", "news"): {
            "kind": "webhook",
            "url": Secret(clear="https://example.org/h"),
            "secret": Secret(file="/s"),
            "minutes": 3,
        },
    }


def test_what_is_written_is_read_back() -> None:
    written = write_document(list(items().values()))
    hidden = {("fallback", "news")}  # its address has to be put into a variable
    read, before = items(written), items()
    assert {key: one for key, one in read.items() if key not in hidden} == {
        key: one for key, one in before.items() if key not in hidden
    }
    assert read["fallback", "news"].values["url"] == Secret(env="FALLBACK_NEWS_URL")
    assert "https://example.org/h" not in written
    assert "22:00" in written


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("1h30m", "1h30m"),
        ("90m", "1h30m"),
        ("5400", "1h30m"),
        ("5400s", "1h30m"),
        ("0", "0s"),
        ("0s", "0s"),
        ("7d", "1w"),
        ("10d", "10d"),
        ("1d12h", "1d12h"),
        ("65s", "1m5s"),
    ],
)
def test_durations_are_exported_as_prometheus_writes_them(given: str, written: str) -> None:
    text = write_document(
        read_document(f"version: 1\nroutes: [{{name: a, group_wait: {given}}}]")[1]
    )
    assert f"group_wait: {written}\n" in text
    assert write_document(read_document(text)[1]) == text


def test_a_secret_in_clear_is_not_written() -> None:
    bot = Item("bot", "on-call bot", {"token": Secret(clear="1:hidden")})
    assert variable_of(bot, "token") == "BOT_ON_CALL_BOT_TOKEN"
    assert "token:\n    env: BOT_ON_CALL_BOT_TOKEN" in write_document([bot])
    assert "hidden" not in repr(bot)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Names with values are expected"),
        ("bots: []", "Begin with `version: 1`"),
        ("version: 2", "version, line 1: Begin with"),
        ("version: 1\nchats: []", "chats, line 2: There is no such setting here. There are: bots"),
        ("version: 1\nbots: {}", "bots, line 2: A list is expected"),
        ("version: 1\nbots: [{}]", r"bots\[0\], line 2: Give it a name"),
        ("version: 1\nbots: [{name: a}, {name: a}]", "There are two with the name 'a'"),
        ("version: 1\nbots: [{name: a, token: '1:a'}]", r"bots\[0\]\.token.*does not belong into"),
        ("version: 1\nbots: [{name: a, token: {env: A, file: b}}]", r"\[0\]\.token"),
        ("version: 1\nbots: [{name: a, token: {value: A}}]", "no such setting.*env, file"),
        ("version: 1\nbots: [{name: a, token: {env: }}]", "empty"),
        ("version: 1\nroutes: [{name: a, matchers: ['a=~\"(\"']}]", r"matchers\[0\].*bad regular"),
        ("version: 1\nroutes: [{name: a, matchers: a}]", r"matchers, line 2.*is expected"),
        ("version: 1\nroutes: [{name: a, group_wait: soon}]", "'soon' is no duration"),
        ("version: 1\nroutes: [{name: a, group_wait: -5}]", "'-5' is no duration"),
        ("version: 1\nroutes: [{name: a, group_wait: 1500ms}]", "'1500ms' has parts of a second"),
        ("version: 1\nroutes: [{name: a, group_wait: 300y}]", "'300y' is too long"),
        ("version: 1\nroutes: [{name: a, continue: maybe}]", "true or false"),
        ("version: 1\nroutes: [{name: a, channels: news}]", "A list is expected"),
        ("version: 1\nroutes: [{name: a, choices: [web]}]", r"choices, line 2.*are expected"),
        ("version: 1\nroutes: [{name: a, sound: {loud: ring}}]", "no such setting.*critical"),
        ("version: 1\nroutes: [{name: a, sound: {info: on}}]", r"sound\.info.*ring or silent"),
        ("version: 1\ndefault_route: {matchers: [a=b]}", "no such setting"),
        ("version: 1\norganization: {name: a}", "organization.name, line 2: There is no such"),
        (
            "version: 1\norganization: {severity_map: {values: {a: bad}}}",
            r"severity_map\.values\.a, line 2: This .*bad",
        ),
        ("version: 1\nfallbacks: [{name: a, secret: tfs_x}]", r"\.secret.*does not belong into"),
        ("version: 1\nfallbacks: [{name: a, url: {}}]", r"\.url.*does not belong into"),
        ("version: 1\nfallbacks: [{name: a, minutes: soon}]", "A number from 0 on"),
        (
            "version: 1\nmute_timings: [{name: a, intervals: [{weekdays: [moonday]}]}]",
            r"mute_timings\[0\]\.intervals, line 2.*moonday",
        ),
        ("version: 1\nchannels: [{name: a, message_thread_id: x}]", "A number from 0 on"),
        (f"version: 1\nbots: [{{name: {'x' * 101}}}]", "at most 100 characters"),
    ],
)
def test_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(YamlError, match=message):
        read_document(text)
