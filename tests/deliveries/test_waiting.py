"""What waits in the outbox, laid aside, let go and taken back."""

import pytest

from channels_app.models import NotificationChannel
from deliveries import outbox, waiting
from deliveries.models import Delivery
from tests.deliveries.test_outbox import changed, channel, edit, rows, sent, text

__all__ = ["channel"]

pytestmark = pytest.mark.django_db
State = Delivery.State


def test_calls_to_a_disabled_channel_are_parked(channel: NotificationChannel) -> None:
    message = sent(channel, text("one"))
    assert waiting.park(channel) == 1
    NotificationChannel.objects.filter(pk=channel.pk).update(enabled=False)
    channel.refresh_from_db()
    sent(channel, text("two"), message.stream)
    changed(channel, message, edit("newest"))
    assert {state for _, _, state in rows(message)} == {State.PARKED}
    assert waiting.unpark(channel) == 2
    assert {state for _, _, state in rows(message)} == {State.WAITING}
    assert Delivery.objects.get(sequence=1).params["text"] == "newest"


def test_superseding_takes_back_what_was_never_attempted(channel: NotificationChannel) -> None:
    message = sent(channel, text("one"))
    assert waiting.supersede(message) == 1
    assert outbox.pending_for(message) is None
