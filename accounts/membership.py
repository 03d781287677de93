"""People in organizations: who is in, who comes, who goes."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.text import slugify

from accounts import api_keys, audit
from accounts.audit import Actor
from accounts.models import Membership, Organization, Role, User, Way
from accounts.permissions import may_give


class LastOwner(ValueError):
    """An organization keeps at least one owner."""


class NotAllowed(ValueError):
    """The actor may not hand out this role."""


def current_membership(user: User, chosen: str | None) -> Membership | None:
    """The membership in the chosen organization, else the user's oldest one.

    Read anew on every request: a changed or ended membership counts at once.
    """
    memberships = list(
        Membership.objects.filter(user=user).select_related("organization").order_by("created_at")
    )
    for membership in memberships:
        if str(membership.organization_id) == chosen:
            return membership
    return memberships[0] if memberships else None


def memberships_of(user: User) -> list[Membership]:
    """All organizations that the user is in, by name."""
    return list(
        Membership.objects.filter(user=user)
        .select_related("organization")
        .order_by("organization__name")
    )


def create_organization(actor: Actor, name: str, owner: User | None) -> Organization:
    """A new tenant with its first owner; the slug is made from the name."""
    base = slugify(name)[:50] or "organization"
    with transaction.atomic():
        taken = set(
            Organization.objects.filter(slug__startswith=base).values_list("slug", flat=True)
        )
        slug = next(
            candidate
            for candidate in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3)))
            if candidate not in taken
        )
        organization = Organization.objects.create(name=name, slug=slug)
        audit.record(actor, organization, "create", organization)
        if owner is not None:
            membership = Membership.objects.create(
                organization=organization, user=owner, role=Role.OWNER
            )
            audit.record(actor, organization, "create", membership, {"role": ("", Role.OWNER)})
    return organization


def add_member(
    actor: Actor, actor_role: str | None, organization: Organization, email: str, role: str
) -> Membership:
    """Let a person in; an unknown address becomes a user who sets a password by a reset.

    Raises NotAllowed when the actor's own role is below the one given, or when the account is in
    another organization: nothing proves that it is the address's owner who holds its password, so
    only the operator joins the two. Who is in none starts anew, without a password.
    """
    if not may_give(actor_role, role):
        raise NotAllowed(f"Your role doesn't allow you to make somebody {role}.")
    with transaction.atomic():
        user, new = _user(email)
        joined = Membership.objects.for_organization(organization).filter(user=user).exists()
        if not (new or joined or is_operator(actor)):
            if user.is_superuser or Membership.objects.filter(user=user).exists():
                raise NotAllowed(
                    "This address has an account on this installation already. "
                    "Ask its operator to add it to your organization."
                )
            _lock_out(user)
        membership, created = Membership.objects.get_or_create(
            organization=organization, user=user, defaults={"role": role}
        )
        if created:
            audit.record(actor, organization, "create", membership, {"role": ("", role)})
    return membership


def _user(email: str) -> tuple[User, bool]:
    """The user with this address, and whether it was made now."""
    known = User.objects.filter(Q(email__iexact=email) | Q(email=email.lower()))
    user = known.first()
    if user is not None:
        return user, False
    try:
        with transaction.atomic():
            return User.objects.create_user(email), True
    except IntegrityError:  # another request made it at this moment
        return known.get(), False


def _lock_out(user: User) -> None:
    """Passwords, sessions and links to this account are worth nothing any more."""
    user.set_unusable_password()
    user.save(update_fields=["password"])


def is_operator(actor: Actor) -> bool:
    """Whether the installation's operator acts."""
    return actor.way == Way.COMMAND or bool(actor.user and actor.user.is_superuser)


def change_role(
    actor: Actor, actor_role: str | None, membership: Membership, role: str
) -> Membership:
    """Give a member another role. Raises NotAllowed, LastOwner."""
    with transaction.atomic():
        _read_anew(membership)
        if not (may_give(actor_role, role) and may_give(actor_role, membership.role)):
            raise NotAllowed(f"Your role doesn't allow you to make a {membership.role} a {role}.")
        if membership.role == Role.OWNER and role != Role.OWNER:
            _keep_an_owner(membership)
        before, membership.role = membership.role, role
        membership.save(update_fields=["role"])
        audit.record(
            actor, membership.organization_id, "change", membership, {"role": (before, role)}
        )
    return membership


def remove_member(
    actor: Actor, actor_role: str | None, membership: Membership, *, keep_keys: bool = False
) -> None:
    """Put a member out; counts from their next request. The API keys that they made are revoked,
    for they may have copied them, unless `keep_keys`. Raises NotAllowed, LastOwner."""
    with transaction.atomic():
        _read_anew(membership)
        if not may_give(actor_role, membership.role):
            raise NotAllowed(f"Your role doesn't allow you to remove a {membership.role}.")
        if membership.role == Role.OWNER:
            _keep_an_owner(membership)
        audit.record(actor, membership.organization_id, "delete", membership)
        if not keep_keys:
            for key in api_keys.live_keys_of(membership.user, membership.organization_id):
                api_keys.revoke_key(actor, key)
        membership.delete()
        if not membership.user.has_usable_password():
            _lock_out(membership.user)  # the sign-in link that was given out


def let_in_first(membership: Membership) -> bool:
    """Whether this membership is the person's oldest: the organization that made the account.

    Nobody else may open the account for them: it also holds their seats in other organizations.
    """
    oldest = Membership.objects.filter(user=membership.user_id).order_by("created_at", "pk").first()
    return oldest == membership


def organization_with_slug_or_name(name: str) -> Organization | None:
    """The organization that a person means by this word."""
    return (
        Organization.objects.filter(slug=name).first()
        or Organization.objects.filter(name__iexact=name).first()
    )


def _read_anew(membership: Membership) -> None:
    """Its role as it is now, which stays so until the commit."""
    rows = Membership.objects.for_organization(membership.organization_id).select_for_update()
    membership.role = rows.values_list("role", flat=True).get(pk=membership.pk)


def _keep_an_owner(membership: Membership) -> None:
    owners: set[UUID] = set(
        Membership.objects.for_organization(membership.organization_id)
        .filter(role=Role.OWNER)
        .select_for_update()
        .values_list("pk", flat=True)
    )
    if owners <= {membership.pk}:
        raise LastOwner("This is the last owner. Make somebody else owner first.")
