"""Silences over REST."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Role
from alerts.models import Alert, AlertGroup, Silence, TimelineEvent
from deliveries import clock
from tests.alerts.senders import Site, alert, make_site, webhook
from tests.clock import undisturbed
from tests.factories import make_organization
from tests.rest import Api, places, problem_of

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def site() -> Site:
    """Two alerts fire, of two instances."""
    site = make_site()
    site.post(webhook(alert(), alert(labels={"instance": "web-2", "severity": "critical"})))
    return site


@pytest.fixture
def api(site: Site) -> Api:
    return Api(site.organization)


def ids(api: Api, query: str = "") -> set[str]:
    answer = api.get(f"silences/?{query}")
    assert answer.status_code == 200, answer.content
    return {row["id"] for row in answer.json()["results"]}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_from_first_to_last(api: Api) -> None:
    before = clock.now()
    body = {"matchers": 'alertname="InstanceDown"', "duration": "2h", "comment": "Patch day"}
    made = api.post("silences/", body)
    assert made.status_code == 201, made.content
    row = made.json()
    assert made["Location"] == f"http://testserver/api/v1/silences/{row['id']}/"
    assert (row["state"], row["way"], row["alert_count"]) == ("active", "api", 2)
    assert (row["matchers"], row["author"]) == ('{alertname="InstanceDown"}', "API key owner key")
    length = moment(row["ends_at"]) - moment(row["starts_at"])
    assert timedelta(0) <= 2 * HOUR - length < timedelta(seconds=1)
    path = f"silences/{row['id']}/"
    assert api.get(path).json() == row
    longer = api.patch(path, {"duration": "4h"}).json()
    assert (longer["id"], longer["comment"]) == (row["id"], "Patch day")
    assert before + 4 * HOUR <= moment(longer["ends_at"]) <= clock.now() + 4 * HOUR
    other = api.patch(path, {"matchers": 'instance="web-2"'}).json()
    assert other["id"] != row["id"]
    assert (other["alert_count"], other["ends_at"]) == (1, longer["ends_at"])
    assert api.get(path).json()["state"] == "expired"
    ended = api.post(f"silences/{other['id']}/expire/")
    assert (ended.status_code, ended.json()["state"], ended.json()["alert_count"]) == (
        200,
        "expired",
        0,
    )
    assert api.post(f"silences/{other['id']}/expire/").json() == ended.json()
    actions = AuditEntry.objects.filter(organization=api.organization, object_type="silence")
    assert list(actions.order_by("id").values_list("action", flat=True)) == [
        "create",
        "change",
        "expire",
        "create",
        "expire",
    ]


def test_times_to_come(api: Api) -> None:
    start = datetime(2100, 1, 1, tzinfo=UTC)
    made = api.post(
        "silences/",
        {
            "matchers": [{"name": "team", "isRegex": True, "value": "db|web"}],
            "starts_at": start.isoformat(),
            "duration": "1h30m",
            "author": "Night shift",
        },
    ).json()
    assert (made["state"], made["author"]) == ("pending", "Night shift")
    assert made["matchers"] == '{team=~"db|web"}'
    assert moment(made["ends_at"]) == start + timedelta(minutes=90)
    changed = api.patch(f"silences/{made['id']}/", {"duration": "1h"}).json()
    assert moment(changed["ends_at"]) == start + HOUR, "counted from its start on"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"duration": "2h"}, "/matchers"),
        ({"matchers": "", "duration": "2h"}, "/matchers"),
        ({"matchers": 'a=""', "duration": "2h"}, "/matchers"),
        ({"matchers": "a=~(", "duration": "2h"}, "/matchers"),
        ({"matchers": 5, "duration": "2h"}, "/matchers"),
        ({"matchers": "a=b"}, "/ends_at"),
        ({"matchers": "a=b", "duration": "two hours"}, "/duration"),
        ({"matchers": "a=b", "duration": 2}, "/duration"),
        ({"matchers": "a=b", "duration": "99y"}, "/ends_at"),
        ({"matchers": "a=b", "duration": "2h", "ends_at": "2100-01-01T00:00:00Z"}, "/duration"),
        ({"matchers": "a=b", "ends_at": "2000-01-01T00:00:00Z"}, "/ends_at"),
        ({"matchers": "a=b", "ends_at": "tomorrow"}, "/ends_at"),
        ({"matchers": "a=b", "duration": "2h", "starts_at": "9999-12-31T23:59:59-14:00"}, ""),
        ({"matchers": "a=b", "duration": "2h", "comment": "x" * 2001}, "/comment"),
        ({"matchers": "a=b", "duration": "2h", "coment": "x"}, "/coment"),
        ({"matchers": "a=b", "duration": "2h", "way": "console"}, "/way"),
    ],
)
def test_refused(api: Api, body: dict[str, Any], place: str) -> None:
    answer = api.post("silences/", body)
    assert answer.status_code == 400
    assert place in places(answer) or not place
    assert not Silence.objects.exists()


def test_a_change_is_checked_as_well(api: Api) -> None:
    made = api.post("silences/", {"matchers": "a=b", "duration": "2h"}).json()
    path = f"silences/{made['id']}/"
    assert places(api.patch(path, {"ends_at": "2000-01-01T00:00:00Z"})) == {"/ends_at": "invalid"}
    assert places(api.patch(path, {"matchers": "a="})) == {"/matchers": "invalid"}
    api.post(f"{path}expire/")
    assert places(api.patch(path, {"comment": "Too late"})) == {"/ends_at": "invalid"}


def test_lists_by_state_and_matcher(api: Api) -> None:
    def made(matchers: str, **body: Any) -> str:
        return str(
            api.post("silences/", {"matchers": matchers, "duration": "2h", **body}).json()["id"]
        )

    active = made('team="db",env!="dev"')
    pending = made('team=~"db"', starts_at="2100-01-01T00:00:00Z")
    expired = made('team="db"')
    odd = made('"naïve \\"label\\""="it\'s \\\\ é ☂"')
    api.post(f"silences/{expired}/expire/")
    for query, found in (
        ("", {active, pending, expired, odd}),
        ("state=active", {active, odd}),
        ("state=pending", {pending}),
        ("state=expired", {expired}),
        ('matcher=team="db"', {active, expired}),
        ("matcher=team=db", {active, expired}),
        ('matcher=team=~"db"', {pending}),
        ('matcher=team="db"&matcher=env!="dev"', {active}),
        ('matcher=team="db"&state=active', {active}),
        ('matcher=team="d"', set()),
        (
            "matcher=%22na%C3%AFve%20\\%22label\\%22%22=%22it's%20\\\\%20%C3%A9%20%E2%98%82%22",
            {odd},
        ),
    ):
        assert ids(api, query) == found, query
    assert places(api.get("silences/?state=over")) == {"state": "invalid_choice"}
    assert places(api.get("silences/?matcher=team")) == {"matcher": "invalid"}
    assert places(api.get("silences/?matcher=a=b,c=d")) == {"matcher": "invalid"}
    by_end = api.get("silences/?ordering=ends_at").json()["results"]
    assert (by_end[0]["id"], by_end[-1]["id"]) == (expired, pending)


@undisturbed
def test_counting_for_a_page_costs_one_query(api: Api) -> None:
    costs = []
    for count in (1, 6):
        for number in range(count):
            api.post("silences/", {"matchers": f'instance="web-{number}"', "duration": "2h"})
        api.get("silences/")
        with CaptureQueriesContext(connection) as queries:
            listed = api.get("silences/").json()["results"]
        costs.append(len(queries))
    assert costs[0] == costs[1]
    assert sorted(row["alert_count"] for row in listed) == [0, 0, 0, 0, 0, 1, 1]


def test_many_at_once(api: Api) -> None:
    made = [
        api.post("silences/", {"matchers": "a=b", "duration": "2h"}).json()["id"] for _ in range(3)
    ]
    api.post(f"silences/{made[0]}/expire/")
    answer = api.post("silences/expire/", {"silences": made})
    assert answer.status_code == 200
    assert sorted(answer.json()["expired"]) == sorted(made[1:])
    assert ids(api, "state=active") == set()
    assert api.post("silences/expire/", {"silences": made}).json() == {"expired": []}
    assert places(api.post("silences/expire/", {"silences": [str(uuid4())]})) == {
        "/silences/0": "does_not_exist"
    }


def test_what_one_would_hold_for(api: Api) -> None:
    seen = Api(api.organization, Role.VIEWER)
    held = seen.post("silences/preview/", {"matchers": 'severity=~"warning|critical"'})
    assert held.status_code == 200, held.content
    body = held.json()
    assert (body["count"], body["is_whole"]) == (2, True)
    assert {one["labels"]["instance"] for one in body["alerts"]} == {"web-1", "web-2"}
    assert seen.post("silences/preview/", {"matchers": "a=b"}).json()["count"] == 0
    assert places(seen.post("silences/preview/", {"matchers": 'a=""'})) == {"/matchers": "invalid"}
    stranger = Api(make_organization())
    assert stranger.post("silences/preview/", {"matchers": 'severity!=""'}).json()["count"] == 0
    assert not Silence.objects.exists()


def test_the_same_key_makes_one_silence(api: Api) -> None:
    body = {"matchers": "a=b", "duration": "2h"}
    key = {"headers": {"Idempotency-Key": "k1"}}
    first, again = api.post("silences/", body, **key), api.post("silences/", body, **key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert again["Location"] == first["Location"]
    assert Silence.objects.count() == 1
    problem_of(api.post("silences/", {**body, "duration": "3h"}, **key), 409)
    group = AlertGroup.objects.get(organization=api.organization)
    problem_of(api.post(f"groups/{group.pk}/silence/", {"duration": "2h"}, **key), 409)


def lines(api: Api) -> list[tuple[Any, str, str, str]]:
    rows = TimelineEvent.objects.filter(organization=api.organization, kind="silenced")
    return [(row.alert_id, row.actor_name, row.way, row.data.get("why", "")) for row in rows]


def test_from_a_group(api: Api) -> None:
    group = AlertGroup.objects.get(organization=api.organization)
    made = api.post(f"groups/{group.pk}/silence/", {"duration": "2h", "comment": "Known"})
    assert made.status_code == 201, made.content
    row = made.json()
    assert row["matchers"] == '{alertname="InstanceDown"}', "what both have in common"
    assert row["alert_count"] == 2
    assert made["Location"].endswith(f"/api/v1/silences/{row['id']}/")
    assert lines(api) == [(None, "API key owner key", "api", "Known")]
    given = api.post(f"groups/{group.pk}/silence/", {"duration": "2h", "matchers": "team=db"})
    assert given.json()["matchers"] == '{team="db"}'


def test_from_a_group_in_which_less_fires(api: Api, site: Site) -> None:
    site.post(webhook(alert(status="resolved")))
    group = AlertGroup.objects.get(organization=api.organization)
    row = api.post(f"groups/{group.pk}/silence/", {"duration": "2h"}).json()
    assert 'instance="web-2"' in row["matchers"]


def test_from_a_group_of_strangers(api: Api) -> None:
    group = AlertGroup.objects.get(organization=api.organization)
    first, *_ = Alert.objects.filter(organization=api.organization)
    Alert.objects.filter(pk=first.pk).update(labels={"other": "one"})
    refused = api.post(f"groups/{group.pk}/silence/", {"duration": "2h"})
    assert places(refused) == {"/matchers": "invalid"}
    assert lines(api) == []


def test_from_an_alert(api: Api) -> None:
    one = Alert.objects.get(organization=api.organization, labels__instance="web-1")
    row = api.post(f"alerts/{one.pk}/silence/", {"duration": "2h"}).json()
    assert row["matchers"] == '{alertname="InstanceDown", instance="web-1", severity="warning"}'
    assert row["alert_count"] == 1
    assert lines(api) == [(one.pk, "API key owner key", "api", "")]


def test_the_line_of_one_to_come_waits_for_it(api: Api) -> None:
    one = Alert.objects.filter(organization=api.organization)[0]
    body = {"starts_at": "2100-01-01T00:00:00Z", "duration": "2h"}
    assert api.post(f"alerts/{one.pk}/silence/", body).status_code == 201
    assert lines(api) == []


def test_what_does_not_tell_alerts_apart_is_left_out() -> None:
    site = make_site(ignored_labels=["replica"])
    site.post(webhook(alert(labels={"replica": "a"})))
    api = Api(site.organization)
    one = Alert.objects.get(organization=site.organization)
    assert one.labels["replica"] == "a"
    for path in (
        f"alerts/{one.pk}/silence/",
        f"groups/{AlertGroup.objects.get(organization=site.organization).pk}/silence/",
    ):
        assert "replica" not in api.post(path, {"duration": "2h"}).json()["matchers"]


def test_a_notice_without_labels_needs_matchers() -> None:
    site = make_site()
    site.post(b"Backup finished", content_type="text/plain")
    api = Api(site.organization)
    Alert.objects.filter(organization=site.organization).update(labels={})
    one = Alert.objects.get(organization=site.organization)
    refused = api.post(f"alerts/{one.pk}/silence/", {"duration": "2h"})
    assert places(refused) == {"/matchers": "invalid"}
    assert not Silence.objects.exists()


def test_of_one_integration_alone(api: Api) -> None:
    other = api.post("integrations/", {"name": "Other"}).json()["id"]
    first = str(Alert.objects.filter(organization=api.organization)[0].integration_id)
    body = {"matchers": "alertname=InstanceDown", "duration": "2h"}
    counts = {None: 2, first: 2, other: 0}
    made = {}
    for pk, count in counts.items():
        row = api.post("silences/", {**body, "integration": pk}).json()
        assert (row["integration"], row["alert_count"]) == (pk, count)
        made[pk] = row["id"]
        held = api.post("silences/preview/", {"matchers": body["matchers"], "integration": pk})
        assert held.json()["count"] == count
    assert ids(api, f"integration={other}") == {made[other]}
    path = f"silences/{made[other]}/"
    assert places(api.patch(path, {"integration": None})) == {"/integration": "invalid"}
    moved = api.patch(path, {"matchers": "a=b", "integration": other}).json()
    assert (moved["integration"], moved["id"] != made[other]) == (other, True)
    foreign = str(make_site().integration.pk)
    for path, sent in (("silences/", body), ("silences/preview/", {"matchers": "a=b"})):
        answer = api.post(path, {**sent, "integration": foreign})
        assert places(answer) == {"/integration": "does_not_exist"}
