"""A channel that is pointed to another chat while its groups burn."""

import pytest

from accounts.audit import COMMAND_LINE
from alerts import publish
from alerts.models import GroupMessage
from channels_app.channels import change_channel
from deliveries.models import Delivery
from tests.alerts.senders import alert, make_site, webhook

pytestmark = pytest.mark.django_db


def test_a_moved_channel_shows_its_open_groups_in_the_new_chat() -> None:
    site = make_site()
    site.post(webhook(alert()))
    publish.publish_due()
    former = GroupMessage.objects.get(organization=site.organization).stream
    (channel,) = site.channels
    channel = change_channel(COMMAND_LINE, channel, chat_id=4_000_001)
    site.post(webhook(alert(), alert("Another")))
    publish.publish_due()
    row = GroupMessage.objects.get(organization=site.organization)
    assert row.stream != former
    assert row.stream.chat == channel.chat
    (waiting,) = Delivery.objects.filter(organization=site.organization, state="waiting")
    assert (waiting.method, waiting.chat) == ("sendMessage", channel.chat)
    assert "Another" in waiting.params["text"]
