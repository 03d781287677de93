"""Chats that are connected from within Telegram alone: where the bot was added by hand, and those
that are chosen after /newchannel."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organization, Role
from channels_app.loans import lend_bot
from channels_app.models import NotificationChannel
from chatops.linking import arrivals, chat_offers
from chatops.linking.link_codes import Kind
from chatops.models import ChatOffer, TelegramIdentity, UnclaimedChat
from deliveries import clock
from languages.speaking import gettext, speaking
from tests.chatops.conftest import Talk
from tests.chatops.linking import actor_of, added, group, issue, last, member, named, start
from tests.factories import make_channel, make_membership
from tests.sandbox.process import SandboxChat


@pytest.fixture
def talk(make_talk: Callable[..., Talk]) -> Talk:
    return named(make_talk())


def press(talk: Talk, chat: SandboxChat, who: int, number: int = 0, data: str = "") -> str:
    """A press on a button of the last message; what the window or toast says."""
    said = [one for one in talk.telegram.messages(chat) if one.bot_id][-1]
    buttons = said.message["reply_markup"]["inline_keyboard"][0]
    value = {
        "id": str(said.message_id * 1000 + talk.telegram.cursor()),
        "from": {"id": who, "is_bot": False, "first_name": "Ada"},
        "chat_instance": "1",
        "message": said.message,
        "data": data or buttons[number]["callback_data"],
    }
    talk.telegram.queue_update(talk.telegram_bot, "callback_query", value)
    talk.settle()
    calls = talk.telegram.calls("answerCallbackQuery", bot=talk.telegram_bot)
    return str(calls[-1].parameters.get("text", ""))


class TestWithoutALink:
    """The bot was added to a group by hand."""

    def arrive(self, talk: Talk, who: int) -> SandboxChat:
        chat = group(talk, members=[who])
        added(talk, chat.id, who)
        UnclaimedChat.objects.update(offer_at=clock.now())
        return chat

    def test_it_offers_itself_once(self, talk: Talk) -> None:
        chat = self.arrive(talk, talk.private_chat().id)
        assert arrivals.sweep() == 1
        assert arrivals.sweep() == 0
        talk.settle()
        assert "An administrator of this group can connect it" in last(talk, chat)

    @pytest.mark.parametrize(
        ("own", "organization", "spoken"),
        [("es", "de", "es"), ("", "de", "de"), (None, "de", "de")],
    )
    def test_it_offers_itself_in_the_language_of_who_brought_it(
        self, talk: Talk, own: str | None, organization: str, spoken: str
    ) -> None:
        Organization.objects.filter(pk=talk.organization.pk).update(language=organization)
        who = talk.private_chat().id
        if own is not None:
            talk.link(who)
            TelegramIdentity.objects.filter(telegram_id=who).update(language=own)
        chat = self.arrive(talk, who)
        arrivals.sweep()
        talk.settle()
        with speaking(spoken):
            assert last(talk, chat) == gettext(arrivals.OFFER_TEXT)

    def test_it_says_nothing_where_a_link_was_used(self, talk: Talk) -> None:
        who = member(talk)
        _, code = issue(talk, Kind.GROUP, who)
        chat = self.arrive(talk, talk.private_chat().id)
        start(talk, chat, code)
        arrivals.sweep()
        talk.settle()
        assert "Go back" in last(talk, chat)
        chat_offers.connect(actor_of(who), ChatOffer.objects.get())
        assert not UnclaimedChat.objects.exists()

    @pytest.mark.parametrize(
        ("role", "is_admin", "said"),
        [
            (None, True, "Link your Telegram account first"),
            (Role.RESPONDER, True, "Only owners and admins of an organization"),
            (Role.ADMIN, False, "Only an administrator of this chat"),
            (Role.ADMIN, True, "Connected as Operations"),
        ],
    )
    def test_who_presses_the_button_needs_both(
        self, talk: Talk, role: str | None, is_admin: bool, said: str
    ) -> None:
        who = talk.private_chat().id
        if role:
            talk.link(who, role)
        chat = self.arrive(talk, who)
        arrivals.sweep()
        talk.settle()
        if is_admin:
            talk.telegram.change_member(chat, who, "administrator")
        assert said in press(talk, chat, who)
        connected = said.startswith("Connected")
        assert NotificationChannel.objects.exists() == connected
        assert UnclaimedChat.objects.exists() != connected

    def test_it_leaves_what_nobody_wanted(self, talk: Talk) -> None:
        chat = self.arrive(talk, 5)
        assert arrivals.leave_due() == 0
        UnclaimedChat.objects.update(leave_at=clock.now())
        assert arrivals.leave_due() == 1
        assert not UnclaimedChat.objects.exists()
        assert talk.telegram.calls("leaveChat", bot=talk.telegram_bot)[-1].chat_id == chat.id

    def test_it_stays_where_somebody_made_it_a_channel_by_hand(self, talk: Talk) -> None:
        chat = self.arrive(talk, 5)
        make_channel(talk.bot, chat_id=chat.id)
        UnclaimedChat.objects.update(leave_at=clock.now())
        assert arrivals.leave_due() == 0
        assert arrivals.sweep() == 1
        assert not UnclaimedChat.objects.exists()


class TestChosen:
    """After /newchannel."""

    def choose(self, talk: Talk, private: SandboxChat, chat: SandboxChat, button: str) -> None:
        talk.telegram.act(
            f"/chats/{private.id}/keyboard",
            text=button,
            chosen=[chat.id],
            bot_id=talk.telegram_bot.id,
        )
        talk.settle()

    @pytest.mark.parametrize("kind", ["group", "channel"])
    def test_what_an_admin_chooses_is_connected_by_a_button(self, talk: Talk, kind: Any) -> None:
        private = talk.private_chat()
        talk.link(private.id, Role.ADMIN)
        where: Any = "supergroup" if kind == "group" else "channel"
        chat = talk.telegram.create_chat(
            where, bot=talk.telegram_bot, state="not_member", title="Ops", members=[private.id]
        )
        talk.telegram.change_member(chat, private.id, "creator")
        talk.settle()
        talk.say(private, "/newchannel")
        self.choose(talk, private, chat, f"Choose a {kind}")
        assert "Connect Ops as a channel of" in last(talk, private)
        assert not NotificationChannel.objects.exists()
        assert press(talk, private, private.id) == "Connected as Ops."
        channel = NotificationChannel.objects.get()
        assert (channel.chat.chat_id, channel.chat.type) == (chat.id, where)
        assert "gets alerts" in last(talk, private)

    def test_who_adds_the_bot_to_a_channel_is_asked_in_private(self, talk: Talk) -> None:
        private, stranger = talk.private_chat(), talk.private_chat()
        talk.link(private.id, Role.ADMIN)
        rights: dict[str, Any] = {"kind": "channel", "after": "administrator"}
        added(talk, -100888, stranger.id, **rights, can_post_messages=True, title="Theirs")
        added(talk, -100777, private.id, **rights, can_post_messages=True, title="News")
        assert last(talk, stranger) == ""
        assert "Connect News as a channel of" in last(talk, private)
        assert press(talk, private, private.id) == "Connected as News."
        assert NotificationChannel.objects.get().chat.chat_id == -100777
        assert UnclaimedChat.objects.get().chat_id == -100888

    def chosen(self, talk: Talk, private: SandboxChat, chat: SandboxChat) -> None:
        """As Telegram tells it, whatever button was there."""
        value = {
            "message_id": 77,
            "date": 1,
            "chat": {"id": private.id, "type": "private", "first_name": "Ada"},
            "from": {"id": private.id, "is_bot": False, "first_name": "Ada"},
            "chat_shared": {"request_id": 1, "chat_id": chat.id, "title": "Ops"},
        }
        talk.telegram.queue_update(talk.telegram_bot, "message", value)
        talk.settle()

    @pytest.mark.parametrize(
        ("role", "status", "said"),
        [
            (None, "administrator", "Link your Telegram account first"),
            (Role.RESPONDER, "administrator", "Only owners and admins"),
            (Role.ADMIN, "member", "Only an administrator of this chat"),
        ],
    )
    def test_others_connect_nothing(
        self, talk: Talk, role: str | None, status: str, said: str
    ) -> None:
        private, chat = talk.private_chat(), group(talk)
        talk.telegram.change_member(chat, private.id, status)
        if role is not None:
            talk.link(private.id, role)
        self.chosen(talk, private, chat)
        assert said in last(talk, private)
        assert not ChatOffer.objects.exists()
        if said.startswith("Only an administrator"):
            return
        talk.say(private, "/newchannel")
        assert said in last(talk, private)

    def test_another_organizations_chat_is_refused_without_a_name(self, talk: Talk) -> None:
        borrower, private, chat = make_membership(role=Role.ADMIN), talk.private_chat(), group(talk)
        talk.bot.save()
        lend_bot(actor_of(member(talk)), talk.bot, borrower.organization)
        talk.telegram.change_member(chat, private.id, "administrator")
        talk.link(private.id, Role.ADMIN)
        make_channel(talk.bot, chat_id=chat.id, organization=borrower.organization)
        self.chosen(talk, private, chat)
        assert "in use with this bot already" in last(talk, private)
        assert borrower.organization.name not in last(talk, private)

    def test_an_offer_is_answered_by_whom_it_was_made_to(self, talk: Talk) -> None:
        private, chat, other = talk.private_chat(), group(talk), talk.private_chat()
        talk.telegram.change_member(chat, private.id, "administrator")
        linked = talk.link(private.id, Role.ADMIN)
        talk.link(other.id, Role.OWNER)
        self.chosen(talk, private, chat)
        assert "over" in press(talk, private, other.id)
        linked.role = Role.VIEWER
        linked.save()
        assert "Only owners and admins" in press(talk, private, private.id)
        linked.role = Role.ADMIN
        linked.save()
        press(talk, private, private.id, number=1)
        assert last(talk, private) == "Not connected."
        assert not NotificationChannel.objects.exists()
