"""Integrations, routes and the organization over REST."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Role
from alerts.integration_keys import forget_cached_keys
from alerts.models import Alert, AlertGroup, Trace
from tests import clock
from tests.architecture.population import populate
from tests.factories import make_bot, make_channel
from tests.rest import Api, places, problem_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(db: None) -> Api:
    forget_cached_keys()
    return Api()


def post_alert(url: str) -> int:
    return Client().post(url, {"title": "a"}, content_type="application/json").status_code


def test_an_integration_from_first_to_last(api: Api) -> None:
    made = api.post(
        "integrations/",
        {"name": "Prod", "ignored_labels": ["replica"], "resolve_timeout": 18_000},
    )
    assert made.status_code == 201
    row = made.json()
    assert made["Location"] == f"http://testserver/api/v1/integrations/{row['id']}/"
    assert (row["kind"], row["ignored_labels"], row["signed"]) == ("auto", ["replica"], False)
    assert row["resolve_timeout"] == 18_000
    for seconds in (59, 2_592_001):
        refused = api.patch(f"integrations/{row['id']}/", {"resolve_timeout": seconds})
        assert list(places(refused)) == ["/resolve_timeout"]
    assert post_alert(row["ingest_url"]) == 202
    path = f"integrations/{row['id']}/"
    renewed = api.post(f"{path}rotate-key/", {"overlap_hours": 0}).json()
    assert renewed["ingest_url"] != row["ingest_url"]
    forget_cached_keys()
    assert (post_alert(row["ingest_url"]), post_alert(renewed["ingest_url"])) == (404, 202)
    signed = api.patch(path, {"signature_secret": "geheimnis", "name": "Prod 2"})
    assert (signed.json()["signed"], signed.json()["name"]) == (True, "Prod 2")
    assert "geheimnis" not in signed.content.decode()
    assert post_alert(renewed["ingest_url"]) == 401
    assert api.patch(path, {"signature_secret": "", "enabled": False}).json()["signed"] is False
    assert post_alert(renewed["ingest_url"]) == 403
    assert api.delete(path).status_code == 204
    assert post_alert(renewed["ingest_url"]) == 404
    actions = AuditEntry.objects.filter(organization=api.organization, object_type="integration")
    assert actions.filter(way="api").count() >= 5


def test_only_those_who_manage_see_the_key(api: Api) -> None:
    api.post("integrations/", {"name": "Prod"})
    for role in (Role.VIEWER, Role.RESPONDER):
        (row,) = Api(api.organization, role).get("integrations/").json()["results"]
        assert row["ingest_url"] is None
    (row,) = Api(api.organization, Role.ADMIN).get("integrations/").json()["results"]
    assert "/hooks/v1/ti_" in row["ingest_url"]


def test_names_are_taken_once_and_changes_are_whole(api: Api) -> None:
    api.post("integrations/", {"name": "a"})
    other = api.post("integrations/", {"name": "b"}).json()["id"]
    assert places(api.post("integrations/", {"name": "a"})) == {"/name": "invalid"}
    both = api.patch(f"integrations/{other}/", {"name": "a", "enabled": False})
    assert places(both) == {"/name": "invalid"}
    assert api.get(f"integrations/{other}/").json()["enabled"] is True


def test_a_route_from_first_to_last(api: Api) -> None:
    channel = str(make_channel(make_bot(api.organization)).pk)
    integration = api.post("integrations/", {"name": "a"}).json()["id"]
    body = {
        "name": "Databases",
        "matchers": '{severity="critical", team=~"db|storage"}',
        "channels": [channel],
        "integrations": [integration],
        "group_by": ["team"],
        "group_wait": 10,
    }
    made = api.post("routes/", body)
    assert made.status_code == 201, made.content
    row = made.json()
    assert {name: row[name] for name in body} == body
    listed = api.get("routes/").json()
    assert [route["name"] for route in listed["results"]] == ["Databases", "Everything else"]
    assert (listed["next"], listed["previous"]) == (None, None)
    path = f"routes/{row['id']}/"
    changed = api.patch(
        path, {"matchers": [{"name": "a", "op": "!=", "value": "b"}], "channels": []}
    ).json()
    assert (changed["matchers"], changed["channels"]) == ('{a!="b"}', [])
    assert changed["integrations"] == [integration]
    assert api.delete(path).status_code == 204
    default = api.get("routes/").json()["results"][0]
    assert "stays" in problem_of(api.delete(f"routes/{default['id']}/"), 409)["detail"]
    assert places(api.patch(f"routes/{default['id']}/", {"matchers": "a=b"})) == {
        "/matchers": "invalid"
    }


def test_a_route_that_chooses_by_a_label(api: Api) -> None:
    bot = make_bot(api.organization)
    core, web = (str(make_channel(bot, name=name).pk) for name in ("Core", "Web"))
    body = {
        "name": "Teams",
        "choose_by": "team",
        "choices": {"core": core, "web": web},
        "sound": {"critical": "ring", "info": "silent"},
    }
    made = api.post("routes/", body)
    assert made.status_code == 201, made.content
    row = made.json()
    assert {name: row[name] for name in body} == body
    path = f"routes/{row['id']}/"
    assert places(api.patch(path, {"choices": {"": core}})) == {"/choices": "invalid"}
    assert places(api.patch(path, {"choose_by": "", "choices": {"a": core}})) == {
        "/choices": "invalid"
    }
    changed = api.patch(path, {"choices": {"core": web}, "sound": {"info": ""}}).json()
    assert (changed["choices"], changed["sound"]) == ({"core": web}, None)
    tried = api.post("routes/test/", {"labels": {"team": "core"}}).json()["steps"][0]
    assert [one["name"] for one in tried["channels"]] == ["Web"]
    assert api.patch(path, {"choose_by": ""}).json()["choices"] == {}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"matchers": "a=~("}, "/matchers"),
        ({"choices": []}, "/choices"),
        ({"choices": {"a": "x"}}, "/choices/a"),
        ({"choices": {"a": "01900000-0000-7000-8000-000000000000"}}, "/choices/a"),
        ({"choose_by": "x" * 257}, "/choose_by"),
        ({"choose_by": 5}, "/choose_by"),
        ({"sound": {"info": "loud"}}, "/sound/info"),
        ({"sound": {"loud": "ring"}}, "/sound/loud"),
        ({"sound": "ring"}, "/sound"),
        ({"matchers": "severity"}, "/matchers"),
        ({"matchers": 5}, "/matchers"),
        ({"matchers": {"a": "b"}}, "/matchers"),
        ({"matchers": [5]}, "/matchers"),
        ({"matchers": [{"name": "a", "value": 5}]}, "/matchers"),
        ({"matchers": [{"name": "a", "op": "<", "value": "5"}]}, "/matchers"),
        ({"channels": "x"}, "/channels"),
        ({"channels": ["x"]}, "/channels/0"),
        ({"channels": ["01900000-0000-7000-8000-000000000000"] * 201}, "/channels"),
        ({"group_by": "team"}, "/group_by"),
        ({"group_by": [""]}, "/group_by/0"),
        ({"group_by": [5]}, "/group_by/0"),
        ({"group_wait": -1}, "/group_wait"),
        ({"repeat_interval": 2**40}, "/repeat_interval"),
        ({"position": "first"}, "/position"),
        ({"is_default": True}, "/is_default"),
        ({"chanels": []}, "/chanels"),
    ],
)
def test_routes_that_can_not_be(api: Api, body: dict[str, Any], place: str) -> None:
    assert place in places(api.post("routes/", {"name": "x", **body}))


@clock.undisturbed
def test_naming_many_rows_costs_one_query(api: Api) -> None:
    bot = make_bot(api.organization)
    ids = [str(make_channel(bot).pk) for _ in range(6)]
    costs = []
    for count in (1, 6):
        with CaptureQueriesContext(connection) as queries:
            made = api.post("routes/", {"name": "x", "channels": ids[:count]})
        assert sorted(made.json()["channels"]) == sorted(ids[:count])
        costs.append(len(queries))
    assert costs[1] - costs[0] <= 1  # the first request also notes the key's use


def test_the_organization(api: Api) -> None:
    shown = api.get("organization/").json()
    assert shown["id"] == str(api.organization.pk)
    severity_map = {"labels": ["sev"], "values": {"P1": "critical", "none": None}}
    body = {
        "name": "New name",
        "timezone": "Europe/Berlin",
        "language": "de",
        "severity_map": severity_map,
    }
    changed = api.patch("organization/", body)
    assert {name: changed.json()[name] for name in body} == body
    entry = AuditEntry.objects.filter(organization=api.organization).latest("id")
    assert (entry.action, entry.changes["timezone"]) == ("change", ["UTC", "Europe/Berlin"])
    assert api.patch("organization/", {"severity_map": {}}).json()["severity_map"] == {}
    assert api.get("organization/").json()["name"] == "New name"
    error = problem_of(api.patch("organization/", {"language": "tlh"}), 400)["errors"][0]
    assert error["pointer"] == "/language"


@pytest.mark.parametrize(
    ("body", "place", "words"),
    [
        ({"timezone": "Europe/Berlim"}, "/timezone", "Europe/Berlim"),
        ({"timezone": ""}, "/timezone", ""),
        ({"name": ""}, "/name", ""),
        ({"slug": "x"}, "/slug", "can't be set"),
        ({"ingest_limit": 1}, "/ingest_limit", "can't be set"),
        ({"severity_map": 5}, "/severity_map", "object"),
        ({"severity_map": {"label": ["x"]}}, "/severity_map/label", "use labels and values"),
        ({"severity_map": {"labels": []}}, "/severity_map/labels", "1 to 10"),
        ({"severity_map": {"values": {"P1": "awful"}}}, "/severity_map/values/P1", "'awful'"),
        ({"severity_map": {"values": {"a.b": "x"}}}, "/severity_map/values/a.b", "critical"),
    ],
)
def test_an_organization_that_can_not_be(
    api: Api, body: dict[str, Any], place: str, words: str
) -> None:
    errors = {
        error["pointer"]: error["detail"]
        for error in problem_of(api.patch("organization/", body), 400)["errors"]
    }
    assert words in errors[place]


def test_groups_alerts_and_traces_in_detail() -> None:
    organization, rows = populate("Mine")
    api = Api(organization)
    group = api.get(f"groups/{rows[AlertGroup].pk}/").json()
    assert [alert["id"] for alert in group["alerts"]] == [str(rows[Alert].pk)]
    assert group["alert_count"] == 1
    assert len(group["messages"]) == len(group["timeline"]) == 1
    alert = api.get(f"alerts/{rows[Alert].pk}/").json()
    assert [episode["number"] for episode in alert["episodes"]] == [1]
    trace = api.get(f"traces/{rows[Trace].pk}/").json()
    assert trace["story"]["alerts"][0]["alert_id"] == str(rows[Alert].pk)
    assert "body" in trace
    assert "body" not in api.get("traces/").json()["results"][0]


def test_alerts_by_label(api: Api) -> None:
    organization, rows = populate("Mine")
    Alert.objects.filter(pk=rows[Alert].pk).update(
        labels={"a__b": "x", "team": "db", 'q"uote': "1", "0": "zero"}
    )
    mine = Api(organization)
    for query, found in (
        ("label=team=db", 1),
        ("label=team=db&label=a__b=x", 1),
        ("label=team=db&label=a__b=y", 0),
        ("label=team=web", 0),
        ("label=nothing=x", 0),
        ("label=q%22uote=1", 1),
        ("label=0=zero", 1),
        ("search=mine", 1),
        ("search=mine+nothing", 0),
    ):
        answer = mine.get(f"alerts/?{query}")
        assert answer.status_code == 200, (query, answer.content)
        assert len(answer.json()["results"]) == found, query


def test_traces_by_what_went_nowhere() -> None:
    organization, rows = populate("Mine")
    api = Api(organization)
    for unrouted in (0, 1, 5):
        Trace.objects.filter(pk=rows[Trace].pk).update(unrouted=unrouted)
        lost = len(api.get("traces/?unrouted=true").json()["results"])
        told = len(api.get("traces/?unrouted=false").json()["results"])
        assert (lost, told) == ((1, 0) if unrouted else (0, 1))


def test_trying_routes(api: Api) -> None:
    channel = make_channel(make_bot(api.organization), name="On call")
    made = api.post(
        "routes/",
        {"name": "Critical", "matchers": 'severity="critical"', "channels": [str(channel.pk)]},
    ).json()
    labels = {"alertname": "DiskFull", "severity": "critical"}
    tried = Api(api.organization, Role.VIEWER).post("routes/test/", {"labels": labels})
    assert tried.status_code == 200, tried.json()
    first, default = tried.json()["steps"]
    assert (first["route"], first["is_taken"]) == (made["id"], True)
    assert first["channels"][0]["channel"] == str(channel.pk)
    assert "DiskFull" in first["channels"][0]["text"]
    assert (default["is_taken"], default["channels"]) == (False, [])
    assert tried.json()["is_lost"] is False
    source = api.post("integrations/", {"name": "Prod"}).json()
    post_alert(source["ingest_url"])
    (stored,) = api.get("alerts/").json()["results"]
    by_alert = api.post("routes/test/", {"alert": stored["id"]}).json()
    assert by_alert["labels"] == stored["labels"]
    assert by_alert["steps"][1]["is_taken"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, ""),
        ({"labels": {}, "alert": str(UUID(int=1))}, ""),
        ({"labels": []}, "/labels"),
        ({"labels": {"a": 1}}, "/labels/a"),
        ({"labels": {"": "x"}}, "/labels"),
        ({"labels": {"a" * 257: "x"}}, "/labels"),
        ({"labels": {"a": "x" * 4097}}, "/labels/a"),
        ({"labels": {str(number): "x" for number in range(257)}}, "/labels"),
        ({"labels": {}, "integration": str(UUID(int=1))}, "/integration"),
        ({"alert": str(UUID(int=1))}, "/alert"),
        ({"alert": str(UUID(int=1)), "integration": str(UUID(int=1))}, "/integration"),
        ({"label": {}}, "/label"),
    ],
)
def test_bad_tries(api: Api, body: dict[str, Any], place: str) -> None:
    assert place in places(api.post("routes/test/", body))
