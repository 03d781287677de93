"""What people do, also said in replies: where it is wished for, and where there is room."""

from datetime import timedelta

import pytest

from accounts.audit import Actor
from accounts.models import Way
from alerts import publish, responding, trail
from alerts.models import AlertGroup
from alerts.muting.silences import Wanted
from channels_app.models import NotificationChannel
from deliveries import clock
from deliveries.models import Delivery, SentMessage
from tests.alerts.senders import Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db

ANNA = Actor(name="Anna <b>", way=Way.CONSOLE)


@pytest.fixture
def site() -> Site:
    """Two channels show an alert; the second one wishes for a trail."""
    site = make_site(2)
    site.post(webhook(alert()))
    publish.publish_due()
    Delivery.objects.update(state="sent", attempts=1)
    SentMessage.objects.update(state="shown", message_id=7)
    NotificationChannel.objects.filter(pk=site.channels[1].pk).update(trail=True)
    return site


def group_of(site: Site) -> AlertGroup:
    return AlertGroup.objects.get(organization=site.organization)


def replies(site: Site) -> list[Delivery]:
    rows = Delivery.objects.filter(organization=site.organization, purpose="notice")
    return list(rows.select_related("reply_to").order_by("id"))


def test_each_action_is_said_once_and_without_a_sound(site: Site) -> None:
    group, now = group_of(site), clock.now()
    responding.acknowledge(ANNA, group)
    responding.acknowledge(ANNA, group)
    responding.unacknowledge(ANNA, group)
    responding.comment(ANNA, group, "looking\nat it")
    matchers = [one.to_json() for one in responding.matchers_of_group(group)]
    responding.silence_group(ANNA, group, Wanted(matchers, now, now + timedelta(hours=1)))
    responding.resolve(ANNA, group)
    said = replies(site)
    name = "Anna &lt;b&gt;"
    assert [one.params["text"].partition(" until ")[0] for one in said] == [
        f"👀 Acknowledged by {name}",
        f"Acknowledgement withdrawn by {name}",
        f"💬 {name}: looking at it",
        "🔇 Silenced",
        f"✅ Resolved by {name}",
    ]
    for one in said:
        assert one.channel == site.channels[1]
        assert one.params["disable_notification"] is True
        assert one.reply_to is not None
        assert one.priority == Delivery.Priority.LOW


def test_what_waits_in_the_chat_is_not_made_longer_by_it(site: Site) -> None:
    group = group_of(site)
    for number in range(trail.WAITING_MAX + 1):
        responding.comment(ANNA, group, f"comment {number}")
    assert len(replies(site)) == trail.WAITING_MAX + 1
    responding.acknowledge(ANNA, group)
    assert len(replies(site)) == trail.WAITING_MAX + 1
    assert group_of(site).acknowledged_by == ANNA.name


def test_a_chat_that_shows_nothing_of_it_reads_nothing(site: Site) -> None:
    SentMessage.objects.update(state="forgotten")
    responding.acknowledge(ANNA, group_of(site))
    assert replies(site) == []
