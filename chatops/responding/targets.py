"""Which group a command is about: the one whose message it replies to, the one it names, the only
one that is open."""

from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import Organization
from alerts.models import AlertGroup, GroupMessage
from chatops.context import Context
from chatops.replies import answered_by, said_here
from chatops.responding.policy import is_member
from chatops.responding.reach import group_of, open_here
from chatops.responding.wanted_groups import NotUnderstood, containing, is_matchers, named
from deliveries.models import SentMessage
from languages.speaking import gettext

CHOICES = 10
NAMED_MAX = 80
"""Characters of what a person wrote, as the answer repeats it."""


@dataclass(frozen=True, slots=True)
class Target:
    """`groups`: one that is meant, or several that may be; `more`: of these how many are not in it.
    `words`: what else the person said. `replied`: it is the one whose message they replied to."""

    groups: tuple[AlertGroup, ...]
    more: int = 0
    words: str = ""
    replied: bool = False
    guessed: bool = False

    @property
    def sure(self) -> AlertGroup | None:
        """The one that is meant, if that is clear."""
        return self.groups[0] if len(self.groups) == 1 and not self.guessed else None


def find(context: Context, words: str, candidates: QuerySet[AlertGroup], none: str) -> Target:
    """What the words mean among these open groups. `none`: what to say where there are none.
    Raises NotUnderstood."""
    words = " ".join(words.split())
    group = replied_group(context)
    if group is not None:
        return Target((group,), words=words, replied=True)
    if not words:
        if not (found := _some(candidates)).groups:
            raise NotUnderstood(none)
        return found
    if (found := _some(named(open_here(context), words))).groups:
        return found
    if not is_matchers(words):
        near = open_here(context)
        close = _some(near.filter(pk__in=containing(near, words)))
        if close.groups:
            return Target(close.groups, close.more, guessed=True)
    sorry = gettext("Nothing that is open here is called “{words}”. /alerts lists it.")
    raise NotUnderstood(sorry.format(words=words[:NAMED_MAX]))


def replied_group(context: Context) -> AlertGroup | None:
    """The group whose message, document or sounding reply the update answers, or what we said in
    reply to one of these; None for none, and for what belongs to another organization by now."""
    if context.incoming.kind == "callback_query" or context.organization is None:
        return None
    message = said_here(context)
    if message is None:
        return None
    told = _told_by(context.organization, message)
    if told is None and (answered := answered_by(message)) is not None:
        told = _told_by(context.organization, answered)
    if told is None or (not is_member(context) and group_of(context, told.group_id) is None):
        return None
    return told.group


def _told_by(organization: Organization, message: SentMessage) -> GroupMessage | None:
    rows = GroupMessage.objects.for_organization(organization).filter(stream=message.stream_id)
    return rows.select_related("group__organization").first()


def _some(groups: QuerySet[AlertGroup]) -> Target:
    shown = tuple(groups[: CHOICES + 1])
    if len(shown) <= CHOICES:
        return Target(shown)
    return Target(shown[:CHOICES], groups.count() - CHOICES)
