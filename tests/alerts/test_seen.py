"""Who acknowledges has seen what the messages list: that rings no more, and the rest still does."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.audit import COMMAND_LINE
from alerts import publish, responding, seen
from alerts.message_templates.changes import create_template
from alerts.models import AlertGroup, GroupMessage
from deliveries import clock
from deliveries.models import Delivery, SentMessage
from tests.alerts.senders import Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db

READ = seen.READING + timedelta(seconds=1)


def all_left(ago: timedelta = READ, **which: object) -> None:
    """Telegram took these calls so long ago."""
    now = clock.now()
    Delivery.objects.filter(state="waiting", **which).update(
        state="sent", attempts=1, settled_at=now - ago
    )
    SentMessage.objects.filter(state="expected").update(state="shown", message_id=1)


def some_time_passes() -> None:
    """More than the interval between two sounds."""
    GroupMessage.objects.update(sounded_at=clock.now() - timedelta(minutes=2), due_at=clock.now())


def joins(site: Site, *names: str) -> None:
    """Alerts of these names fire, beside the first one, and the messages list them."""
    site.post(webhook(alert(), *map(alert, names)))
    publish.publish_due()


def acknowledge(site: Site) -> None:
    assert responding.acknowledge(
        COMMAND_LINE, AlertGroup.objects.get(organization=site.organization)
    )
    publish.publish_due()


def notices(site: Site, *states: str) -> list[str]:
    rows = Delivery.objects.for_organization(site.organization).filter(purpose="notice")
    return [row.params["text"] for row in rows.filter(state__in=states)]


@pytest.fixture
def site() -> Site:
    """A group that two channels were told of."""
    site = make_site(2)
    site.post(webhook(alert()))
    publish.publish_due()
    all_left()
    return site


def test_a_reply_that_waits_is_taken_back_once_its_message_was_read(site: Site) -> None:
    some_time_passes()
    joins(site, "Disk")
    assert len(notices(site, "waiting")) == 2
    all_left(purpose="group")
    acknowledge(site)
    assert notices(site, "waiting") == []
    taken = Delivery.objects.filter(purpose="notice", state="superseded")
    assert {one.outcome for one in taken} == {"read and acknowledged"}
    assert len(taken) == 2


def one_waits() -> None:
    all_left(purpose="group")
    newest = Delivery.objects.filter(purpose="group").order_by("-id")[:1]
    Delivery.objects.filter(pk__in=[one.pk for one in newest]).update(state="waiting", attempts=0)


def one_died() -> None:
    all_left(purpose="group")
    newest = Delivery.objects.filter(purpose="group").order_by("-id")[:1]
    Delivery.objects.filter(pk__in=[one.pk for one in newest]).update(state="dead")


@pytest.mark.parametrize(
    "happens",
    [
        lambda: None,
        lambda: all_left(timedelta(seconds=1), purpose="group"),
        one_waits,
        one_died,
    ],
    ids=["nothing left", "nobody can have read it yet", "one channel waits", "one channel's died"],
)
def test_a_reply_about_what_they_may_not_have_seen_leaves(
    site: Site, happens: Callable[[], None]
) -> None:
    some_time_passes()
    joins(site, "Disk")
    happens()
    acknowledge(site)
    assert len(notices(site, "waiting")) == 2


def test_a_reply_under_way_is_left_alone(site: Site) -> None:
    some_time_passes()
    joins(site, "Disk")
    all_left(purpose="group")
    Delivery.objects.filter(purpose="notice").update(state="in_flight", attempts=1)
    acknowledge(site)
    assert len(notices(site, "in_flight")) == 2


def test_what_waits_for_the_interval_rings_no_more_once_it_was_read(site: Site) -> None:
    joins(site, "Disk")
    assert not notices(site, "waiting"), "the first message has just rung"
    all_left()
    acknowledge(site)
    some_time_passes()
    publish.publish_due()
    assert not notices(site, "waiting")


def test_what_joins_after_that_rings(site: Site) -> None:
    joins(site, "Disk")
    all_left()
    acknowledge(site)
    some_time_passes()
    joins(site, "Disk", "Memory")
    said = notices(site, "waiting")
    assert len(said) == 2
    assert all("Memory" in one and "Disk" not in one for one in said)


def test_what_came_before_it_and_is_not_listed_yet_rings(site: Site) -> None:
    joins(site, "Disk")
    all_left()
    site.post(webhook(alert(), alert("Disk"), alert("Memory")))
    acknowledge(site)
    some_time_passes()
    publish.publish_due()
    assert all("Memory" in one for one in notices(site, "waiting"))
    assert len(notices(site, "waiting")) == 2


def test_what_waits_for_the_interval_and_was_not_read_rings(site: Site) -> None:
    joins(site, "Disk")
    acknowledge(site)
    all_left()
    some_time_passes()
    publish.publish_due()
    assert len(notices(site, "waiting")) == 2


def test_a_row_that_is_published_just_now_is_left_to_ring(site: Site) -> None:
    joins(site, "Disk")
    all_left()
    GroupMessage.objects.update(claimed_until=clock.now() + timedelta(minutes=1))
    acknowledge(site)
    GroupMessage.objects.update(claimed_until=None)
    some_time_passes()
    publish.publish_due()
    assert len(notices(site, "waiting")) == 2


def test_a_press_that_came_before_it_and_waited_here_quiets_nothing(site: Site) -> None:
    some_time_passes()
    joins(site, "Disk")
    all_left(purpose="group")
    group = AlertGroup.objects.get(organization=site.organization)
    assert responding.acknowledge(COMMAND_LINE, group, clock.now() - READ)
    publish.publish_due()
    assert len(notices(site, "waiting")) == 2


@pytest.mark.parametrize("untold", ["parked_at", "owed_at", "claimed_until", "due_at"])
def test_a_reply_leaves_while_one_channel_is_told_of_nothing(site: Site, untold: str) -> None:
    """It shows the former list, and its buttons still work."""
    some_time_passes()
    joins(site, "Disk")
    all_left(purpose="group")
    deaf = GroupMessage.objects.order_by("pk")[0]
    GroupMessage.objects.filter(pk=deaf.pk).update(**{untold: clock.now() + timedelta(minutes=1)})
    assert responding.acknowledge(
        COMMAND_LINE, AlertGroup.objects.get(organization=site.organization)
    )
    assert len(notices(site, "waiting")) == 2


def test_what_a_template_may_not_list_rings(site: Site) -> None:
    """Its message stays the same, so nobody can have read of it."""
    body = "<b>{{ name }}</b>"
    create_template(
        COMMAND_LINE, site.organization, name="Short", body=body, channels=site.channels[:1]
    )
    joins(site, "Disk")
    all_left()
    acknowledge(site)
    some_time_passes()
    publish.publish_due()
    assert len(notices(site, "waiting")) == 2
