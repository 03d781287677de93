"""A group and people in it: alerts come to the group, and a member, a viewer and a stranger talk to
the bot there and in private."""

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from accounts.audit import COMMAND_LINE
from accounts.models import Membership, Role
from alerts import publish
from alerts.integration_keys import forget_cached_keys
from alerts.integrations import create_integration
from alerts.models import AlertGroup, GroupMessage
from alerts.route_table import forget_cached_routes
from alerts.routes import default_route, set_channels
from channels_app.models import NotificationChannel
from tests.alerts.senders import alert, webhook
from tests.chatops.conftest import SETTLED_SECONDS, Talk
from tests.dispatching import dispatch_until_idle
from tests.factories import make_channel
from tests.sandbox.process import SandboxChat, SandboxMessage


@dataclass
class Stage:
    """`ada` is a responder, `vic` a viewer, `sam` a stranger: chats in private with the bot, whose
    IDs are the people's."""

    talk: Talk
    group: SandboxChat
    channel: NotificationChannel
    key: str
    ada: SandboxChat
    vic: SandboxChat
    sam: SandboxChat
    member: Membership

    def fire(self, *names: str, **values: Any) -> None:
        """Alerts of these names, each in a group of its own, told to the group."""
        for name in names:
            payload = webhook(alert(name, **values), groupKey=f"{{}}:{{alertname={name}}}")
            payload["groupLabels"] = {"alertname": name}
            answer = Client().post(
                f"/hooks/v1/{self.key}/", json.dumps(payload), content_type="application/json"
            )
            assert answer.status_code == 202, answer.content
        publish.publish_due()
        dispatch_until_idle(SETTLED_SECONDS)

    def message_of(self, name: str) -> int:
        """The message_id of the alert in the group."""
        row = GroupMessage.objects.select_related("message").get(
            group=self.group_row(name), channel=self.channel
        )
        assert row.message is not None
        assert row.message.message_id is not None
        return row.message.message_id

    def group_row(self, name: str) -> AlertGroup:
        """The group of this alert."""
        return AlertGroup.objects.get(
            organization=self.talk.organization, members__alert__name=name
        )

    def says(self, who: SandboxChat, words: str, to: int = 0, **fields: Any) -> str:
        """They write in the group; what the bot then says, or ""."""
        return self._said(self.group, words, from_id=who.id, reply_to_message_id=to, **fields)

    def asks(self, who: SandboxChat, words: str, **fields: Any) -> str:
        """They write in private; what the bot then says, or ""."""
        return self._said(who, words, **fields)

    def _said(self, chat: SandboxChat, words: str, **fields: Any) -> str:
        known = {message.message_id for message in self.talk.messages(chat)}
        self.talk.say(chat, words, **fields)
        new = [one for one in self.talk.messages(chat) if one.message_id not in known]
        return "\n".join(one.text for one in new)

    def outcome(self) -> str:
        """What came of the last update."""
        return self.talk.outcomes()[-1]

    def last(self, chat: SandboxChat) -> SandboxMessage:
        """The bot's newest message."""
        return self.talk.messages(chat)[-1]

    def press(self, who: SandboxChat, chat: SandboxChat, label: str) -> str:
        """They press the button of the newest message that has it; the text of the answer."""
        message = next(
            one
            for one in reversed(self.talk.messages(chat))
            if any(label in button["text"] for button in buttons_of(one))
        )
        data = next(
            button["callback_data"] for button in buttons_of(message) if label in button["text"]
        )
        pressed = self.talk.telegram.press(
            chat,
            message.message_id,
            data,
            from_id=who.id,
            bot_id=self.talk.telegram_bot.id,
        )
        self.talk.settle()
        answer = self.talk.telegram.callback(pressed["id"])
        assert answer["state"] == "answered", "every press is answered"
        said: str = answer["text"]
        return said

    def taps(self, who: SandboxChat, chat: SandboxChat, label: str) -> str:
        """They tap a button in the place of the letters; what the bot then says."""
        known = {message.message_id for message in self.talk.messages(chat)}
        bot_id = self.talk.telegram_bot.id
        self.talk.telegram.act(
            f"/chats/{chat.id}/keyboard", text=label, from_id=who.id, bot_id=bot_id
        )
        self.talk.settle()
        new = [one for one in self.talk.messages(chat) if one.message_id not in known]
        return "\n".join(one.text for one in new)

    def press_data(self, who: SandboxChat, chat: SandboxChat, message_id: int, data: str) -> str:
        """What a client may make up, or sends for a button that is gone; what the bot shows."""
        number = len(self.talk.telegram.calls("answerCallbackQuery", bot=self.talk.telegram_bot))
        kind = "private" if chat.id > 0 else "supergroup"
        self.talk.telegram.queue_update(
            self.talk.telegram_bot,
            "callback_query",
            {
                "id": str(10_000 + number),
                "from": {"id": who.id, "is_bot": False, "first_name": "Person"},
                "message": {
                    "message_id": message_id,
                    "date": 1,
                    "chat": {"id": chat.id, "type": kind, "title": "Group"},
                },
                "chat_instance": "1",
                "data": data,
            },
        )
        self.talk.settle()
        calls = self.talk.telegram.calls("answerCallbackQuery", bot=self.talk.telegram_bot)
        assert len(calls) == number + 1, "every press is answered"
        said: str = calls[-1].parameters.get("text", "")
        return said


def buttons_of(message: SandboxMessage) -> list[dict[str, Any]]:
    """Of its inline keyboard, in reading order."""
    rows = message.message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]


def make_stage(talk: Talk, **chat: Any) -> Stage:
    """An organization whose alerts come to a group of the sandbox."""
    forget_cached_keys()
    forget_cached_routes()
    group = talk.telegram.create_chat("supergroup", bot=talk.telegram_bot, **chat)
    _, key = create_integration(COMMAND_LINE, talk.organization, "Prometheus")
    channel = make_channel(
        talk.bot, name="Ops", chat_id=group.id, actions=NotificationChannel.Actions.MEMBERS
    )
    set_channels(COMMAND_LINE, default_route(talk.organization), [channel])
    ada, vic, sam = (talk.private_chat() for _ in range(3))
    member = talk.link(ada.id, first_name="Ada", last_name="Lovelace")
    talk.link(vic.id, Role.VIEWER)
    return Stage(talk, group, channel, key, ada, vic, sam, member)
