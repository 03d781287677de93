"""The console's frame: sign-in, organizations, roles, errors, and the wall between tenants."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.console import ConsoleModelAdmin
from accounts.console_cells import lasted, moment
from accounts.console_checks import bypasses, check_console
from accounts.console_site import site
from accounts.models import ApiKey, AuditEntry, Membership, Role
from tests.console import Person, sent_mails
from tests.factories import make_membership, make_organization, make_user

pytestmark = pytest.mark.django_db


def test_who_is_signed_out_is_sent_to_the_sign_in_page() -> None:
    answer = Client().get("/alerts/alert/")
    assert answer.headers["Location"] == "/login/?next=/alerts/alert/"
    page = Client().get("/login/").content.decode()
    assert "/password/reset/" in page


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("path", ["/typo", "/alerts/typo/", "/alerts/alert/add/x/y/z"])
def test_what_a_program_posts_where_nothing_is_hears_404(method: str, path: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)(path)
    assert answer.status_code == 404
    signed_in = Person().client
    assert getattr(signed_in, method)(path).status_code == 404


def test_a_page_that_is_there_keeps_asking_for_the_cookie() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/login/", {"username": "a"}).status_code == 403
    assert client.post("/organization/switch/").status_code in (302, 403)


def test_a_page_that_is_not_there_is_404_once_signed_in() -> None:
    assert Client().get("/typo/").headers["Location"] == "/login/?next=/typo/"
    client = Person().client
    assert client.get("/typo/").status_code == 404
    assert client.get("/alerts/alert").headers["Location"] == "/alerts/alert/"


def test_signing_in_takes_address_and_password() -> None:
    user = make_membership().user
    client = Client()
    form = {"username": user.email.upper(), "password": "correct horse", "next": "/"}
    assert client.post("/login/", form).headers["Location"] == "/"
    assert client.get("/").status_code == 200


def test_a_forgotten_password_is_set_anew() -> None:
    user = make_membership().user
    client = Client()
    assert client.post("/password/reset/", {"email": user.email}).status_code == 302
    (message,) = sent_mails()
    assert message.subject == "Set a new Tocsin password"
    link = re.search(r"https?://[^/]+(/password/reset/\S+/)", str(message.body))
    assert link
    form = client.get(link[1]).headers["Location"]
    page = client.get(form).content.decode()
    assert "Choose your new password" in page
    word = "staple battery 42"
    answer = client.post(form, {"new_password1": word, "new_password2": word})
    assert answer.headers["Location"] == "/password/reset/done/"
    assert client.login(username=user.email, password=word)
    assert "used already" in client.get(link[1]).content.decode()


def test_an_unknown_address_is_answered_alike() -> None:
    answer = Client().post("/password/reset/", {"email": "nobody@example.org"})
    assert (answer.status_code, sent_mails()) == (302, [])


def test_the_switcher_offers_ones_own_organizations_alone() -> None:
    person = Person()
    other = make_membership(user=person.membership.user).organization
    foreign = make_organization(name="Foreign")
    page = person.read("/")
    assert other.name in page
    assert foreign.name not in page
    for wanted, seen in (
        (other, other),
        (foreign, other),
        (person.organization, person.organization),
    ):
        person.send("/organization/switch/", organization=str(wanted.pk))
        option = rf'value="{seen.pk}" selected'
        assert re.search(option, person.read("/"))


def test_somebody_without_an_organization_is_told_what_to_do() -> None:
    user = make_user()
    client = Client()
    client.force_login(user)
    page = client.get("/").content.decode()
    assert "Ask an owner" in page
    assert user.email in page
    assert client.get("/accounts/membership/").status_code == 403


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (Role.VIEWER, "/accounts/membership/", 200),
        (Role.VIEWER, "/accounts/apikey/", 403),
        (Role.RESPONDER, "/accounts/auditentry/", 403),
        (Role.ADMIN, "/accounts/apikey/add/", 200),
        (Role.ADMIN, "/accounts/membership/add/", 403),
        (Role.OWNER, "/accounts/membership/add/", 200),
        (Role.VIEWER, "/alerts/integration/add/", 403),
        (Role.VIEWER, "/no/such/page/", 404),
    ],
)
def test_what_a_role_may_open(role: str, path: str, status: int) -> None:
    page = Person(role=role).read(path, status)
    if status != 200:
        assert "Open the overview" in page
        assert "Traceback" not in page


def test_a_key_is_shown_once() -> None:
    person = Person()
    page = person.send("/accounts/apikey/add/", 200, name="ci", role="viewer")
    shown = re.search(r'id="secret"[^>]*value="([^"]+)"', page)
    assert shown
    key = ApiKey.objects.get()
    assert shown[1].startswith(key.prefix)
    assert shown[1] not in person.read("/accounts/apikey/")
    assert shown[1] not in person.read(f"/accounts/apikey/{key.pk}/change/")


def test_a_page_to_add_says_so_and_offers_the_smallest_role() -> None:
    page = Person().read("/accounts/membership/add/")
    assert re.search(r"<h1.*Members.*>Add<.*</h1>", page, re.DOTALL)
    assert '<option value="viewer" selected>' in page


def test_a_refused_deletion_is_told() -> None:
    person = Person()
    path = f"/accounts/membership/{person.membership.pk}/delete/"
    person.send(path, post="yes")
    assert Membership.objects.filter(pk=person.membership.pk).exists()
    assert "last owner" in person.read("/accounts/membership/")


def test_changes_are_listed_with_who_and_what() -> None:
    person = Person()
    path = f"/accounts/organization/{person.organization.pk}/"
    form: dict[str, Any] = {
        "name": "Renamed",
        "timezone": "UTC",
        "language": "en",
        "severity_map": "{}",
        "ingest_limit": "100",
    }
    person.send(f"{path}change/", **form)
    entry = AuditEntry.objects.get(action="change")
    assert entry.changes["name"][1] == "Renamed"
    assert "Renamed" in person.read(f"{path}history/")
    assert "Renamed" not in Person().read("/accounts/auditentry/")


@pytest.mark.parametrize(
    "query", ["user__password__startswith=p", "organization__name=x", "organization__id=1"]
)
def test_a_list_is_filtered_by_what_its_page_names_alone(query: str) -> None:
    answer = Person().client.get(f"/accounts/membership/?{query}")
    assert answer.status_code in (302, 400)


def test_the_console_keeps_to_its_base() -> None:
    assert check_console(site) == []


@pytest.mark.parametrize(
    "owned", ["get_queryset", "press", "row_or_404", "get_urls", "has_change_permission"]
)
def test_a_page_that_climbs_the_wall_is_refused(owned: str) -> None:
    page: Any = type("Climbing", (ConsoleModelAdmin,), {owned: lambda *_: None})
    (problem,) = bypasses(page)
    assert owned in problem.msg


def test_an_error_on_our_side_says_nothing_of_its_cause() -> None:
    from django.template.loader import render_to_string

    page = render_to_string("500.html")
    assert "Nothing that was accepted is lost" in page


def test_times_and_durations_are_written_for_people() -> None:
    from datetime import UTC, datetime, timedelta

    start = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert 'datetime="2026-01-02T03:04:05+00:00"' in moment(start)
    assert moment(None, "never") == "never"
    spans = {8: "8 s", 0: "0 s", 720: "12 min", 3 * 86_400 + 4 * 3_600 + 5: "3 d 4 h"}
    for seconds, words in spans.items():
        assert lasted(start, start + timedelta(seconds=seconds)) == words
