"""Sign-in links open an account, so only the organization that made it may hand one out."""

import re

import pytest
from django.test import Client

from accounts.audit import COMMAND_LINE
from accounts.membership import add_member
from accounts.models import AuditEntry, Membership, Role, User
from tests.console import Person

pytestmark = pytest.mark.django_db


def invite(person: Person, email: str, role: str = Role.ADMIN) -> Membership:
    person.send("/accounts/membership/add/", email=email, role=role)
    return Membership.objects.get(organization=person.organization, user__email=email)


def link_of(person: Person, row: Membership) -> str:
    """The link that the console shows, or nothing."""
    page = person.client.get(f"/accounts/membership/{row.pk}/sign_in_link/", follow=True)
    found = re.search(r"https?://[^/\s\"]+(/password/reset/[^\s\"]+/)", page.content.decode())
    return found[1] if found else ""


def test_whoever_invited_somebody_gets_the_link_and_the_audit_tells_it() -> None:
    owner = Person()
    row = invite(owner, "ada@example.org")
    link = link_of(owner, row)
    client = Client()
    form = client.get(link).headers["Location"]
    word = "staple battery 42"
    assert client.post(form, {"new_password1": word, "new_password2": word}).status_code == 302
    assert client.login(username="ada@example.org", password=word)
    entry = AuditEntry.objects.get(action="sign-in link")
    assert (entry.organization, entry.object_id) == (owner.organization, str(row.pk))
    assert link_of(owner, row) == "", "who has a password is not let in by somebody else"


def test_another_organization_gets_no_link_to_somebody_who_was_invited_here() -> None:
    """Else any owner could take the account over, and with it the seat it has elsewhere."""
    owner, attacker = Person(), Person()
    row = invite(owner, "ada@example.org")
    stolen = add_member(
        COMMAND_LINE, Role.OWNER, attacker.organization, "ada@example.org", Role.VIEWER
    )
    assert link_of(attacker, stolen) == ""
    assert not AuditEntry.objects.filter(action="sign-in link").exists()
    assert link_of(owner, row) != "", "and the attacker doesn't get in the way of the right one"


def test_the_link_names_the_sites_own_address() -> None:
    """Not what a Host header says: the link is passed on to people."""
    owner = Person()
    row = invite(owner, "ada@example.org")
    page = owner.client.get(
        f"/accounts/membership/{row.pk}/sign_in_link/", headers={"Host": "localhost"}
    )
    assert "http://testserver/password/reset/" in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]


def test_an_address_is_one_person_in_any_case() -> None:
    """SQLite compares letters outside ASCII by their case."""
    owner, other = Person(), Person()
    for person, email in ((owner, "ada@bücher.example"), (other, "ada@BÜCHER.example")):
        add_member(COMMAND_LINE, Role.OWNER, person.organization, email, Role.VIEWER)
    assert User.objects.filter(email__endswith="cher.example").count() == 1
