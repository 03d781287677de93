"""Mappings over the REST API: set, tried against payloads, and told where they go wrong."""

from typing import Any

import pytest

from alerts.models import Alert, Integration, Payload
from tests.alerts.senders import Site
from tests.alerts.test_payloads import PROBLEM, mapped_site
from tests.rest import Api

pytestmark = pytest.mark.django_db
MAPPING: Any = {
    "items": "",
    "rules": {
        "title": {"expression": "concat(event, ' on ', host)", "values": {}},
        "severity": {"expression": "'disaster'", "values": {}},
    },
}


@pytest.fixture
def site() -> Site:
    return mapped_site(None)


@pytest.fixture
def api(site: Site) -> Api:
    return Api(site.organization)


def path_of(site: Site, part: str = "mapping/") -> str:
    return f"integrations/{site.integration.pk}/{part}"


def test_set_shown_and_removed(site: Site, api: Api) -> None:
    path = path_of(site)
    assert api.get(path).status_code == 404
    assert api.ask("PUT", path, MAPPING).json() == MAPPING
    assert api.get(path).json() == MAPPING
    site.post(PROBLEM)
    assert Alert.objects.get().name == "Disk full on db1"
    assert api.delete(path).status_code == 204
    assert api.delete(path).status_code == 404
    assert Integration.objects.get(pk=site.integration.pk).mapping is None


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, {"/rules": None}),
        ({"rules": {}}, {"/rules/title/expression": None}),
        ({"rules": {"title": {"expression": "a..b"}}}, {"/rules/title/expression": 2}),
        (
            {"items": "[", "rules": {"title": {"expression": "nope(a)"}}},
            {"/items": 1, "/rules/title/expression": 0},
        ),
        ({"rules": {"title": {"expression": "a", "values": []}}}, {"/rules/title/values": None}),
        ({"rules": {"title": {"expression": 5}}}, {"/rules/title/expression": None}),
        ({"rules": {"titel": {"expression": "a"}}}, {"/rules/titel": None}),
        ({"rules": {"title": "a"}}, {"/rules/title": None}),
    ],
)
def test_what_is_no_mapping(site: Site, api: Api, body: Any, places: dict[str, Any]) -> None:
    answer = api.ask("PUT", path_of(site), body)
    assert answer.status_code == 400
    errors = answer.json()["errors"]
    assert {error["pointer"]: error.get("position") for error in errors} == places
    tried = api.post(path_of(site, "mapping/try/"), {"mapping": body, "payload": {}})
    assert {error["pointer"] for error in tried.json()["errors"]} == {
        f"/mapping{place}" for place in places
    }


def test_tried_against_a_payload_of_ones_own(site: Site, api: Api) -> None:
    body = {"mapping": MAPPING, "payload": PROBLEM}
    told = api.post(path_of(site, "mapping/try/"), body).json()
    assert (told["count"], told["problems"]) == (1, [])
    (alert,) = told["alerts"]
    assert (alert["name"], alert["status"], alert["severity"]) == (
        "Disk full on db1",
        "event",
        "critical",
    )
    assert alert["labels"] == {"severity": "disaster"}
    assert not Alert.objects.exists()
    assert not Payload.objects.exists()


def test_tried_against_one_that_came_with_the_mapping_that_is_stored(site: Site, api: Api) -> None:
    path = path_of(site, "mapping/try/")
    site.post(PROBLEM)
    (kept,) = api.get(path_of(site, "payloads/")).json()["results"]
    assert (kept["content_type"], kept["size"]) == ("application/json", len(kept["body"]))
    assert api.post(path, {"kept": kept["id"]}).status_code == 404
    api.ask("PUT", path_of(site), MAPPING)
    assert api.post(path, {"kept": kept["id"]}).json()["alerts"][0]["name"] == "Disk full on db1"
    other = mapped_site(None)
    foreign = api.post(path_of(other, "mapping/try/"), {"kept": kept["id"]})
    assert foreign.status_code == 404
    strange = Api(other.organization).post(
        path_of(other, "mapping/try/"), {"kept": kept["id"], "mapping": MAPPING}
    )
    assert strange.status_code == 400
    assert strange.json()["errors"][0]["code"] == "does_not_exist"


@pytest.mark.parametrize(
    ("rules", "items", "field"),
    [
        ({"title": "event", "url": "sum(host)"}, "", "url"),
        ({"title": "sum(host)"}, "", "title"),
        ({"title": "nothing"}, "", "title"),
        ({"title": "nothing"}, "[@]", "title"),
        ({"title": "event", "starts_at": "host"}, "[@]", "starts_at"),
        ({"title": "event", "labels": "host"}, "", "labels"),
        ({"title": "event"}, "nothing", "items"),
    ],
)
def test_problems_name_their_field(
    site: Site, api: Api, rules: dict[str, str], items: str, field: str
) -> None:
    mapping = {
        "items": items,
        "rules": {name: {"expression": text} for name, text in rules.items()},
    }
    body = {"mapping": mapping, "payload": PROBLEM}
    told = api.post(path_of(site, "mapping/try/"), body).json()
    assert [problem["field"] for problem in told["problems"]] == [field]


@pytest.mark.parametrize(
    "body", [{"mapping": MAPPING}, {"payload": {}, "kept": "x"}, {"kept": "x"}]
)
def test_a_trial_needs_one_payload(site: Site, api: Api, body: Any) -> None:
    assert api.post(path_of(site, "mapping/try/"), body).status_code == 400


def test_a_payload_of_many_alerts_is_told_in_part(site: Site, api: Api) -> None:
    mapping = {"items": "@", "rules": {"title": {"expression": "n"}}}
    payload = [{"n": str(number)} for number in range(80)]
    body = {"mapping": mapping, "payload": payload}
    told = api.post(path_of(site, "mapping/try/"), body).json()
    assert (told["count"], len(told["alerts"])) == (80, 50)


def test_payloads_are_for_admins(site: Site) -> None:
    site.post(PROBLEM)
    for role in ("viewer", "responder"):
        assert Api(site.organization, role).get(path_of(site, "payloads/")).status_code == 403
    assert Api(mapped_site(None).organization).get(path_of(site, "payloads/")).status_code == 404
