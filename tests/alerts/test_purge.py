"""Retention: old and over goes, open stays."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.db.models import Model
from django.utils import timezone

from accounts import chunks
from accounts.models import first_id
from alerts import publish, purge
from alerts.models import (
    Alert,
    AlertGroup,
    Episode,
    GroupMember,
    GroupMessage,
    TimelineEvent,
    Trace,
)
from deliveries.models import Delivery, SentMessage, Stream
from tests.alerts.senders import LATER, START, alert, make_site, webhook

pytestmark = pytest.mark.django_db
GROUP_ROWS = (AlertGroup, GroupMember, GroupMessage, TimelineEvent, Stream, Delivery, SentMessage)


def age(days: int) -> None:
    """Make everything so old."""
    moved = timezone.now() - timedelta(days=days)
    Trace.objects.update(received_at=moved)
    AlertGroup.objects.filter(is_open=False).update(closed_at=moved)
    Alert.objects.update(last_received_at=moved)
    Alert.objects.filter(ends_at__isnull=False).update(ends_at=moved)
    Episode.objects.filter(ends_at__isnull=False).update(ends_at=moved)


def backdate(*models: type[Model], days: int = 1000) -> None:
    """Give their rows the IDs that they would have got so long ago."""
    first = first_id(timezone.now() - timedelta(days=days)).int
    for model in models:
        ids = list(model._default_manager.order_by("pk").values_list("pk", flat=True))
        for number, pk in enumerate(ids):
            model._default_manager.filter(pk=pk).update(id=UUID(int=first + number))


def purged() -> dict[str, int]:
    """What of it was anything."""
    return {kind: count for kind, count in purge.purge().items() if count}


def test_open_state_is_never_purged() -> None:
    make_site().post(webhook(alert()))
    publish.publish_due()
    Delivery.objects.update(state="sent")
    age(1000)
    assert purged() == {"traces": 1}
    assert (Alert.objects.count(), AlertGroup.objects.count()) == (1, 1)


def test_closed_groups_go_with_everything_that_is_theirs() -> None:
    site = make_site()
    site.post(webhook(alert()))
    site.post(webhook(alert(status="resolved")))
    age(1000)
    assert "groups" not in purged()  # its channel has not been told yet
    publish.publish_due()
    assert "groups" not in purged()  # the call has not left
    Delivery.objects.update(state="sent")
    assert purged() == {"groups": 1, "alerts": 1}
    for model in (*GROUP_ROWS, Alert, Episode, Trace):
        assert model.objects.count() == 0, model


def test_what_is_not_old_enough_stays() -> None:
    site = make_site()
    site.post(webhook(alert()))
    site.post(webhook(alert(status="resolved")))
    publish.publish_due()
    Delivery.objects.update(state="sent")
    age(13)
    assert purged() == {}


def one_ends_and_one_burns_for_long() -> None:
    """A group of both, which stays open."""
    site = make_site()
    site.post(webhook(alert("Gone"), alert("Burns")))
    site.post(webhook(alert("Gone", status="resolved"), alert("Burns")))
    publish.publish_due()
    Delivery.objects.update(state="sent")
    age(1000)


def test_a_group_that_never_closes_forgets_what_ended_long_ago() -> None:
    one_ends_and_one_burns_for_long()
    lines = TimelineEvent.objects.count()
    assert purged() == {"traces": 2}
    backdate(GroupMember, TimelineEvent, Episode)
    assert purged() == {"timeline": lines, "members": 1, "alerts": 1}
    assert Alert.objects.get().name == "Burns"
    assert GroupMember.objects.get().alert.name == "Burns"
    assert Episode.objects.count() == 1


def test_an_alert_that_comes_and_goes_keeps_its_young_episodes() -> None:
    site = make_site()
    for start in (START, LATER):
        site.post(webhook(alert(startsAt=start)))
        site.post(webhook(alert(startsAt=start, status="resolved", endsAt=start)))
    assert Episode.objects.count() == 2
    backdate(Episode)
    assert purged() == {}
    Episode.objects.update(ends_at=timezone.now() - timedelta(days=1000))
    assert purged() == {"episodes": 1}
    assert Episode.objects.get().number == 2


def test_events_go_with_their_groups() -> None:
    site = make_site()
    site.post({"title": "Deployed"})
    publish.publish_due()
    Delivery.objects.update(state="sent")
    age(1000)
    assert purged() == {"traces": 1, "groups": 1}
    backdate(Alert)
    assert purged() == {"events": 1}


@pytest.fixture
def one_chunk_each() -> Iterator[None]:
    """What is purged meanwhile is purged by a process that ends."""
    chunks.stop()
    yield
    chunks._stopped.clear()


def _many_traces() -> int:
    make_site().post(webhook(alert()))
    one = Trace.objects.get()
    values = {field.attname: getattr(one, field.attname) for field in Trace._meta.concrete_fields}
    Trace.objects.bulk_create(
        Trace(**{name: value for name, value in values.items() if name != "id"})
        for _ in range(chunks.FIRST)
    )
    age(1000)
    return Trace.objects.count()


def test_a_chunk_is_small(one_chunk_each: None) -> None:
    many = _many_traces()
    assert purged() == {"traces": chunks.FIRST}
    assert Trace.objects.count() == many - chunks.FIRST


def test_chunks_follow_each_other_until_nothing_is_left() -> None:
    many = _many_traces()
    assert purged() == {"traces": many}
    assert Trace.objects.count() == 0


def test_what_stays_forgets_the_alert_that_went() -> None:
    one_ends_and_one_burns_for_long()
    Trace.objects.all().delete()
    gone = Alert.objects.get(name="Gone")
    line = TimelineEvent.objects.first()
    assert line is not None
    TimelineEvent.objects.filter(pk=line.pk).update(alert=gone)
    backdate(GroupMember)
    assert purged() == {"members": 1, "alerts": 1}
    line.refresh_from_db()
    assert line.alert_id is None
