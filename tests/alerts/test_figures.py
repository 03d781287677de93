"""How publishing stands: what is due, since when, and what is told together."""

from datetime import timedelta

import pytest
from django.utils import timezone

from alerts import figures, publish
from alerts.models import GroupMessage, Storm
from deliveries.trouble_rules import Kind
from tests.alerts.senders import Site, make_site

pytestmark = pytest.mark.django_db

LATE = timedelta(minutes=3)


@pytest.fixture
def site() -> Site:
    """Its channel is in a storm; all is told that was due."""
    site = make_site()
    site.post([{"title": f"A{n}", "fingerprint": f"f{n}", "status": "firing"} for n in range(40)])
    publish.publish_due()
    now = timezone.now()
    Storm.objects.update(due_at=now + timedelta(hours=1))
    GroupMessage.objects.update(due_at=None, sound_due_at=None)
    return site


def late(found: figures.PublishFigures) -> float:
    """Minutes."""
    return round(found.late_by.total_seconds() / 60, 1)


def test_nothing_is_late(site: Site) -> None:
    now = timezone.now()
    found = figures.read(now)
    assert (found.due, found.storms, found.late_by) == (0, 1, timedelta(0))
    assert figures.troubles(now) == []
    Storm.objects.update(closed_at=now)
    assert figures.read(now).storms == 0


@pytest.mark.parametrize("reason", ["due_at", "claimed_until"])
def test_a_digest_that_nobody_publishes_is_late(site: Site, reason: str) -> None:
    now = timezone.now()
    Storm.objects.update(**{"due_at": None, reason: now - LATE})
    found = figures.read(now)
    assert (found.due, late(found)) == (1, 3.0)
    (trouble,) = figures.troubles(now)
    assert (trouble.kind, trouble.since) == (Kind.PUBLISHING, now - LATE)


@pytest.mark.parametrize("reason", ["due_at", "claimed_until", "sound_due_at", "repeat_at"])
def test_a_group_that_nobody_publishes_is_late(site: Site, reason: str) -> None:
    now = timezone.now()
    row = GroupMessage.objects.latest("id")
    GroupMessage.objects.filter(pk=row.pk).update(**{reason: now - LATE})
    found = figures.read(now)
    assert (found.due, late(found)) == (1, 3.0)
