"""What one POST after another leaves in the database."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from alerts.models import Alert, AlertGroup, Episode, GroupMessage, TimelineEvent, Trace
from alerts.route_table import forget_cached_routes
from alerts.routes import change_route, set_channels
from tests import clock
from tests.alerts.senders import LATER, Site, alert, make_site, webhook
from tests.factories import make_channel

pytestmark = pytest.mark.django_db

LONG_BEFORE, BEFORE = "2026-11-22T00:00:00Z", "2026-11-22T00:10:00Z"


def effects(site: Site) -> list[str]:
    """The effects in the newest trace."""
    trace = Trace.objects.for_organization(site.organization).latest("id")
    return [effect for _, effect, _ in trace.alerts]


def group_of(site: Site) -> AlertGroup:
    """The organization's only group."""
    return AlertGroup.objects.get(organization=site.organization)


def timeline(site: Site) -> list[str]:
    """The kinds of all events, oldest first."""
    events = TimelineEvent.objects.for_organization(site.organization).order_by("id")
    return [event.kind for event in events]


def publish_all(site: Site) -> None:
    """As publishing leaves the rows behind: shown, and no longer due."""
    GroupMessage.objects.for_organization(site.organization).update(
        due_at=None, published_at=timezone.now()
    )


def is_due(site: Site) -> bool:
    """Whether any message is due, now or later."""
    rows = GroupMessage.objects.for_organization(site.organization)
    return rows.filter(due_at__isnull=False).exists()


def test_first_alert_opens_a_group_that_is_due_in_every_channel() -> None:
    site = make_site(channels=2)
    response = site.post(webhook(alert()))
    assert response.status_code == 202, response.content
    stored = Alert.objects.get(organization=site.organization)
    assert (stored.status, stored.severity, stored.name) == ("firing", "warning", "InstanceDown")
    assert Episode.objects.get(alert=stored).ends_at is None
    group = group_of(site)
    assert (group.status, group.severity, group.is_open) == ("firing", "warning", True)
    assert group.external_url == "http://alertmanager.example.org:9093"
    messages = GroupMessage.objects.filter(group=group).select_related("stream")
    assert {m.channel_id for m in messages} == {c.pk for c in site.channels}
    assert {m.stream.chat_id for m in messages} == {c.chat_id for c in site.channels}
    assert all(m.due_at is not None and m.due_at <= timezone.now() for m in messages)
    assert timeline(site) == ["opened", "fired"]
    trace = Trace.objects.get(organization=site.organization)
    assert response.json()["trace"] == str(trace.pk)
    assert trace.alerts == [[str(stored.pk), "fired", [str(group.pk)]]]
    assert (trace.source, trace.status, trace.summary) == ("alertmanager", 202, "1 fired")


def test_repeat_keeps_the_alert_alive_and_shows_nothing() -> None:
    site = make_site()
    site.post(webhook(alert()))
    before = Alert.objects.get(organization=site.organization)
    publish_all(site)
    site.post(webhook(alert()))
    after = Alert.objects.get(organization=site.organization)
    assert effects(site) == ["repeated"]
    assert after.last_received_at > before.last_received_at
    assert not is_due(site)
    assert timeline(site) == ["opened", "fired"]


@pytest.mark.parametrize(
    ("second", "effect", "due"),
    [
        ({"labels": {"replica": "b"}}, "repeated", False),
        ({"generatorURL": "http://other-replica/graph"}, "repeated", False),
        ({"annotations": {"summary": "It got warmer"}}, "updated", True),
        ({"labels": {"severity": "critical"}}, "severity", True),
        ({"labels": {"severity": "info"}}, "severity", True),
        ({"status": "resolved", "endsAt": "2026-11-23T00:10:00Z"}, "resolved", True),
        (
            {"status": "resolved", "endsAt": BEFORE, "startsAt": LONG_BEFORE},
            "stale",
            False,
        ),
        ({"status": "resolved", "endsAt": BEFORE, "startsAt": None}, "resolved", True),
    ],
)
def test_second_word_about_a_firing_alert(second: dict[str, Any], effect: str, due: bool) -> None:
    is_pair = "replica" in second.get("labels", {})
    site = make_site(ignored_labels=["replica"] if is_pair else [])
    site.post(webhook(alert(labels={"replica": "a"} if is_pair else {})))
    publish_all(site)
    site.post(webhook(alert(**second)))
    assert effects(site) == [effect]
    assert is_due(site) is due


