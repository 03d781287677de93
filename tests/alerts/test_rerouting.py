"""Alerts whose route changes under them: what they became must reach whom it concerns."""

import pytest

from accounts.audit import COMMAND_LINE
from alerts.models import AlertGroup, GroupMessage
from alerts.route_table import forget_cached_routes
from alerts.routes import create_route
from channels_app.models import NotificationChannel
from tests.alerts.senders import Site, make_site
from tests.factories import make_channel

pytestmark = pytest.mark.django_db


def with_pager(site: Site) -> NotificationChannel:
    """A channel that only critical alerts reach."""
    pager = make_channel(site.channels[0].chat.bot)
    create_route(
        COMMAND_LINE,
        site.organization,
        "Pager",
        matchers='severity="critical"',
        channels=[pager],
    )
    forget_cached_routes()
    return pager


def disk(severity: str, status: str = "firing") -> dict[str, str]:
    """A generic alert: its severity is no part of its identity."""
    return {"title": "Disk full", "status": status, "severity": severity}


def due_in(channel: NotificationChannel) -> int:
    """How many of the channel's messages are due."""
    return GroupMessage.objects.filter(channel=channel, due_at__isnull=False).count()


def test_severity_that_rises_reaches_the_route_of_the_new_severity() -> None:
    site = make_site()
    pager = with_pager(site)
    site.post(disk("warning"))
    assert (due_in(site.channels[0]), due_in(pager)) == (1, 0)
    site.post(disk("critical"))
    assert (due_in(site.channels[0]), due_in(pager)) == (1, 1)
    site.post(disk("critical", "resolved"))
    assert not AlertGroup.objects.filter(is_open=True).exists()
    assert due_in(pager) == 1


def test_severity_that_changes_within_a_route_stays_in_its_group() -> None:
    site = make_site()
    site.post(disk("warning"))
    site.post(disk("critical"))
    site.post(disk("info"))
    assert AlertGroup.objects.count() == 1


def test_severity_that_falls_is_told_where_it_was_told_before() -> None:
    site = make_site()
    pager = with_pager(site)
    site.post(disk("critical"))
    GroupMessage.objects.update(due_at=None)
    site.post(disk("warning"))
    assert (due_in(site.channels[0]), due_in(pager)) == (1, 1)
    site.post(disk("critical"))
    assert AlertGroup.objects.count() == 2
