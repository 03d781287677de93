"""Alertmanager's API: whose rows it shows, who may, and what it says where no Alertmanager can.

That the answers are Alertmanager's own is tested in tests/flows/test_alertmanager_api.py.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import yaml
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry
from alerts import integrations, throttles
from alerts.alertmanager_api.known import EXPIRED_SHOWN, unique_names
from alerts.integration_keys import forget_cached_keys
from alerts.models import Alert, Silence
from alerts.muting.inhibit_rules import create_inhibit_rule
from alerts.muting.silence_rows import alert_counts
from alerts.muting.silences import Wanted, create_silence
from alerts.route_table import forget_cached_routes
from alerts.routes import change_route, create_route
from deliveries import clock
from tests.alerts.senders import Site, alert, make_site, webhook
from tests.clock import undisturbed
from tests.flows.alertmanager_pair import at, query, silence

pytestmark = pytest.mark.django_db

PATHS = ("/status", "/receivers", "/alerts", "/alerts/groups", "/silences")


def ask(site: Site | str, path: str, method: str = "GET", body: Any = None, **extra: Any) -> Any:
    key = site if isinstance(site, str) else site.key
    sent = {} if body is None else {"data": body, "content_type": "application/json"}
    url = f"/hooks/v1/{key}/api/v2{path}"
    return Client().generic(method, url, **extra) if body is None else Client().post(url, **sent)


def names(site: Site, path: str = "/alerts") -> list[str]:
    answer = ask(site, path)
    assert answer.status_code == 200, answer.content
    return [one["labels"]["instance"] for one in answer.json()]


def silenced(site: Site, **values: Any) -> str:
    answer = ask(site, "/silences", body=silence(**values))
    assert answer.status_code == 200, answer.content
    return str(answer.json()["silenceID"])


@pytest.fixture
def site() -> Site:
    site = make_site(name="Prometheus of the shop")
    site.post(webhook(alert(), alert(labels={"instance": "web-2"})))
    return site


def beside(site: Site, **values: Any) -> Site:
    """Another integration of the same organization, of whose alerts one fires."""
    integration, key = integrations.create_integration(
        COMMAND_LINE, site.organization, f"Other {uuid4()}", **values
    )
    other = Site(site.organization, integration, key, site.route, site.channels)
    other.post(webhook(alert(labels={"instance": "other"})))
    return other


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_fresh_json(site: Site, path: str) -> None:
    for slash in ("", "/"):
        answer = ask(site, path + slash)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
        assert answer["Cache-Control"] == "no-store"


def test_what_is_stored_and_cannot_be_read_hides_nothing_else(site: Site) -> None:
    good, bad = silenced(site), silenced(site)
    unreadable = [{"name": "a", "op": "=~", "value": "("}]
    Silence.objects.filter(pk=bad).update(matchers=unreadable)
    change_route(COMMAND_LINE, site.route, name="Default")
    type(site.route).objects.filter(pk=site.route.pk).update(matchers=unreadable)
    assert [one["id"] for one in ask(site, "/silences").json()] == [good]
    assert ask(site, f"/silence/{bad}").status_code == 404
    assert ask(site, f"/silence/{good}").status_code == 200
    for path in PATHS:
        assert ask(site, path).status_code == 200
    rows = list(Silence.objects.order_by("pk"))
    assert alert_counts(rows)[UUID(bad)] == 0
    assert set(alert_counts(rows)) == {UUID(good), UUID(bad)}
    assert ask(site, f"/silence/{bad}", "DELETE").status_code == 200


def test_alerts_are_the_integrations_own(site: Site) -> None:
    other = beside(site)
    make_site().post(webhook(alert(labels={"instance": "foreign"})))
    assert sorted(names(site)) == ["web-1", "web-2"]
    assert names(other) == ["other"]
    # All three are in one group, of which each integration is shown its own.
    shown = [one["labels"]["instance"] for one in ask(site, "/alerts/groups").json()[0]["alerts"]]
    assert shown == ["web-1", "web-2"]


def test_what_is_over_or_never_began_is_not_listed(site: Site) -> None:
    site.post(webhook(alert(status="resolved")))
    site.post({"title": "A notice", "labels": {"instance": "notice"}})
    assert names(site) == ["web-2"]
    site.post(webhook(alert(status="resolved", labels={"instance": "web-2"})))
    assert names(site) == []
    assert ask(site, "/alerts/groups").json() == []


def test_a_webhooks_alert_ends_later_than_now(site: Site) -> None:
    for shown in ask(site, "/alerts").json():
        assert at(200) < shown["endsAt"] < at(400)


def by(pk: str) -> dict[str, Any]:
    """The status of an alert that this silence holds for."""
    return {"inhibitedBy": [], "silencedBy": [pk], "state": "suppressed"}


def test_a_silence_is_for_the_integrations_own_alerts(site: Site) -> None:
    other, stranger = beside(site), make_site()
    stranger.post(webhook(alert()))
    pk = silenced(site, matchers=[{"name": "instance", "value": ".+", "isRegex": True}])
    assert [one["status"] for one in ask(site, "/alerts").json()] == [by(pk)] * 2
    for elsewhere in (other, stranger):
        assert not ask(elsewhere, "/alerts").json()[0]["status"]["silencedBy"]
        assert ask(elsewhere, "/silences").json() == []
        for method in ("GET", "DELETE"):
            for unknown in (pk, str(uuid4())):
                refused = ask(elsewhere, f"/silence/{unknown}", method)
                assert (refused.status_code, refused.content) == (404, b"")
        assert ask(elsewhere, "/silences", body=silence(id=pk)).status_code == 404
    assert ask(site, f"/silence/{pk}").json()["status"]["state"] == "active"


def test_a_silence_for_all_is_seen_and_left_alone(site: Site) -> None:
    other = beside(site)
    now = clock.now()
    wanted = Wanted('instance!=""', now, now + timedelta(hours=1))
    pk = str(create_silence(COMMAND_LINE, site.organization, wanted).pk)
    for one in (site, other):
        assert ask(one, "/alerts").json()[0]["status"] == by(pk)
        assert [shown["id"] for shown in ask(one, "/silences").json()] == [pk]
        assert ask(one, f"/silence/{pk}").status_code == 200
        for refused in (
            ask(one, f"/silence/{pk}", "DELETE"),
            ask(one, "/silences", body=silence(id=pk)),
        ):
            assert refused.status_code == 403
            assert "change it in the console" in refused.json()
    assert ask(site, f"/silence/{pk}").json()["status"]["state"] == "active"


def test_the_audit_names_the_integration(site: Site) -> None:
    pk = silenced(site)
    silenced(site, id=pk, comment="Longer", startsAt=at(0))
    assert ask(site, f"/silence/{pk}", "DELETE").status_code == 200
    entries = AuditEntry.objects.filter(organization=site.organization, object_id=pk)
    assert set(entries.values_list("actor_name", "way")) == {
        ("integration Prometheus of the shop", "api")
    }
    assert set(entries.values_list("action", flat=True)) == {"create", "expire"}
    assert Silence.objects.get(pk=pk).author == "me"


def test_those_that_ended_long_ago_are_left_out(site: Site) -> None:
    pk = silenced(site)
    ended = clock.now() - EXPIRED_SHOWN
    for seconds, count in ((-60, 0), (60, 1)):
        at_last = ended + timedelta(seconds=seconds)
        Silence.objects.update(starts_at=at_last - timedelta(hours=1), ends_at=at_last)
        assert len(ask(site, "/silences").json()) == count
    assert ask(site, f"/silence/{pk}").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        silence(comment="x" * 2001),
        silence(createdBy="x" * 255),
        silence(endsAt=at(12 * 365 * 86_400)),
        silence(matchers=[{"name": "a", "value": "x" * 5000, "isRegex": False}]),
        silence(matchers=[{"name": "a", "value": "b", "isRegex": False}] * 101),
        silence(matchers=[{"name": "a", "value": "\0", "isRegex": False}]),
    ],
)
def test_more_than_we_take(site: Site, body: dict[str, Any]) -> None:
    refused = ask(site, "/silences", body=body)
    assert refused.status_code == 400
    assert refused.json().startswith("silence invalid: ")
    assert not Silence.objects.exists()


def test_half_characters_are_no_defect(site: Site) -> None:
    raw = b'{"comment":"\\ud800 \\u0000","createdBy":"\\udfff"'
    rest = silence()
    body = (
        raw
        + (
            f',"startsAt":"{rest["startsAt"]}","endsAt":"{rest["endsAt"]}",'
            '"matchers":[{"name":"a","value":"b","isRegex":false}]}'
        ).encode()
    )
    url = f"/hooks/v1/{site.key}/api/v2/silences"
    answer = Client().post(url, body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert Silence.objects.get().comment == "\N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}"
    deep = b'{"matchers":' + b"[" * 200_000 + b"}"
    assert Client().post(url, deep, content_type="application/json").status_code == 400
    assert Client().post(url, b"\xff", content_type="application/json").status_code == 400
    large = b" " * (1024 * 1024 + 1)
    assert Client().post(url, large, content_type="application/json").status_code == 413


def test_filters_as_newer_alertmanagers_take_them(site: Site) -> None:
    for text, found in (
        ('{instance="web-1",alertname="InstanceDown"}', ["web-1"]),
        ('"instance"="web-1"', ["web-1"]),
        ('instance="web-1",alertname="InstanceDown"', ["web-1"]),
        ("5=x", []),
    ):
        assert names(site, query("/alerts", filter=text)) == found, text


def test_receivers_are_routes_that_take_its_alerts(site: Site) -> None:
    other = beside(site)
    for name, values in (
        ("Twice", {"matchers": "a=b"}),
        ("Twice", {"matchers": 'instance="web-1"', "continue_matching": True, "group_by": ["..."]}),
        ("Theirs", {"integrations": [other.integration], "matchers": 'instance=~"web.*"'}),
        ("Off", {"enabled": False}),
    ):
        create_route(COMMAND_LINE, site.organization, name, **values)
    change_route(COMMAND_LINE, site.route, repeat_interval=0)
    forget_cached_routes()
    known = [one["name"] for one in ask(site, "/receivers").json()]
    assert known == ["Twice", "Twice (2)", site.route.name]
    assert [one["name"] for one in ask(other, "/receivers").json()][2] == "Theirs"
    by_instance = {
        one["labels"]["instance"]: [name["name"] for name in one["receivers"]]
        for one in ask(site, "/alerts").json()
    }
    assert by_instance == {"web-1": ["Twice (2)"], "web-2": [site.route.name]}
    config = yaml.safe_load(ask(site, "/status").json()["config"]["original"])
    assert [one["name"] for one in config["receivers"]] == [site.route.name, "Twice", "Twice (2)"]
    assert config["route"]["repeat_interval"] == "10y"
    assert config["route"]["routes"][1] == {
        "receiver": "Twice (2)",
        "matchers": ['instance="web-1"'],
        "continue": True,
        "group_by": ["..."],
        "group_wait": "0s",
        "group_interval": "1s",
        "repeat_interval": "4h",
    }


def test_names_are_told_apart() -> None:
    ids = [uuid4() for _ in range(4)]
    told = unique_names(zip(ids, ["a", "a (2)", "a", "a"], strict=True))
    assert list(told.values()) == ["a", "a (2)", "a (3)", "a (4)"]


@pytest.mark.parametrize("path", [*PATHS, f"/silence/{UUID(int=1)}"])
def test_who_is_let_in(site: Site, path: str) -> None:
    assert ask("ti_unknown", path).status_code == 404
    assert ask("x", path).json() == {
        "code": 404,
        "message": "there is no integration with this key",
    }
    integrations.set_signature_secret(COMMAND_LINE, site.integration, "secret")
    assert ask(site, path).status_code == 401
    integrations.set_signature_secret(COMMAND_LINE, site.integration, "")
    integrations.change_integration(COMMAND_LINE, site.integration, enabled=False)
    forget_cached_keys()
    assert ask(site, path).status_code == 403


def test_readers_do_not_use_up_what_alerts_may(site: Site) -> None:
    integrations.change_integration(COMMAND_LINE, site.integration, ingest_limit=2)
    forget_cached_keys()
    for _ in range(throttles.API_REQUESTS - 3):
        throttles.wait_for_api(site.integration)
    answers = [ask(site, "/silences") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 503]
    assert int(answers[-1]["Retry-After"]) > 0
    posted = ask(site, "/alerts", body=[{"labels": {"alertname": "Late"}}])
    assert posted.status_code == 200


def test_posts_of_alerts_stay_as_they_were(site: Site) -> None:
    answer = ask(site, "/alerts", body=[{"labels": {"alertname": "X", "instance": "posted"}}])
    assert (answer.status_code, answer.json()["alerts"]) == (200, 1)
    assert Alert.objects.filter(labels__instance="posted").exists()
    assert ask(site, "/alerts", "PUT").status_code == 405


@pytest.mark.parametrize("path", ["healthy", "ready", "ready/"])
def test_well(site: Site, path: str) -> None:
    answer = Client().get(f"/hooks/v1/{site.key}/-/{path}")
    assert (answer.status_code, answer.content) == (200, b"OK")
    assert Client().get(f"/hooks/v1/ti_x/-/{path}").status_code == 404
    assert Client().post(f"/hooks/v1/{site.key}/-/{path}").status_code == 405


def test_the_version_for_karma(site: Site) -> None:
    answer = Client().get(f"/hooks/v1/{site.key}/metrics")
    assert answer.content == b'alertmanager_build_info{branch="tocsin",version="0.25.0"} 1\n'
    assert ask(site, "/status").json()["versionInfo"]["version"] == "0.25.0"
    assert Client().get("/hooks/v1/ti_x/metrics").status_code == 404


@undisturbed
def test_much_costs_as_little_as_little() -> None:
    site = make_site()
    costs: dict[str, list[int]] = {}
    for count in (1, 9):
        site.post(webhook(*(alert(f"Alert{n}x{count}") for n in range(count))))
        for number in range(count):
            silenced(site, comment=str(number))
            create_route(COMMAND_LINE, site.organization, f"Route {number}", matchers="a=b")
            create_inhibit_rule(
                COMMAND_LINE, site.organization, source_matchers="b=c", target_matchers="d=e"
            )
        forget_cached_routes()
        for path in PATHS:
            ask(site, path)
            with CaptureQueriesContext(connection) as queries:
                ask(site, path)
            costs.setdefault(path, []).append(len(queries))
    assert all(few == many for few, many in costs.values()), costs
    assert max(many for _, many in costs.values()) <= 5, costs
