"""Retention: old and over goes, open stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

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
from tests.alerts.senders import alert, make_site, webhook

pytestmark = pytest.mark.django_db
GROUP_ROWS = (AlertGroup, GroupMember, GroupMessage, TimelineEvent, Stream, Delivery, SentMessage)


def age(days: int) -> None:
    """Make everything so old."""
    moved = timezone.now() - timedelta(days=days)
    Trace.objects.update(received_at=moved)
    AlertGroup.objects.filter(is_open=False).update(closed_at=moved)
    Alert.objects.update(last_received_at=moved)


def test_open_state_is_never_purged() -> None:
    make_site().post(webhook(alert()))
    publish.publish_due()
    Delivery.objects.update(state="sent")
    age(1000)
    assert purge.purge() == {"traces": 1, "groups": 0, "alerts": 0}
    assert (Alert.objects.count(), AlertGroup.objects.count()) == (1, 1)


def test_closed_groups_go_with_everything_that_is_theirs() -> None:
    site = make_site()
    site.post(webhook(alert()))
    site.post(webhook(alert(status="resolved")))
    age(1000)
    assert purge.purge()["groups"] == 0  # its channel has not been told yet
    publish.publish_due()
    assert purge.purge()["groups"] == 0  # the call has not left
    Delivery.objects.update(state="sent")
    assert purge.purge() == {"traces": 0, "groups": 1, "alerts": 1}
    for model in (*GROUP_ROWS, Alert, Episode, Trace):
        assert model.objects.count() == 0, model


def test_what_is_not_old_enough_stays() -> None:
    site = make_site()
    site.post(webhook(alert()))
    site.post(webhook(alert(status="resolved")))
    publish.publish_due()
    Delivery.objects.update(state="sent")
    age(13)
    assert purge.purge() == {"traces": 0, "groups": 0, "alerts": 0}
