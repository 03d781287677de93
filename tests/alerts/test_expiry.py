"""Prometheus' direct alerts end unless they are repeated."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from alerts import expiry
from alerts.models import Alert, AlertGroup, Episode, GroupMessage, TimelineEvent
from tests.alerts.senders import make_site

pytestmark = pytest.mark.django_db


def direct(minutes: float) -> list[dict[str, Any]]:
    """What Prometheus posts; its endsAt is so many minutes from now."""
    ends = timezone.now() + timedelta(minutes=minutes)
    labels = {"alertname": "Down", "instance": "a", "severity": "critical"}
    start = (timezone.now() - timedelta(hours=1)).isoformat()
    return [{"labels": labels, "startsAt": start, "endsAt": ends.isoformat()}]


def test_unrepeated_alert_resolves_and_a_repeat_keeps_it() -> None:
    site = make_site(kind="prometheus")
    site.post(direct(4))
    assert expiry.expire_due(timezone.now()) == 0
    Alert.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    site.post(direct(4))
    assert expiry.expire_due(timezone.now()) == 0
    Alert.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    GroupMessage.objects.update(due_at=None)
    assert expiry.expire_due(timezone.now()) == 1
    stored = Alert.objects.get()
    assert (stored.status, stored.ended_by, stored.expires_at) == ("resolved", "expired", None)
    assert stored.ends_at is not None
    assert Episode.objects.get().ends_at == stored.ends_at
    assert AlertGroup.objects.get().is_open is False
    assert GroupMessage.objects.get().due_at is not None
    kinds = TimelineEvent.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["opened", "fired", "expired", "closed"]
    assert expiry.expire_due(timezone.now()) == 0


def test_the_same_alert_after_an_outage_fires_again() -> None:
    site = make_site(kind="prometheus")
    payload = direct(4)
    site.post(payload)
    Alert.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    expiry.expire_due(timezone.now())
    site.post(payload)
    assert Alert.objects.get().status == "firing"
    assert AlertGroup.objects.get().is_open
