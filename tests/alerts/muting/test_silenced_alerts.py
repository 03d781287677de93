"""Which firing alerts silences hold for, or would."""

import pytest

from alerts.matchers import parse_matchers
from alerts.muting import silenced_alerts
from alerts.muting.silenced_alerts import Held, held_alerts
from tests.alerts.senders import Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db


def site_of(count: int) -> Site:
    """So many alerts fire, and one has resolved."""
    site = make_site()
    firing = [alert(labels={"instance": f"web-{number}"}) for number in range(count)]
    gone = {"instance": "gone"}
    site.post(webhook(alert(labels=gone)))
    site.post(webhook(*firing, alert(status="resolved", labels=gone)))
    return site


def held(site: Site, *texts: str) -> list[Held]:
    return held_alerts(site.organization, [parse_matchers(text) for text in texts])


def test_each_counts_for_itself() -> None:
    site = site_of(12)
    make_site().post(webhook(alert()))
    every, one, none = held(site, "alertname=InstanceDown", "instance=web-3", "instance=gone")
    assert (every.count, one.count, none.count) == (12, 1, 0)
    assert len(every.alerts) == silenced_alerts.SHOWN
    assert one.alerts[0].labels["instance"] == "web-3"
    assert every.is_whole
    assert held(site) == []


@pytest.mark.parametrize(("limit", "is_whole", "count"), [(2, False, 2), (3, True, 3)])
def test_more_than_are_looked_at(limit: int, is_whole: bool, count: int) -> None:
    site = site_of(3)
    matchers = parse_matchers("alertname=InstanceDown")
    (found,) = held_alerts(site.organization, [matchers], looked_at=limit)
    assert (found.is_whole, found.count) == (is_whole, count)
