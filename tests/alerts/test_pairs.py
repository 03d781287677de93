"""Pairs for high availability, each of which says everything: one alert, one message, one ring.

Two Prometheus tell themselves apart by a label, two Alertmanagers by their `externalURL` alone. A
cluster whose members cannot hear each other posts twice; its webhooks may come in any order.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.utils import timezone

from alerts import publish
from alerts.models import Alert, AlertGroup, GroupMessage, TimelineEvent, Trace
from deliveries.models import Delivery, SentMessage
from tests.alerts.senders import Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db

NAMES = ("replica", "prometheus_replica")


def at(seconds: float) -> str:
    """So long after the pair's condition began: half an hour ago, so that the clock is real."""
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    return (moment + timedelta(seconds=seconds)).isoformat()


def calls(site: Site) -> list[tuple[str, str]]:
    """Method and purpose of all calls that still stand, oldest first."""
    rows = Delivery.objects.for_organization(site.organization).exclude(state="superseded")
    return list(rows.order_by("id").values_list("method", "purpose"))


def leave(site: Site) -> None:
    """As if all calls had reached the chat, and the last sound was long ago."""
    Delivery.objects.filter(state="waiting").update(state="sent", attempts=1)
    SentMessage.objects.filter(state="expected").update(state="shown", message_id=1)
    GroupMessage.objects.update(sounded_at=timezone.now() - timedelta(hours=1))


def say(site: Site, payload: Any) -> None:
    """One POST, and what follows from it."""
    assert site.post(payload).status_code == 202
    publish.publish_due()
    leave(site)


def member(number: int, status: str = "firing", **values: Any) -> dict[str, Any]:
    """What one of two Alertmanagers posts, each fed by a Prometheus of its own: they start and end
    some seconds apart, and one of them leaves out what the other one shows."""
    late = 7 * number
    one = alert(
        status=status,
        startsAt=at(late),
        **({"endsAt": at(600 + late)} if status == "resolved" else {}),
        generatorURL=f"http://prometheus-{number}:9090/graph?g0.expr=up",
    )
    return webhook(
        one,
        externalURL=f"http://alertmanager-{number}:9093",
        truncatedAlerts=number,
        **values,
    )


def orders() -> Iterator[tuple[tuple[int, str], ...]]:
    """All orders of what a pair says, as long as each member's first word is that it fires."""
    words = [(0, "firing"), (1, "firing"), (0, "resolved"), (1, "resolved")]
    for order in permutations(words):
        if all(order.index((n, "firing")) < order.index((n, "resolved")) for n in (0, 1)):
            yield order


@pytest.mark.parametrize("order", list(orders()))
def test_two_alertmanagers_make_one_alert_one_message_one_end(
    order: tuple[tuple[int, str], ...],
) -> None:
    site = make_site()
    for number, status in order:
        say(site, member(number, status))
    assert Alert.objects.get(organization=site.organization).status == "resolved"
    group = AlertGroup.objects.get(organization=site.organization)
    assert (group.status, group.flaps) == ("resolved", None)
    sounding = [purpose for _, purpose in calls(site) if purpose == "notice"]
    assert sounding == ["notice"], "one all-clear"
    assert [call for call in calls(site) if call[0] == "sendMessage"] == [
        ("sendMessage", "group"),
        ("sendMessage", "notice"),
    ]


@pytest.mark.parametrize("key", ['{}:{alertname="InstanceDown", job="node"}', '{}/{team="x"}:{}'])
def test_a_member_with_another_group_key_is_in_the_message_that_is_there(key: str) -> None:
    site = make_site()
    say(site, member(0))
    say(site, member(1, groupKey=key))
    say(site, member(1, "resolved", groupKey=key))
    assert AlertGroup.objects.get(organization=site.organization).status == "resolved"
    assert [purpose for _, purpose in calls(site)].count("group") == 2


@pytest.mark.parametrize("name", NAMES)
def test_two_prometheus_by_one_label(name: str) -> None:
    site = make_site(ignored_labels=[name])

    def post(replica: str, start: float, **values: Any) -> None:
        labels = {"alertname": "Down", "instance": "web-1", name: replica}
        say(site, [{"labels": labels, "startsAt": at(start), **values}])

    soon = {"endsAt": (timezone.now() + timedelta(minutes=4)).isoformat()}
    post("a", 0, **soon)
    post("b", 6, **soon)
    post("a", 0, **soon)
    assert calls(site) == [("sendMessage", "group")]
    post("b", 6, endsAt=at(600))
    post("a", 0, endsAt=at(604))
    post("b", 6, endsAt=at(600))
    assert [purpose for _, purpose in calls(site)].count("notice") == 1
    assert AlertGroup.objects.get(organization=site.organization).status == "resolved"


def test_one_that_resolved_does_not_end_again_what_the_other_one_believes() -> None:
    """Prometheus repeats an end for a quarter of an hour. Its twin that still sees the fault is
    believed after three minutes; the end that was known by then says nothing new."""
    site = make_site(ignored_labels=["replica"])

    def post(replica: str, start: float, **values: Any) -> None:
        labels = {"alertname": "Down", "instance": "web-1", "replica": replica}
        say(site, [{"labels": labels, "startsAt": at(start), **values}])

    soon = {"endsAt": (timezone.now() + timedelta(minutes=4)).isoformat()}
    post("a", 0, **soon)
    post("b", 6, **soon)
    end = at(600)
    post("a", 0, endsAt=end)
    post("b", 6, **soon)
    row = Alert.objects.get(organization=site.organization)
    assert row.status == "resolved", "a late word, for all we know"
    Alert.objects.update(last_received_at=timezone.now() - timedelta(minutes=3))
    for _ in range(3):
        post("b", 6, **soon)
        post("a", 0, endsAt=end)
        Alert.objects.update(last_received_at=timezone.now() - timedelta(minutes=3))
    row.refresh_from_db()
    assert (row.status, row.episode) == ("firing", 2)
    post("b", 6, endsAt=at(1200))
    row.refresh_from_db()
    assert (row.status, row.episode) == ("resolved", 2)


def test_a_pair_of_grafanas_makes_one_alert() -> None:
    site = make_site()
    for number in (0, 1, 0, 1):
        say(
            site,
            {
                **webhook(alert(startsAt=at(0), values={"A": 1 + number / 10})),
                "orgId": 1,
                "externalURL": f"http://grafana-{number}/",
                "version": "1",
                "title": "[FIRING:1]",
                "state": "alerting",
                "message": "",
            },
        )
    assert Alert.objects.filter(organization=site.organization).count() == 1
    assert calls(site) == [("sendMessage", "group")]


def test_a_hundred_repeats_are_nothing_to_see() -> None:
    site = make_site()
    start = at(0)
    payload = [
        webhook(
            alert(startsAt=start),
            alert("Other", startsAt=start),
            externalURL=f"http://alertmanager-{number}:9093",
        )
        for number in (0, 1)
    ]
    say(site, payload[0])
    before = calls(site)
    timeline = TimelineEvent.objects.count()
    for number in range(100):
        assert site.post(payload[number % 2]).status_code == 202
        assert publish.publish_due() == 0
    assert calls(site) == before
    assert TimelineEvent.objects.count() == timeline
    assert not GroupMessage.objects.filter(due_at__isnull=False).exists()
    assert Trace.objects.filter(organization=site.organization).count() == 101
