"""Whose a private chat is on a bot that serves several organizations."""

from collections.abc import Callable

import pytest

from accounts.audit import COMMAND_LINE
from accounts.models import Role
from channels_app.channels import ChannelRefused, change_channel, create_channel, delete_channel
from channels_app.loans import lend_bot, take_back
from channels_app.models import Chat, NotificationChannel
from chatops.context import Context, make_context
from chatops.incoming import read_update
from chatops.models import Conversation, TelegramIdentity
from chatops.replies import tell_chat
from deliveries import clock
from deliveries.models import Delivery, Stream
from deliveries.outbox import open_stream
from tests.chatops.conftest import Talk
from tests.factories import make_channel, make_membership, make_organization

ADA = 4242


@pytest.fixture
def talk(make_talk: Callable[..., Talk]) -> Talk:
    return make_talk()


def claim(talk: Talk, organization: object, chat_id: int | str = ADA) -> NotificationChannel:
    """By its number, as the console and REST do."""
    return create_channel(
        COMMAND_LINE,
        organization,  # type: ignore[arg-type]  # an Organization; mypy knows no factories
        name="Taken",
        bot=talk.bot,
        chat_id=chat_id,
    )


@pytest.mark.parametrize("is_known", [True, False])
def test_a_borrower_takes_no_strangers_chat(talk: Talk, is_known: bool) -> None:
    borrower = make_organization()
    lend_bot(COMMAND_LINE, talk.bot, borrower)
    if is_known:
        Chat.objects.create(organization=talk.organization, bot=talk.bot, chat_id=ADA)
    with pytest.raises(ChannelRefused, match="a link that they open") as refusal:
        claim(talk, borrower, str(ADA))
    assert refusal.value.field == "chat_id"
    group = claim(talk, borrower, -100777)
    with pytest.raises(ChannelRefused, match="a link that they open"):
        change_channel(COMMAND_LINE, group, chat_id=ADA)
    assert not Chat.objects.filter(organization=borrower, chat_id=ADA).exists()


def test_a_borrower_takes_a_members_chat_and_the_owner_any(talk: Talk) -> None:
    member = make_membership(role=Role.VIEWER)
    lend_bot(COMMAND_LINE, talk.bot, member.organization)
    TelegramIdentity.objects.create(user=member.user, bot=talk.bot, telegram_id=ADA, name="Ada")
    channel = claim(talk, member.organization)
    TelegramIdentity.objects.all().delete()
    change_channel(COMMAND_LINE, channel, chat_id=-100777)
    with pytest.raises(ChannelRefused):
        change_channel(COMMAND_LINE, channel, chat_id=ADA)
    assert claim(talk, talk.organization, ADA + 1).chat.chat_id == ADA + 1


def test_a_member_of_another_bots_word_or_a_former_one_proves_nothing(
    make_talk: Callable[..., Talk],
) -> None:
    talk, other = make_talk(), make_talk()
    member = make_membership(role=Role.VIEWER)
    lend_bot(COMMAND_LINE, talk.bot, member.organization)
    row = TelegramIdentity.objects.create(
        user=member.user, bot=other.bot, telegram_id=ADA, name="Ada"
    )
    with pytest.raises(ChannelRefused):
        claim(talk, member.organization)
    TelegramIdentity.objects.filter(pk=row.pk).update(bot=talk.bot)
    organization = member.organization
    member.delete()
    with pytest.raises(ChannelRefused):
        claim(talk, organization)


@pytest.mark.parametrize("has_others", ["said", "asked", ""])
def test_a_deleted_channel_takes_nothing_of_others_with_it(talk: Talk, has_others: str) -> None:
    borrower = make_organization()
    lend_bot(COMMAND_LINE, talk.bot, borrower)
    channel = make_channel(talk.bot, organization=borrower, chat_id=ADA)
    if has_others == "said":
        open_stream(talk.organization, channel.chat)
    elif has_others == "asked":
        Conversation.objects.create(
            organization=talk.organization,
            chat=channel.chat,
            telegram_user_id=ADA,
            kind="comment",
            step="text",
            started_at=clock.now(),
            expires_at=clock.now(),
        )
    open_stream(borrower, channel.chat)
    delete_channel(COMMAND_LINE, channel)
    kept = Chat.objects.filter(chat_id=ADA).first()
    assert (kept is not None) == bool(has_others)
    assert Stream.objects.filter(organization=talk.organization).exists() == (has_others == "said")
    assert Conversation.objects.exists() == (has_others == "asked")
    if kept is not None:
        assert kept.organization_id == talk.organization.pk, "it is free again"


def heard(talk: Talk, chat_id: int = ADA, who: int = ADA) -> Context:
    """What is known when somebody writes there."""
    kind = "private" if chat_id > 0 else "supergroup"
    message = {
        "message_id": 1,
        "chat": {"id": chat_id, "type": kind, "first_name": "Ada", "title": "Ops"},
        "from": {"id": who, "is_bot": False, "first_name": "Ada"},
        "date": 1,
        "text": "hello",
    }
    return make_context(talk.bot, read_update({"update_id": 1, "message": message}), {})


def test_a_members_private_chat_is_their_own_whatever_channel_is_there(talk: Talk) -> None:
    borrower = make_organization()
    lend_bot(COMMAND_LINE, talk.bot, borrower)
    make_channel(talk.bot, organization=borrower, chat_id=ADA)
    context = heard(talk)
    assert (context.organization, context.membership) == (borrower, None), "a stranger's"
    member = talk.link(ADA)
    context = heard(talk)
    assert (context.organization, context.membership) == (talk.organization, member)
    assert context.channels == ()


def test_a_private_chat_is_its_channels_where_the_person_is_a_member_there(talk: Talk) -> None:
    channel = make_channel(talk.bot, chat_id=ADA)
    member = talk.link(ADA)
    context = heard(talk)
    assert (context.membership, context.channels) == (member, (channel,))


@pytest.mark.parametrize("chat_id", [ADA, -100777])
def test_a_chat_is_not_its_owners_any_more_once_the_loan_has_ended(
    talk: Talk, chat_id: int
) -> None:
    borrower = make_organization()
    grant = lend_bot(COMMAND_LINE, talk.bot, borrower)
    make_channel(talk.bot, organization=borrower, chat_id=chat_id)
    assert heard(talk, chat_id).organization == borrower
    take_back(COMMAND_LINE, grant)
    context = heard(talk, chat_id)
    assert (context.organization, context.channels) == (None, ())


@pytest.mark.parametrize("ends", [True, False])
def test_what_a_borrower_says_to_people_is_not_sent_once_the_loan_has_ended(
    talk: Talk, ends: bool
) -> None:
    borrower = make_organization()
    grant = lend_bot(COMMAND_LINE, talk.bot, borrower)
    person = talk.private_chat()
    chat = make_channel(talk.bot, chat_id=person.id).chat
    tell_chat(borrower.pk, chat, 0, "from the borrower", None)
    tell_chat(talk.organization.pk, chat, 0, "from the owner", None)
    if ends:
        take_back(COMMAND_LINE, grant)
    talk.settle()
    own = ["from the owner"]
    assert sorted(talk.texts(person)) == (own if ends else ["from the borrower", *own])
    assert not Delivery.objects.filter(state__in=["waiting", "in_flight"]).exists()