@pytest.mark.parametrize(
    ("minutes", "starts_at", "expected"),
    [
        (0, LATER, "refired"),
        (0, None, "stale"),  # the same startsAt: a late "firing" of the episode that ended
        (4, None, "refired"),  # Alertmanager fires again what it had timed out
    ],
)
def test_firing_after_the_resolve(minutes: int, starts_at: str | None, expected: str) -> None:
    site = make_site()
    site.post(webhook(alert()))
    site.post(webhook(alert(status="resolved")))
    moved = timezone.now() - timedelta(minutes=minutes)
    Alert.objects.update(last_received_at=moved)
    again = alert(startsAt=starts_at) if starts_at else alert()
    site.post(webhook(again))
    assert effects(site) == [expected]
    episodes = Episode.objects.filter(organization=site.organization).count()
    assert episodes == (2 if expected == "refired" else 1)


def test_refire_within_ten_minutes_reopens_the_group_and_later_opens_another() -> None:
    site = make_site()
    site.post(webhook(alert()))
    site.post(webhook(alert(status="resolved")))
    group = group_of(site)
    assert (group.is_open, group.status) == (False, "resolved")
    site.post(webhook(alert(startsAt=LATER)))
    group = group_of(site)
    assert (group.is_open, group.status, group.closed_at) == (True, "firing", None)
    assert timeline(site) == [
        "opened", "fired", "resolved", "closed", "reopened", "refired",
    ]  # fmt: skip
    site.post(webhook(alert(status="resolved", startsAt=LATER, endsAt="2026-11-23T02:00:00Z")))
    AlertGroup.objects.update(closed_at=timezone.now() - timedelta(minutes=11))
    site.post(webhook(alert(startsAt="2026-11-23T03:00:00Z")))
    assert AlertGroup.objects.filter(organization=site.organization).count() == 2


def test_group_closes_with_its_last_alert_and_is_as_bad_as_the_worst_that_fires() -> None:
    site = make_site()
    site.post(webhook(alert("A", labels={"severity": "critical"}), alert("B")))
    assert group_of(site).severity == "critical"
    site.post(webhook(alert("A", "resolved", labels={"severity": "critical"}), alert("B")))
    group = group_of(site)
    assert (group.is_open, group.severity) == (True, "warning")
    site.post(webhook(alert("B", "resolved")))
    group = group_of(site)
    assert (group.is_open, group.status, group.severity) == (False, "resolved", "warning")


def test_severity_rise_withdraws_the_acknowledgement_and_a_fall_does_not() -> None:
    site = make_site()
    site.post(webhook(alert()))
    AlertGroup.objects.update(acknowledged_at=timezone.now(), acknowledged_by="anna")
    site.post(webhook(alert(labels={"severity": "info"})))
    assert group_of(site).acknowledged_at is not None
    site.post(webhook(alert(labels={"severity": "critical"})))
    assert group_of(site).acknowledged_at is None
    assert timeline(site)[-2:] == ["severity", "unacknowledged"]


def test_events_are_groups_of_their_own_and_none_overwrites_another() -> None:
    site = make_site()
    site.post({"title": "Deploy", "message": "version 1"})
    site.post({"title": "Deploy", "message": "version 2"})
    groups = AlertGroup.objects.filter(organization=site.organization)
    assert [(g.status, g.is_open) for g in groups] == [("event", False)] * 2
    texts = Alert.objects.filter(organization=site.organization).values_list(
        "summary", "description"
    )
    told = {text for pair in texts for text in pair}
    assert {"version 1", "version 2"} <= told
    assert GroupMessage.objects.filter(organization=site.organization).count() == 2


def test_one_post_may_name_an_alert_twice() -> None:
    site = make_site()
    site.post(webhook(alert(), alert(status="resolved")))
    assert effects(site) == ["fired", "resolved"]
    stored = Alert.objects.get(organization=site.organization)
    assert stored.status == "resolved"
    assert group_of(site).is_open is False


def test_alert_without_a_channel_is_stored_and_counted() -> None:
    site = make_site(channels=0)
    assert site.post(webhook(alert(), alert("B"))).status_code == 202
    trace = Trace.objects.get(organization=site.organization)
    assert trace.unrouted == 2
    assert Alert.objects.filter(organization=site.organization).count() == 2


def test_no_alerts_is_a_post_like_any_other() -> None:
    site = make_site()
    response = site.post(webhook())
    assert (response.status_code, response.json()["alerts"]) == (202, 0)
    assert Trace.objects.get(organization=site.organization).summary == "no alerts"


def test_broken_off_body_keeps_what_was_whole_and_says_so_once() -> None:
    site = make_site()
    body = json.dumps([{"labels": {"alertname": name}} for name in "ABC"]).encode()[:-10]
    for _ in range(2):
        assert site.post(body).status_code == 202
    names = set(Alert.objects.values_list("name", flat=True))
    assert names == {"A", "B", "Payload truncated"}
    notice = Alert.objects.get(name="Payload truncated")
    assert notice.expires_at is not None
    assert effects(site)[-1] == "repeated"


