"""What has to be done."""

from typing import Any

import pytest

from alerts.provisioning.changes import changes
from alerts.provisioning.items import Item, Secret


def route(name: str, **values: Any) -> Item:
    return Item("route", name, values)


def channel(name: str, **values: Any) -> Item:
    return Item("channel", name, values)


def lines(current: list[Item], wanted: list[Item], *prune: str) -> list[str]:
    return [line for one in changes(current, wanted, prune) for line in one.lines()]


@pytest.mark.parametrize(
    ("current", "wanted", "prune", "done"),
    [
        ([], [], (), []),
        ([channel("a", silent="never")], [channel("a")], (), []),
        ([channel("a", silent="never")], [channel("a", silent="never")], (), []),
        (
            [channel("a", silent="never", bot="x")],
            [channel("a", silent="always")],
            (),
            ["~ channel a", "    silent: never -> always"],
        ),
        (
            [channel("a", timezone="UTC")],
            [channel("a", timezone="")],
            (),
            ["~ channel a", "    timezone: UTC -> nothing"],
        ),
        ([], [channel("a", bot="x")], (), ["+ channel a", "    bot: x"]),
        (
            [],
            [route("r"), channel("a"), Item("bot", "b", {})],
            (),
            ["+ bot b", "+ channel a", "+ route r"],
        ),
        ([channel("a"), channel("b")], [channel("a")], (), []),
        ([channel("a"), channel("b")], [channel("a")], ("channel",), ["- channel b"]),
        (
            [Item("bot", "b", {}), channel("a"), route("r")],
            [],
            ("bot", "channel", "route"),
            ["- route r", "- channel a", "- bot b"],
        ),
        ([Item("default route", "", {})], [], ("default route",), []),
        ([route("a"), route("b")], [route("a"), route("b")], (), []),
        ([route("a"), route("b")], [route("b")], (), ["~ order of routes: b, a"]),
        ([route("a"), route("b")], [route("b")], ("route",), ["- route a"]),
        ([route("a")], [route("a"), route("b")], (), ["+ route b"]),
        ([route("a")], [route("b"), route("a")], (), ["+ route b", "~ order of routes: b, a"]),
    ],
)
def test_changes(
    current: list[Item], wanted: list[Item], prune: tuple[str, ...], done: list[str]
) -> None:
    assert lines(current, wanted, *prune) == done


def test_values_are_shown_as_the_file_says_them() -> None:
    before = {"group_wait": 0, "continue": False, "sound": {}, "repeat_interval": 90}
    after = {
        "group_wait": 30,
        "continue": True,
        "sound": {"info": "silent"},
        "repeat_interval": 14400,
    }
    assert lines([route("r", **before)], [route("r", **after)]) == [
        "~ route r",
        "    group_wait: 0s -> 30s",
        "    continue: false -> true",
        "    sound: nothing -> {info: silent}",
        "    repeat_interval: 1m30s -> 4h",
    ]
    steps = [{"after": 15, "channels": ["a", "b"]}]
    made = [
        Item("escalation policy", "e", {"steps": steps, "repeat_every": 30}),
        Item("heartbeat", "h", {"period": 300, "grace": 3600, "labels": {}}),
    ]
    assert lines([], made) == [
        "+ escalation policy e",
        "    steps: [{after: 15, channels: [a, b]}]",
        "    repeat_every: 30",
        "+ heartbeat h",
        "    period: 5m",
        "    grace: 1h",
        "    labels: nothing",
    ]


def test_secrets_are_compared_and_never_shown() -> None:
    before = Item("bot", "a", {"token": Secret(clear="1:old")})
    after = Item("bot", "a", {"token": Secret(clear="1:new")})
    assert lines([before], [before]) == []
    assert lines([before], [after]) == ["~ bot a", "    token: •••• -> ••••"]
    assert lines([], [after]) == ["+ bot a", "    token: ••••"]


def test_a_chat_by_its_name_is_the_same_chat() -> None:
    current = Item("channel", "a", {"chat_id": "-100"}, also={"chat_id": "@news"})
    assert lines([current], [channel("a", chat_id="@news")]) == []
    assert lines([current], [channel("a", chat_id="-100")]) == []
    assert lines([current], [channel("a", chat_id="@other")]) != []
