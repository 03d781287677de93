"""An alert in chats of the sandbox, and people who press its buttons."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from accounts.audit import COMMAND_LINE
from accounts.models import Organization
from alerts import publish
from alerts.integration_keys import forget_cached_keys
from alerts.integrations import create_integration
from alerts.models import AlertGroup, GroupMessage, TimelineEvent
from alerts.route_table import forget_cached_routes
from alerts.routes import default_route, set_channels
from channels_app.models import Bot, Chat, NotificationChannel
from tests.alerts.senders import Site, alert, webhook
from tests.chatops.conftest import SETTLED_SECONDS, Talk
from tests.dispatching import dispatch_until_idle
from tests.factories import make_channel
from tests.sandbox.process import Json, SandboxChat, SandboxMessage

ADA: Json = {"id": 501, "is_bot": False, "first_name": "Ada", "username": "ada_l"}
BOB: Json = {"id": 502, "is_bot": False, "first_name": "Bob"}
_queries: Iterator[int] = count(9_000_001)


@dataclass
class Scene:
    """A talk whose bot hears, a group chat for each channel, and an integration."""

    talk: Talk
    chats: list[SandboxChat]
    channels: list[NotificationChannel]
    site: Site
    asked: list[str] = field(default_factory=list)

    @property
    def organization(self) -> Organization:
        """Whose all of it is."""
        return self.talk.organization

    def post(self, *alerts: Json, **values: Any) -> None:
        """An alert comes, and is told."""
        given = alerts or (alert(),)
        assert self.site.post(webhook(*given, **values)).status_code == 202
        self.tell()

    def tell(self) -> None:
        """What is due is published and sent."""
        publish.publish_due()
        dispatch_until_idle(SETTLED_SECONDS)

    def group(self) -> AlertGroup:
        """The only one."""
        return AlertGroup.objects.for_organization(self.organization).get()

    def row(self, channel: int = 0) -> GroupMessage:
        """What that channel knows of it."""
        return GroupMessage.objects.select_related("message").get(channel=self.channels[channel])

    def message(self, channel: int = 0) -> SandboxMessage:
        """The group's message as the chat shows it."""
        number = self.row(channel).message
        assert number is not None
        return next(one for one in self.shown(channel) if one.message_id == number.message_id)

    def shown(self, channel: int = 0) -> list[SandboxMessage]:
        """All that the bot shows there."""
        shown = self.talk.telegram.messages(self.chats[channel])
        return [message for message in shown if message.bot_id]

    def buttons(self, channel: int = 0) -> dict[str, str]:
        """Label → callback data, of the group's message."""
        return buttons_of(self.message(channel))

    def press(
        self,
        label: str = "",
        by: Json = ADA,
        channel: int = 0,
        *,
        data: str | None = None,
        message: SandboxMessage | None = None,
        **fields: Any,
    ) -> str:
        """Press a button of the group's message, or of `message`; the toast. `data`: what a client
        sends instead of what the button says."""
        where = message or self.message(channel)
        body = self.query(where.message, data if data is not None else buttons_of(where)[label], by)
        return self.send(body | fields)

    def query(self, message: Json, data: str, by: Json = ADA) -> Json:
        """Bot API CallbackQuery."""
        shown = {name: value for name, value in message.items() if name != "reply_to_message"}
        return {
            "id": str(next(_queries)),
            "from": by,
            "message": shown,
            "chat_instance": "1",
            "data": data,
        }

    def send(self, body: Json) -> str:
        """Have the bot hear of it; what it answers."""
        self.talk.telegram.queue_update(self.talk.telegram_bot, "callback_query", body)
        self.talk.settle()
        self.tell()
        return str(self.answer(body["id"]).get("text", ""))

    def answer(self, query_id: str) -> dict[str, str]:
        """The parameters of the answer to a query. There is one, always."""
        calls = self.talk.telegram.calls(method="answerCallbackQuery", bot=self.talk.telegram_bot)
        (found,) = [one for one in calls if one.parameters["callback_query_id"] == query_id]
        assert found.status == 200, found.description
        return found.parameters

    def did(self) -> list[tuple[str, str, str]]:
        """What people did, by the timeline: kind, name, way."""
        rows = TimelineEvent.objects.for_organization(self.organization).order_by("id")
        return list(rows.exclude(actor_name="").values_list("kind", "actor_name", "way"))

    def change(self, channel: int = 0, **values: Any) -> None:
        """Another policy of the channel."""
        NotificationChannel.objects.filter(pk=self.channels[channel].pk).update(**values)


def make_scene(
    talk: Talk,
    channels: int = 2,
    kind: Literal["supergroup", "private"] = "supergroup",
    **values: Any,
) -> Scene:
    """`values`: of the channels. A private chat is with a person who has a username."""
    forget_cached_keys()
    forget_cached_routes()
    Bot.objects.filter(pk=talk.bot.pk).update(
        updates=Bot.Updates.POLLING, username=talk.telegram_bot.username
    )
    talk.bot.refresh_from_db()
    chats, rows = [], []
    for _ in range(channels):
        names = {"username": "ada_l"} if kind == "private" else {}
        chat = talk.telegram.create_chat(kind, bot=talk.telegram_bot, **names)
        row = make_channel(talk.bot, chat_id=chat.id, **values)
        Chat.objects.filter(pk=row.chat_id).update(type=kind, title=chat.title, **names)
        chats.append(chat)
        rows.append(row)
    integration, key = create_integration(COMMAND_LINE, talk.organization, "Prometheus")
    route = default_route(talk.organization)
    set_channels(COMMAND_LINE, route, rows)
    site = Site(talk.organization, integration, key, route, tuple(rows))
    return Scene(talk, chats, rows, site)


def buttons_of(message: SandboxMessage) -> dict[str, str]:
    """Label → callback data; "" for links."""
    rows = message.message.get("reply_markup", {}).get("inline_keyboard", [])
    return {one["text"]: one.get("callback_data", "") for row in rows for one in row}
