"""POSTs that are stored in one transaction leave what they leave one after the other."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import webhooks
from alerts.models import (
    Alert,
    AlertGroup,
    Episode,
    GroupMember,
    GroupMessage,
    TimelineEvent,
    Trace,
)
from alerts.together import GATHERING, Gathering
from tests import clock
from tests.alerts.senders import LATER, Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Sent:
    """A POST to the integration with this key."""

    key: str
    payload: Any
    headers: dict[str, str] = field(default_factory=dict)

    def request(self, gathering: Gathering | None) -> HttpResponse:
        """What the view answers now."""
        body = self.payload if isinstance(self.payload, bytes) else json.dumps(self.payload)
        request = RequestFactory().post(
            "/hooks/v1/", body, content_type="application/json", headers=self.headers
        )
        if gathering is not None:
            request.META[GATHERING] = gathering
        return webhooks.receive(request, self.key)


def together(*posts: Sent) -> list[HttpResponse]:
    """As the web server does with those that wait when a thread is free."""
    gathering = Gathering()
    answers = [post.request(gathering) for post in posts]
    for _ in gathering.store_all():
        pass
    return answers


def apart(*posts: Sent) -> list[HttpResponse]:
    """One after the other."""
    return [post.request(None) for post in posts]


def told(answer: HttpResponse) -> dict[str, Any]:
    """Its JSON."""
    body: dict[str, Any] = json.loads(answer.content)
    return body


def stored(site: Site) -> dict[str, Any]:
    """All that is stored of a site, without times and IDs."""
    mine = {"organization": site.organization}
    groups = {group.pk: group for group in AlertGroup.objects.filter(**mine).order_by("id")}
    alerts = {one.pk: one for one in Alert.objects.filter(**mine)}
    return {
        "alerts": sorted(
            (a.name, a.status, a.severity, a.episode, a.ended_by, a.summary, a.content_hash)
            for a in alerts.values()
        ),
        "episodes": sorted(
            (alerts[e.alert_id].name, e.number, e.severity, e.ends_at is None)
            for e in Episode.objects.filter(**mine)
        ),
        "members": sorted(
            (groups[m.group_id].title, alerts[m.alert_id].name, m.episode)
            for m in GroupMember.objects.filter(**mine)
        ),
        "groups": sorted(
            (
                *(g.title, g.status, g.severity, g.is_open, g.truncated_alerts, g.external_url),
                [
                    (event.kind, [name for _, name in event.data.get("alerts", ())])
                    for event in TimelineEvent.objects.filter(group=g).order_by("id")
                ],
                GroupMessage.objects.filter(group=g, due_at__isnull=False).count(),
            )
            for g in groups.values()
        ),
        "traces": [
            (t.status, t.source, t.summary, t.unrouted, [effect for _, effect, _ in t.alerts])
            for t in Trace.objects.filter(**mine).order_by("received_at", "id")
        ],
    }


REFUSES = {
    "sqlite": """
        CREATE TRIGGER refuses BEFORE INSERT ON alerts_alert WHEN NEW.name = 'Bad'
        BEGIN SELECT RAISE(ABORT, 'refused'); END""",
    "postgresql": """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
        CREATE TRIGGER refuses BEFORE INSERT ON alerts_alert FOR EACH ROW
        WHEN (NEW.name = 'Bad') EXECUTE FUNCTION refuse()""",
}


def effects(answer: HttpResponse) -> list[str]:
    """Of the alerts of a POST, by its trace."""
    return [effect for _, effect, _ in Trace.objects.get(pk=told(answer)["trace"]).alerts]


NAMES = st.sampled_from(["A", "B", "C"])
ALERTS = st.builds(
    lambda name, status, severity, starts_at: alert(
        name, status, labels={"severity": severity}, startsAt=starts_at
    ),
    NAMES,
    st.sampled_from(["firing", "firing", "resolved"]),
    st.sampled_from(["warning", "critical"]),
    st.sampled_from(["2026-11-23T00:02:39Z", LATER]),
)
PAYLOADS = st.one_of(
    st.builds(
        lambda alerts, group, truncated: webhook(
            *alerts, groupKey=group, groupLabels={"group": group}, truncatedAlerts=truncated
        ),
        st.lists(ALERTS, max_size=3),
        st.sampled_from(["x", "y"]),
        st.sampled_from([0, 2]),
    ),
    st.builds(
        lambda title, status: {"title": title, "status": status},
        NAMES,
        st.sampled_from(["firing", "resolved"]),
    ),
    st.builds(lambda title: {"title": title, "message": "once"}, NAMES),
    st.just(b"\xff{"),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(posts=st.lists(st.tuples(st.integers(0, 2), PAYLOADS), min_size=2, max_size=8))
def test_what_is_stored_is_the_same(posts: Sequence[tuple[int, Any]]) -> None:
    """Of three organizations, whose alerts have the same names."""
    results = []
    for store in (apart, together):
        sites = [make_site() for _ in range(3)]
        answers = store(*[Sent(sites[number].key, payload) for number, payload in posts])
        results.append(([answer.status_code for answer in answers], [stored(s) for s in sites]))
    assert results[0] == results[1]


def test_two_organizations_in_one_transaction_have_nothing_of_each_other() -> None:
    one, other = make_site(), make_site()
    first, second = together(Sent(one.key, webhook(alert())), Sent(other.key, webhook(alert())))
    for site, answer in ((one, first), (other, second)):
        assert answer.status_code == 202
        row = Alert.objects.get(organization=site.organization)
        group = AlertGroup.objects.get(organization=site.organization)
        assert row.integration_id == site.integration.pk
        assert group.route_id == site.route.pk
        trace = Trace.objects.get(organization=site.organization)
        assert str(trace.pk) == told(answer)["trace"]
        assert trace.alerts == [[str(row.pk), "fired", [str(group.pk)]]]
        message = GroupMessage.objects.get(organization=site.organization)
        assert message.channel_id == site.channels[0].pk
        assert message.stream.organization_id == site.organization.pk


def test_a_bad_one_fails_alone() -> None:
    """The database does not take its alert."""
    with connection.cursor() as cursor:
        cursor.execute(REFUSES[connection.vendor])
    site, other = make_site(), make_site()
    unreadable = Sent(site.key, b"\xff{")
    unknown = Sent("ti_unknown", webhook(alert()))
    bad = Sent(site.key, {"title": "Bad"})
    good = [Sent(other.key, webhook(alert(name), groupKey=name)) for name in "AB"]
    answers = together(good[0], unreadable, bad, unknown, good[1])
    assert [answer.status_code for answer in answers] == [202, 400, 503, 404, 202]
    assert answers[2]["Retry-After"] == "5"
    assert Alert.objects.filter(organization=other.organization).count() == 2
    assert not Alert.objects.filter(organization=site.organization).exists()
    assert Trace.objects.filter(organization=site.organization, status=202).count() == 0


def test_one_idempotency_key_in_a_batch_is_one_post() -> None:
    site, other = make_site(), make_site()
    headers = {"Idempotency-Key": "once"}
    same = [Sent(site.key, {"title": "x"}, headers) for _ in range(3)]
    changed = Sent(site.key, {"title": "y"}, headers)
    elsewhere = Sent(other.key, {"title": "x"}, headers)
    answers = together(*same, changed, elsewhere)
    assert [answer.status_code for answer in answers] == [202, 202, 202, 422, 202]
    assert told(answers[0]) == told(answers[1]) == told(answers[2])
    assert [answer.get("Idempotent-Replayed") for answer in answers] == [
        None, "true", "true", None, None,
    ]  # fmt: skip
    assert Alert.objects.filter(organization=site.organization).count() == 1
    assert Alert.objects.filter(organization=other.organization).count() == 1


def test_posts_of_one_sender_keep_their_order() -> None:
    site, other = make_site(), make_site()
    fired, ended = webhook(alert()), webhook(alert(status="resolved"))
    again = webhook(alert(startsAt=LATER))
    posts = [Sent(site.key, payload) for payload in (fired, ended, again)]
    answers = together(posts[0], Sent(other.key, fired), *posts[1:])
    assert [effects(answer) for answer in answers] == [
        ["fired"], ["fired"], ["resolved"], ["refired"],
    ]  # fmt: skip


@clock.undisturbed
def test_many_take_as_many_statements_as_one() -> None:
    def statements(send: Callable[[], object]) -> int:
        with CaptureQueriesContext(connection) as queries:
            send()
        return len(queries)

    sites = [make_site() for _ in range(5)]
    # Keys and routes are read, and a payload of each is kept.
    together(*[Sent(site.key, webhook(alert("first"))) for site in sites])
    posts = [Sent(site.key, webhook(alert())) for site in sites]
    one = statements(lambda: together(posts[0]))
    assert statements(lambda: together(*posts[1:])) == one
