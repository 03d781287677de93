"""What attacks must leave as it is: an organization with something of everything that people change
in Telegram, and a neighbour that borrows its bot."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

from django.http import HttpResponse

from accounts.audit import COMMAND_LINE, Actor
from accounts.models import Membership, Organization, Role, Way
from alerts.integrations import create_integration
from alerts.muting.silences import Wanted, create_silence
from alerts.routes import default_route, set_channels
from channels_app.loans import lend_bot
from channels_app.models import Bot, Chat, NotificationChannel
from chatops.actions.changes import create_action
from chatops.approvals.changes import create_approval
from chatops.endpoints.changes import create_endpoint
from chatops.linking import link_codes
from chatops.linking.link_codes import Kind
from chatops.models import InboundUpdate, LinkCode, Reception, TelegramIdentity
from chatops.reminders.changes import Where, make_reminder
from chatops.responding.search import find_groups
from deliveries import clock
from tests.chatops.conftest import Talk
from tests.chatops.receiving.test_webhooks import post
from tests.chatops.stage import Stage, buttons_of, make_stage
from tests.console import Person
from tests.factories import make_bot, make_channel, make_membership, make_organization
from tests.sandbox.process import Json, SandboxChat, SandboxMessage

_numbers: Iterator[int] = count(5_000_000)
_queries: Iterator[int] = count(7_000_001)


@dataclass
class Scene:
    """In `home`: `ada` responds, `olga` owns, `vic` views. In `neighbour`: `neil` administers.
    Nobody knows `sam`. `nora`, who made home's codes, `paul` and the neighbour's `nadia` sit at the
    console. All of them talk with one bot, which is home's. Home's alerts are told to
    its group, to `lobby`, and by `other_bot` to `elsewhere`."""

    home: Stage
    olga: SandboxChat
    nora: Person
    paul: Person
    nadia: Person
    neighbour: Organization
    theirs: SandboxChat
    neil: SandboxChat
    lobby: SandboxChat
    elsewhere: SandboxChat
    other_bot: Bot
    person_code: str
    group_code: str
    their_code: str

    @property
    def talk(self) -> Talk:
        """The bot."""
        return self.home.talk

    @property
    def bot(self) -> Bot:
        """Its row as it is now."""
        return Bot.objects.get(pk=self.talk.bot.pk)

    @property
    def number(self) -> int:
        """An update_id that no update had."""
        return next(_numbers)

    # --- as whoever reaches the webhook ---

    def post(self, body: object, *, status: int = 200, **how: Any) -> HttpResponse:
        """POST this to the bot's webhook; `how` as `post` of the webhook's own tests says. What
        follows from it happens."""
        response = post(how.pop("bot", self.bot), body, **how)
        assert response.status_code == status, (response.status_code, response.content)
        self.talk.settle()
        return response

    # --- as Telegram tells it, of whomever and whatever ---

    def hear(self, kind: str, body: Json) -> InboundUpdate:
        """An update of this kind, as it stands in the inbox once it is handled."""
        self.talk.telegram.queue_update(self.talk.telegram_bot, kind, body)
        self.talk.settle()
        return InboundUpdate.objects.filter(bot=self.talk.bot).latest("update_id")

    def press(
        self, who: SandboxChat, data: str, message: Json | None = None, **more: object
    ) -> InboundUpdate:
        """They press, under the alert's message unless `message` says otherwise."""
        shown = self.alert_message().message if message is None else message
        query = {
            "id": str(next(_queries)),
            "from": person(who),
            "message": {name: value for name, value in shown.items() if name != "from"},
            "chat_instance": "1",
            "data": data,
        }
        return self.hear("callback_query", {k: v for k, v in (query | more).items() if v})

    def write(self, who: SandboxChat, chat: SandboxChat, text: str, **more: object) -> None:
        """They write there, with the commands' marks that Telegram makes."""
        self.talk.say(chat, text, from_id=who.id, **more)

    # --- what is there ---

    def alert_message(self) -> SandboxMessage:
        """Home's alert, in its group."""
        number = self.home.message_of("DiskFull")
        shown = self.talk.messages(self.home.group)
        return next(one for one in shown if one.message_id == number)

    def shown_in(self, chat: SandboxChat, *words: str) -> SandboxMessage:
        """The newest message of a bot there that says this."""
        shown = reversed(self.talk.telegram.messages(chat))
        return next(one for one in shown if one.bot_id and all(word in one.text for word in words))

    def button(self, label: str, message: SandboxMessage | None = None) -> str:
        """What stands behind it."""
        shown = buttons_of(message or self.alert_message())
        data: str = next(one["callback_data"] for one in shown if one["text"].startswith(label))
        return data

    def result_of_theirs(self) -> str:
        """The ID of the inline result that the neighbour's alert would be."""
        [group] = find_groups([self.neighbour.pk], "Secret", 0, 2)
        return f"1g{group.pk.hex}"


def named(scene: Scene, name: str) -> SandboxChat:
    """The person or chat of this name."""
    found: SandboxChat = getattr(scene.home, name, None) or getattr(scene, name)
    return found


def person(who: SandboxChat) -> Json:
    """Bot API User."""
    return {"id": who.id, "is_bot": False, "first_name": who.title}


def private(who: SandboxChat) -> Json:
    """Bot API Chat."""
    return {"id": who.id, "type": "private", "first_name": who.title}


