"""An integration's upstream on the console."""

import html
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Role
from alerts.models import Upstream
from alerts.upstreams.changes import secret_of
from deliveries import clock
from tests.alerts.senders import Site, make_site
from tests.console import Person

pytestmark = pytest.mark.django_db
SECRET = "hush-hush"


@pytest.fixture
def site() -> Site:
    return make_site()


def page_of(site: Site) -> str:
    return f"/alerts/integration/{site.integration.pk}/"


def form(**values: str) -> dict[str, Any]:
    given = {
        "kind": "alertmanager",
        "url": "http://192.0.2.1:9093",
        "username": "",
        "enabled": "on",
    }
    return {f"upstream-{name}": value for name, value in {**given, "secret": "", **values}.items()}


def state(person: Person, site: Site) -> str:
    return html.unescape(person.read(f"{page_of(site)}upstream/state/"))


def test_set_changed_and_removed(site: Site) -> None:
    person = Person(site.organization, Role.ADMIN)
    page = page_of(site)
    assert "Keep silences equal with" in person.read(f"{page}change/")
    answer = person.send(f"{page}upstream/", **form(secret=SECRET, kind="grafana"))
    assert answer == f"{page}change/#upstream"
    row = Upstream.objects.get()
    assert (row.kind, row.url, secret_of(row)) == ("grafana", "http://192.0.2.1:9093", SECRET)
    shown = person.read(f"{page}change/")
    assert SECRET not in shown
    assert "Asking the Grafana" in shown
    person.send(f"{page}upstream/", **form(kind="grafana"))
    assert secret_of(Upstream.objects.get()) == SECRET, "an empty field keeps it"
    moved = form(kind="grafana", url="http://192.0.2.2:9093")
    refused = html.unescape(person.send(f"{page}upstream/", 200, **moved))
    assert "Enter the secret again" in refused
    assert 'value="http://192.0.2.2:9093"' in refused
    person.send(f"{page}upstream/", **{**moved, "upstream-drop_secret": "on"})
    row.refresh_from_db()
    assert (row.url, row.secret_encrypted) == ("http://192.0.2.2:9093", "")
    person.send(f"{page}upstream/", **form(kind="grafana", url=row.url, enabled=""))
    assert "Switched off" in state(person, site)
    asked = html.unescape(person.read(f"{page}upstream/remove/"))
    assert "Silences stay on both sides" in asked
    assert Upstream.objects.exists()
    person.send(f"{page}upstream/remove/")
    assert not Upstream.objects.exists()
    person.read(f"{page}upstream/state/", 404)
    person.read(f"{page}upstream/remove/", 404)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"url": ""}, "This field is required"),
        ({"url": "alertmanager"}, "must start with http"),
        ({"url": "http://a/?x=1"}, "Give the address up to its path"),
        ({"username": "a:b"}, "no colon"),
        ({"kind": "prometheus"}, "Select a valid choice"),
        ({"secret": "a\tb"}, "printable"),
    ],
)
def test_refused(site: Site, values: dict[str, str], words: str) -> None:
    person = Person(site.organization)
    page = html.unescape(person.send(f"{page_of(site)}upstream/", 200, **form(**values)))
    assert words in page
    assert not Upstream.objects.exists()


def test_what_the_last_sync_found(site: Site) -> None:
    person = Person(site.organization)
    person.send(f"{page_of(site)}upstream/", **form())
    now = clock.now()
    for values, words, asks_again in (
        ({}, "Asking the Alertmanager", True),
        ({"synced_at": now, "due_at": now + timedelta(seconds=5)}, "Both sides agree.", True),
        ({"problem": "it answers with HTTP 404"}, "the right kind?", True),
        ({"problem": "it <b>"}, "it <b>.", True),
        ({"problem": "", "due_at": now - timedelta(minutes=5)}, "worker run?", False),
    ):
        Upstream.objects.update(**values)
        part = state(person, site)
        assert words in part
        assert ("hx-get" in part) == asks_again
    assert "<b>." not in person.read(f"{page_of(site)}change/")


def test_admins_alone(site: Site) -> None:
    Person(site.organization).send(f"{page_of(site)}upstream/", **form())
    page = f"{page_of(site)}upstream/"
    for who, status in (
        (Person(site.organization, Role.RESPONDER), 403),
        (Person(site.organization, Role.VIEWER), 403),
        (Person(), 404),
    ):
        who.send(page, status, **form(url="http://192.0.2.9:9093"))
        who.send(f"{page}remove/", status)
        who.read(f"{page}state/", status)
    responder = Person(site.organization, Role.RESPONDER)
    assert "192.0.2.1" not in responder.read(f"{page_of(site)}change/")
    assert Upstream.objects.get().url == "http://192.0.2.1:9093"
