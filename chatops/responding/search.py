"""Finds alert groups by words, in the organizations that a person is in."""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from alerts.models import AlertGroup, GroupMember
from alerts.models.base import worst_first

WORDS_MAX = 8
WORD_MAX = 200
"""Characters of a word that are looked for; SQLite refuses patterns of 50,000 bytes."""
NEWEST = 1_000
"""Groups that are looked through in an organization: those that are open, then those that closed
last. A search must not take longer for who has been here for years."""


def find_groups(
    organizations: Collection[UUID], text: str, offset: int, count: int
) -> Sequence[AlertGroup]:
    """So many groups from `offset` on which all of these words are, in any letters: in the title,
    or in the name, texts or labels of an alert. What is open comes first, the worst of it before
    the rest; what is over follows, newest first. Each has its organization loaded."""
    found: QuerySet[AlertGroup] = AlertGroup.objects.filter(pk__in=_looked_through(organizations))
    for word in text.split()[:WORDS_MAX]:
        found = found.filter(_has(word[:WORD_MAX]))
    ordered = found.select_related("organization").order_by(
        "-is_open", worst_first("severity"), "-id"
    )
    return list(ordered[offset : offset + count])


def _looked_through(organizations: Collection[UUID]) -> list[UUID]:
    ids: list[UUID] = []
    for organization in organizations:
        rows = AlertGroup.objects.for_organization(organization).order_by("-is_open", "-id")
        ids += rows.values_list("pk", flat=True)[:NEWEST]
    return ids


def _has(word: str) -> Q:
    members = GroupMember.objects.filter(group=OuterRef("pk")).filter(
        Q(alert__name__icontains=word)
        | Q(alert__summary__icontains=word)
        | Q(alert__description__icontains=word)
        | Q(alert__labels__icontains=word)
    )
    return Q(title__icontains=word) | Q(Exists(members))