def make_scene(talk: Talk) -> Scene:
    """The bot is Telegram's own as far as this installation knows, so that a borrower's members
    count, and its updates come by webhook."""
    home = make_stage(talk, title="Ops")
    Bot.objects.filter(pk=talk.bot.pk).update(api_url="")
    _agree(talk.bot)
    lobby, elsewhere, other_bot = _more_chats(home)
    neighbour, olga, neil = make_organization(name="Neighbour"), *_two(talk)
    lend_bot(COMMAND_LINE, talk.bot, neighbour)
    talk.link(olga.id, Role.OWNER)
    admin = make_membership(organization=neighbour, role=Role.ADMIN)
    TelegramIdentity.objects.create(user=admin.user, telegram_id=neil.id, name="Neil")
    TelegramIdentity.objects.update(bot=None)
    theirs, their_channel, key = _their_chat(talk, neighbour)
    for chat in (home.group, lobby, elsewhere, theirs):
        Chat.objects.filter(chat_id=chat.id).update(type=chat.kind, title=chat.title)
    home.fire("DiskFull", "HighCPU")
    replace(home, key=key).fire("Secret")
    create_approval(COMMAND_LINE, _fresh(their_channel), title="Their deploy?")
    _fill(home)
    nora, paul = Person(talk.organization, Role.ADMIN), Person(talk.organization)
    codes = [
        _code(who, talk.bot, kind)
        for who, kind in (
            (nora.membership, Kind.PERSON),
            (nora.membership, Kind.GROUP),
            (admin, Kind.GROUP),
        )
    ]
    people = (olga, nora, paul, Person(neighbour))
    return Scene(home, *people, neighbour, theirs, neil, lobby, elsewhere, other_bot, *codes)


def _two(talk: Talk) -> tuple[SandboxChat, SandboxChat]:
    return talk.private_chat(), talk.private_chat()


def _agree(bot: Bot) -> None:
    """Webhooks are its way, and agreed on; the sandbox is not told, so the test hears them."""
    Bot.objects.filter(pk=bot.pk).update(updates=Bot.Updates.WEBHOOK)
    values = {"way": "webhook", "is_settled": True, "bot_proven_at": bot.proven_at}
    Reception.objects.update_or_create(bot=bot, defaults=values)
    bot.refresh_from_db()


def _more_chats(home: Stage) -> tuple[SandboxChat, SandboxChat, Bot]:
    """Home's other chat, and the one that its other bot tells."""
    talk = home.talk
    their_bot = talk.telegram.create_bot()
    other_bot = make_bot(talk.organization, name="Other bot", token=their_bot.token)
    _agree(other_bot)
    lobby = talk.telegram.create_chat("supergroup", bot=talk.telegram_bot, title="Lobby")
    elsewhere = talk.telegram.create_chat("supergroup", bot=their_bot, title="Elsewhere")
    members = {"actions": NotificationChannel.Actions.MEMBERS}
    channels = [
        home.channel,
        make_channel(talk.bot, chat_id=lobby.id, **members),
        make_channel(other_bot, chat_id=elsewhere.id, **members),
    ]
    set_channels(COMMAND_LINE, default_route(talk.organization), channels)
    return lobby, elsewhere, other_bot


def _their_chat(
    talk: Talk, neighbour: Organization
) -> tuple[SandboxChat, NotificationChannel, str]:
    chat = talk.telegram.create_chat("supergroup", bot=talk.telegram_bot, title="Theirs")
    members = NotificationChannel.Actions.MEMBERS
    channel = make_channel(talk.bot, organization=neighbour, chat_id=chat.id, actions=members)
    _, key = create_integration(COMMAND_LINE, neighbour, "Prometheus")
    set_channels(COMMAND_LINE, default_route(neighbour), [channel])
    return chat, channel, key


def _fill(home: Stage) -> None:
    """A silence, a reminder, an own command, and questions: one to the group, and one to Ada in
    there."""
    organization, now = home.talk.organization, clock.now()
    until = now + timedelta(hours=2)
    create_silence(COMMAND_LINE, organization, Wanted('alertname="Backup"', now, until, "restore"))
    ada = Actor("Ada Lovelace", Way.TELEGRAM, home.member.user)
    later = now + timedelta(days=3)
    make_reminder(ada, organization, home.ada.id, Where(home.channel.chat), "rotate", later)
    create_approval(COMMAND_LINE, _fresh(home.channel), title="Deploy 2.4.1?")
    _own_command(home)
    home.says(home.ada, f"/silence@{home.talk.bot.username}")


def _own_command(home: Stage) -> None:
    """One that Ada has yet to confirm."""
    owner = home.talk.organization
    saved = create_endpoint(COMMAND_LINE, owner, name="House", url="https://example.org/")
    create_action(
        COMMAND_LINE,
        owner,
        name="lights",
        description="Lights",
        endpoint=saved.endpoint,
        button="Lights",
        confirm=True,
    )
    home.says(home.ada, "/lights")


def _fresh(channel: NotificationChannel) -> NotificationChannel:
    return NotificationChannel.objects.select_related("chat__bot").get(pk=channel.pk)


def _code(who: Membership, bot: Bot, kind: Kind) -> str:
    actor = Actor(who.user.email, Way.CONSOLE, who.user)
    return link_codes.issue(actor, who.organization, bot, kind)[1]


def over(code: str) -> None:
    """Its ten minutes have passed."""
    passed = clock.now() - timedelta(seconds=1)
    digest = hashlib.sha256(code.encode()).hexdigest()
    assert LinkCode.objects.filter(code_hash=digest).update(expires_at=passed)
