"""Links, wrong ones and chats on offer go a day after they are over; what is open stays."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chatops.models import ChatOffer, LinkAttempt, LinkCode, UnclaimedChat
from chatops.purge import purge
from deliveries import clock
from tests.factories import make_bot, make_organization

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1, seconds=1)


def rows(at: datetime, mark: str, **unclaimed: Any) -> None:
    organization = make_organization()
    bot = make_bot(organization)
    code = LinkCode.objects.create(
        organization=organization,
        kind="group",
        bot=bot,
        bot_proven_at=bot.proven_at or at,
        code_hash=mark,
        created_at=at,
        expires_at=at,
    )
    shown = {"chat_id": -5, "type": "group", "title": mark}
    ChatOffer.objects.create(
        organization=organization,
        bot=bot,
        code=code,
        telegram_id=5,
        name="Ada",
        offered_at=at,
        **shown,
    )
    LinkAttempt.objects.create(bot=bot, telegram_id=5, at=at)
    UnclaimedChat.objects.create(
        bot=bot, added_by=5, arrived_at=at, leave_at=unclaimed.get("leave_at", at), **shown
    )


def test_what_is_over_goes_and_what_is_open_stays() -> None:
    now = clock.now()
    rows(now - DAY, "a day ago")
    rows(now, "now")
    assert purge() == 3
    assert [row.code_hash for row in LinkCode.objects.all()] == ["now"]
    assert [row.title for row in ChatOffer.objects.all()] == ["now"]
    assert LinkAttempt.objects.count() == 1
    assert UnclaimedChat.objects.count() == 2, "the bot leaves first"


def test_a_chat_that_a_bot_never_could_leave_is_forgotten_after_a_week() -> None:
    now = clock.now()
    rows(now - timedelta(days=8), "a week ago")
    rows(now - timedelta(days=8), "to be left yet", leave_at=now + timedelta(hours=1))
    purge()
    assert [row.title for row in UnclaimedChat.objects.all()] == ["to be left yet"]
