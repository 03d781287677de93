"""A lane as the run that holds it knows it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deliveries import lanes
from deliveries.held import HeldLane
from deliveries.models import Lane
from deliveries.schedule import Head
from deliveries.senders import Senders
from tests.factories import make_bot, make_channel, make_organization


@pytest.mark.django_db
def test_no_call_leaves_before_the_lanes_pause_has_ended() -> None:
    channel = make_channel(make_bot(make_organization()))
    chat, now = channel.chat, timezone.now()
    lane = Lane.objects.create(bot=chat.bot, not_before=now + timedelta(seconds=30))
    held = HeldLane(lane, lanes.Clock(), Senders(1))
    head = Head(
        delivery_id=chat.pk,
        bot_id=chat.bot_id,
        chat_id=chat.pk,
        organization_id=chat.organization_id,
        group=False,
        urgent=False,
        turn=0.0,
        not_before=0.0,
    )
    assert held.offer(head)
    assert held.pick(now.timestamp(), 0.02) is None
    picked = held.pick(now.timestamp(), 60.0)  # attempts are committed ahead of their calls
    assert picked is not None
    assert picked[1] == held.not_before
