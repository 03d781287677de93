"""What is deleted goes with what hangs on it, or says what stands in the way."""

import pytest
from django.core.management import CommandError, call_command

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry, Organization
from alerts.models import GroupMessage
from alerts.routes import create_route
from channels_app import bots, channels, loans
from channels_app.models import Bot, BotGrant, Chat, NotificationChannel
from deliveries.models import Delivery
from tests.alerts.senders import alert, make_site, webhook
from tests.console import Person
from tests.factories import make_bot, make_channel, make_organization
from tests.rest import Api, problem_of

pytestmark = pytest.mark.django_db


def test_a_bot_in_use_says_what_stands_in_the_way() -> None:
    person = Person()
    bot = make_bot(person.organization)
    channel = make_channel(bot)
    borrower = make_organization()
    grant = loans.lend_bot(COMMAND_LINE, bot, borrower)
    path = f"/channels_app/bot/{bot.pk}/delete/"
    api = Api(person.organization)

    def refused(words: str) -> None:
        assert words in problem_of(api.delete(f"bots/{bot.pk}/"), 409)["detail"]
        assert words in person.read(person.send(path, post="yes"))
        assert Bot.objects.filter(pk=bot.pk).exists()

    refused("1 of your channels")
    channels.delete_channel(COMMAND_LINE, channel)
    refused("Take it back under Bot grants")
    loans.take_back(COMMAND_LINE, grant)
    person.send(path, post="yes")
    assert not Bot.objects.filter(pk=bot.pk).exists()


def test_a_former_borrower_can_not_hold_a_bot_back_and_reads_where_its_channel_went() -> None:
    lender, borrower = Person(), make_organization()
    bot = make_bot(lender.organization)
    grant = loans.lend_bot(COMMAND_LINE, bot, borrower)
    make_channel(bot, organization=borrower, name="Theirs")
    loans.take_back(COMMAND_LINE, grant)
    lender.send(f"/channels_app/bot/{bot.pk}/delete/", post="yes")
    assert not Bot.objects.exists()
    entry = AuditEntry.objects.for_organization(borrower).first()
    assert entry is not None
    assert (entry.action, entry.object_name) == ("delete", "Theirs")


def test_a_borrower_learns_who_lends_and_not_which_person_from_where() -> None:
    lender, borrower = Person(), Person()
    bot = make_bot(lender.organization)
    lender.send("/channels_app/botgrant/add/", bot=bot.pk, borrower=borrower.organization.pk)
    make_channel(bot, organization=borrower.organization)
    grant = BotGrant.objects.get()
    lender.send(f"/channels_app/botgrant/{grant.pk}/delete/", post="yes")
    lender.send(f"/channels_app/bot/{bot.pk}/delete/", post="yes")
    entries = AuditEntry.objects.for_organization(borrower.organization)
    assert {"receive", "lose", "delete"} <= set(entries.values_list("action", flat=True))
    shown = borrower.read("/accounts/auditentry/")
    assert lender.organization.name in shown
    assert lender.membership.user.email not in shown
    assert set(entries.values_list("ip_address", flat=True)) == {None}
    own = AuditEntry.objects.for_organization(lender.organization).filter(action="take back").get()
    assert (own.actor, own.ip_address) == (lender.membership.user, "127.0.0.1")


@pytest.mark.parametrize("gone", ["channel", "bot"])
def test_a_chat_goes_whose_channel_was_pointed_elsewhere_while_alerts_were_open(gone: str) -> None:
    site = make_site()
    [moved] = site.channels
    former = moved.chat
    site.post(webhook(alert()))
    assert GroupMessage.objects.get().stream.chat == former
    other = make_channel(former.bot, chat_id=former.chat_id)
    channels.change_channel(COMMAND_LINE, moved, bot=make_bot(site.organization, name="New"))
    if gone == "bot":
        channels.delete_channel(COMMAND_LINE, other)
        bots.delete_bot(COMMAND_LINE, former.bot)
    else:
        channels.delete_channel(COMMAND_LINE, other)
    assert not Chat.objects.filter(pk=former.pk).exists()
    row = GroupMessage.objects.get()
    assert (row.stream.chat_id, row.due_at is not None) == (row.channel.chat_id, True)


def test_every_delete_of_the_console_ends_in_words() -> None:
    person = Person()
    site = make_site()
    person.membership.organization = person.organization = site.organization
    person.membership.save()
    site.post(webhook(alert()))
    route = create_route(COMMAND_LINE, site.organization, "Databases", channels=site.channels)
    for path in (
        f"/accounts/membership/{person.membership.pk}/delete/",
        f"/alerts/route/{route.pk}/delete/",
        f"/channels_app/bot/{site.channels[0].chat.bot_id}/delete/",
        f"/channels_app/notificationchannel/{site.channels[0].pk}/delete/",
        f"/alerts/integration/{site.integration.pk}/delete/",
    ):
        assert "tocsin" in person.read(path).lower()
        person.read(person.send(path, post="yes"))


def test_the_operator_deletes_an_organization_with_its_bots_and_loans(
    capsys: pytest.CaptureFixture[str],
) -> None:
    leaving = make_site()
    borrower = make_site()
    bot = leaving.channels[0].chat.bot
    loans.lend_bot(COMMAND_LINE, bot, borrower.organization)
    theirs = make_channel(bot, organization=borrower.organization, name="On the lent bot")
    for site in (leaving, borrower):
        site.post(webhook(alert()))
    slug = leaving.organization.slug
    with pytest.raises(CommandError, match="--yes"):
        call_command("delete_organization", slug)
    assert "On the lent bot" in capsys.readouterr().out
    call_command("delete_organization", slug, "--yes")
    assert list(Organization.objects.all()) == [borrower.organization]
    assert not NotificationChannel.objects.filter(pk=theirs.pk).exists()
    assert not Bot.objects.filter(pk=bot.pk).exists()
    assert not Delivery.objects.exclude(organization=borrower.organization).exists()
    with pytest.raises(CommandError, match="no organization"):
        call_command("delete_organization", slug)
