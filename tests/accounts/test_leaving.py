"""What somebody keeps who leaves an organization: no key, no link, no way to the next one."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts import api_keys, membership
from accounts.audit import COMMAND_LINE, SYSTEM, Actor
from accounts.models import AuditEntry, Membership, Role, User, Way
from tests.accounts.test_sign_in_links import invite, link_of
from tests.console import Person
from tests.factories import make_membership, make_organization
from tests.rest import Api, problem_of

pytestmark = pytest.mark.django_db
WORD = "staple battery 42"


def key_of(row: Membership, role: str = Role.ADMIN, name: str = "theirs") -> str:
    actor = Actor(name=row.user.email, way=Way.CONSOLE, user=row.user)
    return api_keys.create_key(actor, row.role, row.organization, name, role)[1]


def set_password(link: str) -> int:
    client = Client()
    answer = client.get(link)
    if answer.status_code != 302:
        return answer.status_code
    form = {"new_password1": WORD, "new_password2": WORD}
    return client.post(answer.headers["Location"], form).status_code


def test_the_keys_of_whoever_is_removed_are_shown_and_revoked() -> None:
    owner = Person()
    leaving = make_membership(organization=owner.organization, role=Role.ADMIN)
    others = key_of(owner.membership, name="of the owner")
    key = key_of(leaving)
    elsewhere = key_of(make_membership(user=leaving.user), name="elsewhere")
    path = f"/accounts/membership/{leaving.pk}/delete/"
    page = owner.read(path)
    assert "theirs" in page
    assert "elsewhere" not in page
    assert "of the owner" not in page
    owner.send(path, post="yes")
    assert api_keys.key_for(key) is None
    assert api_keys.key_for(others)
    assert api_keys.key_for(elsewhere), "another organization's"
    assert AuditEntry.objects.for_organization(owner.organization).filter(action="revoke").exists()


def test_they_can_be_kept_for_scripts_that_need_them() -> None:
    owner = Person()
    leaving = make_membership(organization=owner.organization, role=Role.ADMIN)
    key = key_of(leaving)
    owner.send(f"/accounts/membership/{leaving.pk}/delete/", post="yes", keep_keys="yes")
    assert api_keys.key_for(key)


def test_a_key_that_a_key_made_is_its_makers_too() -> None:
    owner = Person()
    leaving = make_membership(organization=owner.organization, role=Role.ADMIN)
    api = Api(owner.organization, Role.ADMIN, key=key_of(leaving))
    made = api.post("api-keys/", {"name": "made by a key"}).json()["key"]
    boss = Api(owner.organization)
    assert boss.delete(f"members/{leaving.pk}/").status_code == 204
    assert api_keys.key_for(made) is None
    assert problem_of(api.get("members/"), 401)


def test_whoever_lowers_a_role_hears_of_keys_that_may_do_more() -> None:
    owner = Person()
    row = make_membership(organization=owner.organization, role=Role.ADMIN)
    key_of(row, Role.VIEWER, "harmless")
    key = key_of(row, Role.ADMIN, "mighty")
    path = f"/accounts/membership/{row.pk}/change/"
    page = owner.read(owner.send(path, role=Role.VIEWER))
    assert "mighty" in page
    assert "harmless" not in page
    assert api_keys.key_for(key)
    assert "mighty" not in owner.read(owner.send(path, role=Role.ADMIN))


def test_whoever_set_a_strangers_password_does_not_follow_them_into_the_next_organization() -> None:
    """Make an account for somebody else's address, leave it lying, and wait who lets it in."""
    attacker, next_one = Person(), Person()
    row = invite(attacker, "ada@example.org")
    assert set_password(link_of(attacker, row)) == 302
    session = Client()
    assert session.login(username="ada@example.org", password=WORD)
    attacker.send(f"/accounts/membership/{row.pk}/delete/", post="yes")
    invited = invite(next_one, "ada@example.org")
    assert not Client().login(username="ada@example.org", password=WORD)
    assert session.get("/alerts/alert/").status_code == 302, "signed out"
    assert set_password(link_of(next_one, invited)) == 302


@pytest.mark.parametrize("invited_first", [True, False])
def test_a_link_that_was_kept_opens_nothing_once_its_organization_let_go(
    invited_first: bool,
) -> None:
    attacker, next_one = Person(), Person()
    row = invite(attacker, "ada@example.org")
    kept = link_of(attacker, row)
    attacker.send(f"/accounts/membership/{row.pk}/delete/", post="yes")
    if invited_first:
        invite(next_one, "ada@example.org")
    assert set_password(kept) == 200, "the page that says that the link is no good"
    assert not User.objects.get(email="ada@example.org").has_usable_password()


def test_an_operator_without_an_organization_is_nobodys_to_let_in() -> None:
    operator = User.objects.create_superuser("root@example.org", WORD)
    with pytest.raises(membership.NotAllowed, match="operator"):
        membership.add_member(SYSTEM, Role.OWNER, make_organization(), operator.email, Role.VIEWER)
    membership.add_member(
        COMMAND_LINE, Role.OWNER, make_organization(), operator.email, Role.VIEWER
    )
    operator.refresh_from_db()
    assert operator.check_password(WORD)


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.VIEWER, 403), (Role.RESPONDER, 403), (Role.ADMIN, 200), (Role.OWNER, 200)],
)
def test_a_rows_history_is_for_those_who_may_read_the_audit(role: str, status: int) -> None:
    person = Person(role=role)
    path = f"/accounts/organization/{person.organization.pk}/"
    person.read(f"{path}history/", status)
    assert ("/history/" in person.read(f"{path}change/")) == (status == 200)
    person.read("/accounts/auditentry/", status)


def test_the_limit_that_protects_others_is_the_operators() -> None:
    owner = Person()
    path = f"/accounts/organization/{owner.organization.pk}/change/"
    form: dict[str, Any] = {
        "name": "x",
        "timezone": "UTC",
        "language": "en",
        "severity_map": "{}",
        "ingest_limit": "999999",
    }
    before = owner.organization.ingest_limit
    owner.send(path, **form)
    owner.organization.refresh_from_db()
    assert (owner.organization.name, owner.organization.ingest_limit) == ("x", before)
    assert re.search(r"\b12000\b", owner.read(path))
    user = owner.membership.user
    user.is_superuser = True
    user.save()
    owner.send(path, **form)
    owner.organization.refresh_from_db()
    assert owner.organization.ingest_limit == 999999
