"""Roles: nobody gives more than they have, one owner stays, changes count at once."""

import pytest

from accounts import membership
from accounts.audit import COMMAND_LINE, Actor
from accounts.models import AuditEntry, Membership, Role, User, Way
from accounts.permissions import Capability, may, may_give
from tests.factories import make_membership, make_organization, make_user


@pytest.mark.parametrize(
    ("role", "capabilities"),
    [
        (Role.VIEWER, {Capability.VIEW}),
        (Role.RESPONDER, {Capability.VIEW, Capability.RESPOND}),
        (Role.ADMIN, {Capability.VIEW, Capability.RESPOND, Capability.MANAGE}),
        (Role.OWNER, set(Capability)),
        (None, set()),
        ("emperor", set()),
    ],
)
def test_what_each_role_may(role: str | None, capabilities: set[Capability]) -> None:
    assert {c for c in Capability if may(role, c)} == capabilities


def test_nobody_gives_more_than_they_have() -> None:
    order = [Role.VIEWER, Role.RESPONDER, Role.ADMIN, Role.OWNER]
    for own, mine in enumerate(order):
        for other, theirs in enumerate(order):
            assert may_give(mine, theirs) == (other <= own)
    assert not may_give(None, Role.VIEWER)


@pytest.mark.django_db
def test_the_last_owner_stays() -> None:
    owner = make_membership()
    with pytest.raises(membership.LastOwner):
        membership.remove_member(COMMAND_LINE, Role.OWNER, owner)
    with pytest.raises(membership.LastOwner):
        membership.change_role(COMMAND_LINE, Role.OWNER, owner, Role.VIEWER)
    second = make_membership(organization=owner.organization)
    membership.change_role(COMMAND_LINE, Role.OWNER, owner, Role.VIEWER)
    with pytest.raises(membership.LastOwner):
        membership.remove_member(COMMAND_LINE, Role.OWNER, second)


@pytest.mark.django_db
def test_an_admin_can_neither_make_nor_remove_an_owner() -> None:
    owner = make_membership()
    make_membership(organization=owner.organization)
    with pytest.raises(membership.NotAllowed):
        membership.remove_member(COMMAND_LINE, Role.ADMIN, owner)
    with pytest.raises(membership.NotAllowed):
        membership.add_member(COMMAND_LINE, Role.ADMIN, owner.organization, "a@b.org", Role.OWNER)


@pytest.mark.django_db
def test_an_unknown_address_becomes_a_user_without_a_usable_password() -> None:
    organization = make_organization()
    row = membership.add_member(
        COMMAND_LINE, Role.OWNER, organization, "New@Example.org", Role.VIEWER
    )
    assert row.user.email == "new@example.org"
    assert not row.user.has_usable_password()
    again = membership.add_member(
        COMMAND_LINE, Role.OWNER, organization, "NEW@example.org", Role.ADMIN
    )
    assert again.pk == row.pk
    assert again.role == Role.VIEWER
    assert User.objects.filter(email__iexact="new@example.org").count() == 1


@pytest.mark.django_db
def test_the_chosen_organization_counts_only_while_one_is_in_it() -> None:
    first = make_membership()
    second = make_membership(user=first.user)
    chosen = str(second.organization_id)
    assert membership.current_membership(first.user, chosen) == second
    Membership.objects.filter(pk=second.pk).delete()
    assert membership.current_membership(first.user, chosen) == first
    assert membership.current_membership(make_user(), chosen) is None


@pytest.mark.django_db
def test_slugs_stay_apart() -> None:
    slugs = [membership.create_organization(COMMAND_LINE, "ACME!", None).slug for _ in range(3)]
    assert slugs == ["acme", "acme-2", "acme-3"]
    assert AuditEntry.objects.filter(action="create").count() == 3


@pytest.mark.django_db
def test_an_account_of_another_organization_joins_by_the_operator_alone() -> None:
    """Whoever made it may hold its password, and would be let in instead of its owner."""
    made_elsewhere = make_membership(user__email="ada@corp.example")
    owner = make_membership()
    people = Actor(name="owner", way=Way.CONSOLE, user=owner.user)
    arguments = (Role.OWNER, owner.organization, "ada@corp.example", Role.ADMIN)
    with pytest.raises(membership.NotAllowed, match="operator"):
        membership.add_member(people, *arguments)
    assert not made_elsewhere.user.memberships.filter(organization=owner.organization).exists()
    owner.user.is_superuser = True
    membership.add_member(people, *arguments)
    assert made_elsewhere.user.memberships.filter(organization=owner.organization).exists()


@pytest.mark.django_db
def test_who_became_the_last_owner_meanwhile_stays() -> None:
    """Read before the role changed, a row must not pass for a viewer's."""
    owner = make_membership()
    other = make_membership(organization=owner.organization, role=Role.VIEWER)
    stale = Membership.objects.get(pk=other.pk)
    membership.change_role(COMMAND_LINE, Role.OWNER, other, Role.OWNER)
    membership.remove_member(COMMAND_LINE, Role.OWNER, owner)
    with pytest.raises(membership.LastOwner):
        membership.remove_member(COMMAND_LINE, Role.OWNER, stale)
    with pytest.raises(membership.LastOwner):
        membership.change_role(COMMAND_LINE, Role.OWNER, stale, Role.ADMIN)
