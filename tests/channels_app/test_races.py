"""Two requests that meet at one name or chat.

Meant for PostgreSQL (DATABASE_URL): on SQLite one transaction writes at a time, and then the same
requests come one after another and must hear the same.
"""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from accounts.audit import COMMAND_LINE
from alerts import publish
from alerts.models import GroupMessage
from channels_app import bots, channels, loans
from channels_app.models import Chat
from tests import clock
from tests.alerts.senders import LATER, alert, make_site, webhook
from tests.factories import make_bot, make_channel, make_organization, make_token

pytestmark = pytest.mark.django_db(transaction=True)


def meeting(first: Callable[[], object], second: Callable[[], object]) -> str:
    """Do both, the second while the first has not committed yet. The `field` that the second one
    hears is refused, "" for none."""
    heard: list[str] = []

    def run() -> None:
        try:
            second()
            heard.append("")
        except ValueError as refusal:
            heard.append(str(getattr(refusal, "field", refusal)))
        except Exception as error:  # what a caller would see as an error of ours
            heard.append(repr(error))
        finally:
            connection.close()

    if connection.vendor != "postgresql":
        first()
        run()
        return heard[0]
    thread = threading.Thread(target=run)
    with transaction.atomic():
        first()
        thread.start()
        _wait_until_somebody_waits(thread)
    thread.join(60)
    return heard[0]


def _wait_until_somebody_waits(thread: threading.Thread) -> None:
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    ends_at = clock.now() + 10
    while thread.is_alive() and clock.now() < ends_at:
        with connection.cursor() as cursor:
            cursor.execute(asked + " AND datname = current_database()")
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.02)


def test_two_organizations_claim_one_chat() -> None:
    owner, borrower = make_organization(), make_organization()
    bot = make_bot(owner)
    loans.lend_bot(COMMAND_LINE, bot, borrower)
    refused = meeting(
        lambda: make_channel(bot, chat_id=-100777),
        lambda: make_channel(bot, organization=borrower, chat_id=-100777),
    )
    assert refused == "chat_id"
    assert Chat.objects.get().organization == owner


def test_two_requests_of_one_organization_claim_one_chat() -> None:
    bot = make_bot(make_organization())
    assert not meeting(
        lambda: make_channel(bot, chat_id="@Ops_alerts"),
        lambda: make_channel(bot, chat_id="@ops_alerts"),
    )
    assert Chat.objects.count() == 1


def test_two_channels_of_one_name() -> None:
    bot = make_bot(make_organization())
    assert meeting(
        lambda: make_channel(bot, name="Ops"), lambda: make_channel(bot, name="Ops")
    ) == ("name")


def test_a_channel_comes_while_the_last_one_of_its_chat_goes() -> None:
    bot = make_bot(make_organization())
    last = make_channel(bot, chat_id=-100777)
    assert not meeting(
        lambda: channels.delete_channel(COMMAND_LINE, last),
        lambda: make_channel(bot, chat_id=-100777),
    )
    assert Chat.objects.get().channels.count() == 1


def test_a_channel_comes_while_its_bot_goes() -> None:
    bot = make_bot(make_organization())
    refused = meeting(
        lambda: bots.delete_bot(COMMAND_LINE, bot), lambda: make_channel(bot, name="Late")
    )
    assert refused == "bot"


def test_two_registrations_of_one_bot() -> None:
    organization = make_organization()
    refused = meeting(
        lambda: make_bot(organization, token=make_token(123456789), proven=False),
        lambda: make_bot(organization, token=make_token(123456789), proven=False),
    )
    assert refused == "token"


def test_a_change_that_was_read_before_telegram_disabled_the_bot_leaves_it_disabled() -> None:
    bot = make_bot(make_organization())
    channel = make_channel(bot)
    bots.disable_bot(bot, "wrong token")
    channels.disable_channel(channel, "blocked", {})
    changed = bots.change_bot(COMMAND_LINE, bot, name="Renamed")
    assert (changed.enabled, changed.proven_at) == (False, None)
    assert not channels.change_channel(COMMAND_LINE, channel, name="Renamed").enabled


def test_news_that_comes_while_the_chat_of_a_moved_channel_goes_stays_due() -> None:
    site = make_site()
    [moved] = site.channels
    former = moved.chat
    for status in ("firing", "resolved"):
        site.post(webhook(alert(status=status)))
    publish.publish_due()
    other = make_channel(former.bot, chat_id=former.chat_id)
    channels.change_channel(COMMAND_LINE, moved, bot=make_bot(site.organization, name="New"))
    assert GroupMessage.objects.get().due_at is None
    assert not meeting(
        lambda: site.post(webhook(alert(startsAt=LATER))),
        lambda: channels.delete_channel(COMMAND_LINE, other),
    )
    row = GroupMessage.objects.get()
    assert (row.group.is_open, row.stream.chat.bot.name) == (True, "New")
    assert row.due_at is not None
