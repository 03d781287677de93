"""What is deleted while its alerts burn: no chat may show for ever what nobody will end."""

from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from alerts import integrations, publish, routes
from alerts.models import AlertGroup, GroupMessage
from alerts.route_table import forget_cached_routes
from deliveries.models import Delivery, SentMessage
from tests.alerts.senders import Site, alert, make_site, webhook
from tests.factories import make_channel

pytestmark = pytest.mark.django_db


def last_words(message: GroupMessage) -> str:
    """What the channel is told last."""
    rows = Delivery.objects.filter(stream=message.stream_id, purpose="group")
    return str(rows.exclude(state="superseded").latest("sequence").params["text"])


def shown_in(site: Site) -> str:
    """What the organization's only message says once all is published."""
    publish.publish_due()
    return last_words(GroupMessage.objects.get(organization=site.organization))


def test_alerts_of_a_deleted_integration_end() -> None:
    site = make_site()
    site.post(webhook(alert("A"), alert("B")))
    assert "FIRING" in shown_in(site)
    integrations.delete_integration(COMMAND_LINE, site.integration)
    assert not AlertGroup.objects.filter(is_open=True).exists()
    assert "RESOLVED" in shown_in(site)


def test_what_another_integration_still_fires_stays() -> None:
    site = make_site()
    other, key = integrations.create_integration(COMMAND_LINE, site.organization, "Other")
    routes.change_route(COMMAND_LINE, site.route, group_by=["alertname"])
    forget_cached_routes()
    site.post(webhook(alert()))
    Site(site.organization, other, key, site.route, site.channels).post(
        webhook(alert(labels={"instance": "web-2"}))
    )
    assert AlertGroup.objects.count() == 1
    integrations.delete_integration(COMMAND_LINE, site.integration)
    assert AlertGroup.objects.get().is_open
    assert "web-2" in shown_in(site)


def test_open_groups_of_a_deleted_route_pass_to_the_default_route() -> None:
    site = make_site()
    pager = make_channel(site.channels[0].chat.bot)
    route = routes.create_route(
        COMMAND_LINE, site.organization, "Ops", matchers='severity="warning"', channels=[pager]
    )
    forget_cached_routes()
    site.post(webhook(alert()))
    publish.publish_due()
    routes.delete_route(COMMAND_LINE, route)
    forget_cached_routes()
    publish.publish_due()
    assert AlertGroup.objects.get().route == site.route
    said = {m.channel: last_words(m) for m in GroupMessage.objects.all()}
    assert said.keys() == {pager, *site.channels}
    assert "No longer routed here" in said[pager]
    assert "FIRING" in said[site.channels[0]]
    site.post(webhook(alert(status="resolved")))
    publish.publish_due()
    assert "RESOLVED" in last_words(GroupMessage.objects.get(channel=site.channels[0]))
    assert not AlertGroup.objects.filter(is_open=True).exists()


def test_group_that_the_default_route_has_already_is_joined_by_the_other() -> None:
    site = make_site()
    route = routes.create_route(
        COMMAND_LINE, site.organization, "Ops", matchers='team="ops"', channels=site.channels
    )
    forget_cached_routes()
    ops: dict[str, Any] = {"labels": {"team": "ops"}}
    site.post(webhook(alert("A"), alert("B", **ops)))
    assert AlertGroup.objects.count() == 2
    routes.delete_route(COMMAND_LINE, route)
    forget_cached_routes()
    assert list(AlertGroup.objects.values_list("route", flat=True)) == [site.route.pk] * 2
    site.post(webhook(alert("A"), alert("B", "resolved", **ops)))
    assert [g.is_open for g in AlertGroup.objects.order_by("pk")] == [True, False]


def test_route_of_a_deleted_integration_does_not_take_everybody_elses_alerts() -> None:
    site = make_site()
    mine = make_channel(site.channels[0].chat.bot)
    other, _ = integrations.create_integration(COMMAND_LINE, site.organization, "Other")
    alone = routes.create_route(
        COMMAND_LINE, site.organization, "Other's", integrations=[other], channels=[mine]
    )
    both = routes.create_route(
        COMMAND_LINE,
        site.organization,
        "Both's",
        integrations=[other, site.integration],
        matchers='team="ops"',
        channels=[mine],
    )
    integrations.delete_integration(COMMAND_LINE, other)
    forget_cached_routes()
    site.post(webhook(alert()))
    assert AlertGroup.objects.get().route == site.route
    alone.refresh_from_db()
    both.refresh_from_db()
    assert (alone.enabled, both.enabled) == (False, True)
    assert list(both.integrations.all()) == [site.integration]


def test_end_that_a_deleted_route_had_not_told_yet_is_told() -> None:
    site = make_site()
    pager = make_channel(site.channels[0].chat.bot)
    route = routes.create_route(
        COMMAND_LINE, site.organization, "Ops", matchers='severity="warning"', channels=[pager]
    )
    forget_cached_routes()
    site.post(webhook(alert()))
    publish.publish_due()
    Delivery.objects.update(state="sent", attempts=1)
    SentMessage.objects.update(state="shown", message_id=1)
    site.post(webhook(alert(status="resolved")))
    routes.delete_route(COMMAND_LINE, route)
    publish.publish_due()
    assert "RESOLVED" in last_words(GroupMessage.objects.get())


def test_channel_that_comes_back_to_a_route_is_told_what_burns() -> None:
    site = make_site(channels=2)
    site.post(webhook(alert()))
    publish.publish_due()
    gone = GroupMessage.objects.get(channel=site.channels[1])
    routes.set_channels(COMMAND_LINE, site.route, site.channels[:1])
    publish.publish_due()
    assert "No longer routed here" in last_words(gone)
    routes.set_channels(COMMAND_LINE, site.route, site.channels)
    publish.publish_due()
    assert "No longer routed here" not in last_words(gone)
    assert "FIRING" in last_words(gone)
