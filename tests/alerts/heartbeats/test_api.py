"""Heartbeats over REST."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Role
from alerts.models import Heartbeat, Integration
from tests.rest import Api, places

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(db: None) -> Api:
    return Api()


NIGHTLY = {"name": "Backup", "cron": "0 3 * * *", "timezone": "Europe/Berlin", "grace": 1800}


def test_a_heartbeat_from_first_to_last(api: Api) -> None:
    made = api.post("heartbeats/", NIGHTLY | {"labels": {"team": "core"}})
    assert made.status_code == 201, made.content
    row = made.json()
    assert (row["state"], row["period"], row["severity"]) == ("new", None, "critical")
    path = f"heartbeats/{row['id']}/"
    assert Client().get(row["ping_url"]).status_code == 200
    seen = api.get(path).json()
    assert (seen["state"], seen["last_ping_at"] is None) == ("up", False)
    assert Client().post(f"{row['ping_url']}start").status_code == 200
    assert api.get(path).json()["state"] == "started"
    assert Client().post(f"{row['ping_url']}2", b"no space", "text/plain").status_code == 200
    down = api.get(path).json()
    assert (down["state"], down["reason"], down["due_at"]) == ("down", "failed", None)
    assert down["last_duration"] >= 0
    pings = api.get(f"{path}pings/").json()
    assert [one["kind"] for one in pings] == ["fail", "start", "success"]
    assert (pings[0]["exit_code"], pings[0]["body"]) == (2, "no space")
    assert api.get("alerts/?status=firing").json()["results"][0]["name"] == "Backup"
    assert api.post(f"{path}pause/").json()["state"] == "paused"
    assert api.get("alerts/?status=firing").json()["results"] == []
    assert api.post(f"{path}resume/").json()["state"] == "up"
    changed = api.patch(path, {"period": 600})
    assert (changed.json()["period"], changed.json()["cron"]) == (600, "")
    renewed = api.post(f"{path}rotate-key/").json()
    assert Client().get(row["ping_url"]).status_code == 404
    assert Client().get(renewed["ping_url"]).status_code == 200
    assert api.delete(path).status_code == 204
    assert Client().get(renewed["ping_url"]).status_code == 404


def test_only_those_who_manage_see_the_key(api: Api) -> None:
    api.post("heartbeats/", NIGHTLY)
    for role in (Role.VIEWER, Role.RESPONDER):
        (row,) = Api(api.organization, role).get("heartbeats/").json()["results"]
        assert row["ping_url"] is None


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"name": "x"}, "/period"),
        ({"name": "x", "period": 60, "cron": "0 3 * * *"}, "/period"),
        ({"name": "x", "period": 1}, "/period"),
        ({"name": "x", "cron": "0 25 * * *"}, "/cron"),
        ({"name": "x", "period": 60, "timezone": "Berlin"}, "/timezone"),
        ({"name": "x", "period": 60, "labels": {"a": 1}}, "/labels/a"),
        ({"name": "x", "period": 60, "state": "up"}, "/state"),
        ({"name": "x", "period": 60, "matchers": "a=~["}, "/matchers"),
    ],
)
def test_refusals_name_the_field(api: Api, body: dict[str, Any], place: str) -> None:
    assert list(places(api.post("heartbeats/", body))) == [place]
    assert not Heartbeat.objects.exists()


def test_the_integration_of_heartbeats_is_theirs(api: Api) -> None:
    api.post("heartbeats/", NIGHTLY)
    row = Integration.objects.get(kind="heartbeat")
    path = f"integrations/{row.pk}/"
    assert api.get(path).json()["ingest_url"] is None
    assert api.patch(path, {"name": "Jobs"}).json()["name"] == "Jobs"
    assert api.patch(path, {"enabled": False}).status_code == 400
    assert api.patch(path, {"signature_secret": "x"}).status_code == 400
    assert api.post(f"{path}rotate-key/").status_code == 409
    assert api.delete(path).status_code == 409
    refused = api.post("integrations/", {"name": "x", "kind": "heartbeat"})
    assert list(places(refused)) == ["/kind"]
