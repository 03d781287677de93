"""Which groups a person means by words: a name, a severity, matchers, "mine"."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from alerts.matchers import Matcher, MatcherError, matches_all, parse_matchers
from alerts.models import AlertGroup, GroupMember, Status
from alerts.severity import Severity
from languages.speaking import gettext

LOOKED_AT = 5_000
"""Alerts whose labels are compared with matchers."""
LONGEST = 300
"""Characters of a title or a name. SQLite refuses to look for 50,000 bytes at all."""
MINE = ("mine", "me", "my")
NOBODYS = ("unacknowledged", "unacked", "nobody")


class NotUnderstood(ValueError):
    """The words can mean nothing; the text says why."""


def filtered(
    groups: QuerySet[AlertGroup], words: str, user: User | None = None
) -> QuerySet[AlertGroup]:
    """Those of `groups`, all of one organization, that the words are about; "" is about all. Raises
    NotUnderstood."""
    wanted = " ".join(words.split())
    if not wanted:
        return groups
    low = wanted.lower()
    if low in [severity.value for severity in Severity]:
        return groups.filter(severity=low)
    if low in MINE:
        return groups.filter(assigned_to=user) if user is not None else groups.none()
    if low in NOBODYS:
        return groups.filter(acknowledged_at=None)
    if is_matchers(wanted):
        return groups.filter(pk__in=matching(groups, read(wanted)))
    return groups.filter(pk__in=containing(groups, wanted))


def named(groups: QuerySet[AlertGroup], name: str) -> QuerySet[AlertGroup]:
    """Those called so, or with an alert that is: in any case of letters. Raises NotUnderstood for
    matchers that are none."""
    wanted = " ".join(name.split())
    if is_matchers(wanted):
        return groups.filter(pk__in=matching(groups, read(wanted)))
    if _is_nobodys(wanted):
        return groups.none()
    by_alert = _members(groups).filter(alert__name__iexact=wanted)
    return groups.filter(Q(title__iexact=wanted) | Q(pk__in=by_alert.values("group_id")))


def is_matchers(words: str) -> bool:
    """Whether that is meant as matchers."""
    return any(sign in words for sign in "=~{")


def read(words: str) -> tuple[Matcher, ...]:
    """Raises NotUnderstood."""
    try:
        return parse_matchers(words)
    except MatcherError as error:
        words = gettext("I cannot read these matchers: {reason}.").format(reason=error)
        raise NotUnderstood(words) from None


def matching(groups: QuerySet[AlertGroup], matchers: Sequence[Matcher]) -> set[UUID]:
    """Groups with a firing alert that all of them match."""
    rows = _members(groups).filter(alert__status=Status.FIRING)
    pairs = rows.order_by("-pk").values_list("group_id", "alert__labels")[:LOOKED_AT]
    return {group_id for group_id, labels in pairs if matches_all(matchers, labels)}


def containing(groups: QuerySet[AlertGroup], words: str) -> set[UUID]:
    """Groups with these words in their title or in the name of an alert."""
    if _is_nobodys(words):
        return set()
    by_alert = _members(groups).filter(alert__name__icontains=words)
    found = groups.filter(Q(title__icontains=words) | Q(pk__in=by_alert.values("group_id")))
    return set(found.values_list("pk", flat=True))


def _is_nobodys(words: str) -> bool:
    """Whether nothing can be called so."""
    return "\0" in words or len(words) > LONGEST


def _members(groups: QuerySet[AlertGroup]) -> QuerySet[GroupMember]:
    # Ordering and limits have no place in a subquery.
    return GroupMember.objects.filter(group__in=groups.order_by().values("pk"))
