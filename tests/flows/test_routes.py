"""Routes that choose: each team's alerts in its own topic of one forum, with its own sound."""

from collections.abc import Callable

from accounts.audit import COMMAND_LINE
from alerts.route_table import forget_cached_routes
from alerts.routes import change_route
from channels_app.models import NotificationChannel
from tests.alerts.senders import alert, webhook
from tests.factories import make_channel
from tests.flows.conftest import Flow, settle
from tests.sandbox.process import SandboxChat

MakeFlow = Callable[..., Flow]


def in_forum(flow: Flow, *names: str) -> tuple[SandboxChat, dict[str, NotificationChannel]]:
    """A forum, and a channel for each of its topics."""
    forum = flow.telegram.create_chat("supergroup", bot=flow.bot, topics=names)
    bot = flow.channels[0].chat.bot
    return forum, {
        name: make_channel(
            bot, name=f"{name} topic", chat_id=forum.id, message_thread_id=forum.topics[name]
        )
        for name in names
    }


def shown(flow: Flow, chat: SandboxChat) -> list[tuple[int | None, bool, str]]:
    """(topic, whether it is silent, its first line) of what a chat shows."""
    return [
        (one.message.get("message_thread_id"), one.is_silent, one.text.splitlines()[0])
        for one in flow.telegram.messages(chat)
    ]


def test_each_team_in_its_topic(make_flow: MakeFlow) -> None:
    flow = make_flow()
    forum, topics = in_forum(flow, "core", "web")
    ids = {name: channel.message_thread_id for name, channel in topics.items()}
    sound = {"warning": "silent"}
    change_route(COMMAND_LINE, flow.route, choose_by="team", choices=topics, sound=sound)
    forget_cached_routes()
    burning = {"core": "critical", "web": "warning", "db": "warning"}
    fire = [
        alert("Down", labels={"instance": name, "team": name, "severity": severity})
        for name, severity in burning.items()
    ]
    flow.post(webhook(*fire))
    found = shown(flow, forum)
    assert {(topic, silent) for topic, silent, _ in found} == {
        (ids["core"], False),
        (ids["web"], True),
    }
    assert ["core" in line for topic, _, line in found] == [
        topic == ids["core"] for topic, *_ in found
    ]
    (rest,) = flow.messages()
    assert "db" in rest.text

    change_route(COMMAND_LINE, flow.route, choices={**topics, "core": topics["web"]})
    forget_cached_routes()
    settle()
    after = shown(flow, forum)
    assert [line for topic, _, line in after if topic == ids["core"]] == ["No longer routed here."]
    assert sum(topic == ids["web"] for topic, *_ in after) == 2
    flow.post(
        webhook(*[one | {"status": "resolved", "endsAt": "2026-11-23T00:30:00Z"} for one in fire])
    )
    lines = [line for topic, _, line in shown(flow, forum) if topic == ids["web"]]
    assert sum("RESOLVED" in line for line in lines) == 2