def test_alerts_that_the_sender_left_out_are_carried_to_the_group() -> None:
    site = make_site()
    site.post(webhook(alert(), truncatedAlerts=7))
    assert group_of(site).truncated_alerts == 7


def test_a_channel_added_to_the_route_is_told_with_the_next_change() -> None:
    site = make_site()
    site.post(webhook(alert()))
    second = make_channel(site.channels[0].chat.bot)
    set_channels(COMMAND_LINE, site.route, [*site.channels, second])
    forget_cached_routes()
    site.post(webhook(alert(), alert("B")))
    channels = GroupMessage.objects.filter(group=group_of(site)).values_list("channel", flat=True)
    assert set(channels) == {site.channels[0].pk, second.pk}


def test_group_wait_counts_only_for_alerts_that_came_ungrouped() -> None:
    site = make_site()
    site.route.group_wait = 30
    site.route.save()
    now = timezone.now()
    site.post(webhook(alert()))
    site.post([{"labels": {"alertname": "Direct", "instance": "a"}}])
    site.post([{"labels": {"alertname": "Direct", "instance": "b"}}])
    grouped, direct = GroupMessage.objects.filter(organization=site.organization).order_by("id")
    assert grouped.due_at is not None
    assert direct.due_at is not None
    assert grouped.due_at < now + timedelta(seconds=10)
    assert now + timedelta(seconds=29) < direct.due_at < now + timedelta(seconds=45)


@pytest.mark.parametrize("group_by", [None, ["..."]])
def test_replicas_of_a_pair_share_a_group(group_by: list[str] | None) -> None:
    """Which replica speaks first is chance: it decides nothing."""
    site = make_site(ignored_labels=["replica"])
    if group_by:
        change_route(COMMAND_LINE, site.route, group_by=group_by)
    forget_cached_routes()
    now = timezone.now()
    labels = {"alertname": "Down", "job": "node", "instance": "a"}
    ends_at = (now + timedelta(minutes=4)).isoformat()
    site.post([{"labels": {**labels, "replica": "1"}, "endsAt": ends_at}])
    site.post([{"labels": {**labels, "replica": "1"}, "endsAt": now.isoformat()}])
    site.post([{"labels": {**labels, "replica": "2"}, "endsAt": ends_at}])
    assert effects(site) == ["refired"]
    group = group_of(site)
    assert "replica" not in group.labels
    assert group.is_open


def test_end_by_a_slow_clock_ends_what_began_by_ours() -> None:
    site = make_site()
    site.post({"title": "Disk full", "status": "firing"})
    ended = (timezone.now() - timedelta(minutes=2)).isoformat()
    site.post({"title": "Disk full", "status": "resolved", "endsAt": ended})
    assert effects(site) == ["resolved"]
    assert group_of(site).is_open is False


def test_an_end_that_says_little_takes_nothing_away() -> None:
    site = make_site()
    told = {
        "title": "Disk full",
        "labels": {"host": "nas"},
        "annotations": {"runbook_url": "https://runbooks.example.org/disk"},
        "url": "https://nas.example.org/",
    }
    site.post({**told, "status": "firing", "severity": "critical", "message": "2 % left"})
    site.post({"title": "Disk full", "labels": {"host": "nas"}, "status": "resolved"})
    ended = Alert.objects.get(organization=site.organization)
    assert (ended.status, ended.severity, ended.description) == ("resolved", "critical", "2 % left")
    assert ended.labels == {"host": "nas", "severity": "critical"}
    assert ended.annotations == told["annotations"]
    assert [url for _, url, _ in ended.links] == [
        "https://nas.example.org/",
        "https://runbooks.example.org/disk",
    ]
    assert Episode.objects.get(alert=ended).severity == "critical"
    assert group_of(site).severity == "critical"


def test_an_end_that_says_more_is_believed() -> None:
    site = make_site()
    told = {"title": "Disk full", "severity": "critical", "message": "2 % left"}
    site.post({**told, "status": "firing"})
    site.post({**told, "status": "resolved", "message": "40 % left", "severity": "info"})
    ended = Alert.objects.get(organization=site.organization)
    assert (ended.severity, ended.description) == ("info", "40 % left")


@clock.undisturbed
def test_how_many_statements_a_post_takes() -> None:
    """On PostgreSQL the hot path's own statements are not counted, and its writes are one."""

    def statements(*alerts: dict[str, Any], name: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            site.post(webhook(*alerts, groupKey=name))
        return len(queries)

    site = make_site()
    first = statements(alert("A"), name="a")
    known = statements(alert("B"), name="b")
    repeated = statements(alert("B"), name="b")
    many = statements(*(alert(f"C{n}") for n in range(50)), name="c")
    assert first <= 17  # the key, the routes, when it was last heard of, and its payload is kept
    assert known <= 12
    assert repeated <= 5
    assert many == known
