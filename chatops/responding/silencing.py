"""Silences as people in chats ask for them: what to keep quiet, until when, and what is said."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from alerts import responding
from alerts.grouping import CHANGING_LABEL
from alerts.matchers import Matcher, MatchOp
from alerts.models import AlertGroup, GroupMember, Silence, Status
from alerts.muting.silence_rows import alert_counts
from alerts.muting.silences import Wanted, create_silence
from alerts.muting.silencing import SilenceRefused, read_silence_matchers
from botapi.markup import Node, bold, code, filled, text
from chatops.context import Context
from chatops.responding import told
from chatops.responding.acting import Done, undo
from chatops.responding.policy import is_member
from chatops.responding.pressing import actor_of
from chatops.responding.reach import group_of
from chatops.responding.silence_words import Time
from chatops.responding.targets import Target
from languages.numbers import grouped
from languages.speaking import gettext, gettext_noop, ngettext

GONE = gettext_noop("What you meant is not there any more. /alerts lists what is open.")
ALERTNAME = "alertname"
TOO_WIDE = gettext_noop(
    "Its only label is the severity, and a silence of that would keep all other alerts of it "
    "quiet. Write /silence with matchers."
)
Subject = Mapping[str, Any]
"""As JSON: {"group": its ID}, or {"matchers": [{"name", "op", "value"}, …]}."""


def is_too_wide(matchers: Sequence[Mapping[str, str]]) -> bool:
    """Whether what alerts have in common is nothing but their severity."""
    return {one["name"] for one in matchers} == {CHANGING_LABEL}


def subject_of_group(group: AlertGroup) -> Subject:
    """What its firing alerts have in common, when the silence is made."""
    return {"group": str(group.pk)}


def subject_of_matchers(context: Context, value: object) -> Subject:
    """Matchers as somebody wrote them, which hold in all of the organization: for members. Raises
    SilenceRefused."""
    if not is_member(context):
        words = gettext("Matchers are for members. Reply to the alert's message.")
        raise SilenceRefused("matchers", words)
    return {"matchers": [one.to_json() for one in read_silence_matchers(value)]}


def subject_of_name(context: Context, target: Target, name: str) -> Subject | None:
    """All alerts that are called so, where a label says it and the person is a member; else the one
    group that is meant; None where several are."""
    if is_member(context) and _is_label(target, name):
        found = GroupMember.objects.filter(
            group__in=[group.pk for group in target.groups], alert__name__iexact=name
        )
        exact = found.values_list("alert__name", flat=True).first()
        matcher = Matcher(ALERTNAME, MatchOp.EQUAL, exact or name)
        return {"matchers": [matcher.to_json()]}
    return subject_of_group(target.sure) if target.sure else None


def _is_label(target: Target, name: str) -> bool:
    """Whether every alert in them that is called so says it by its label."""
    if target.guessed or target.more:
        return False
    rows = GroupMember.objects.filter(
        group__in=[group.pk for group in target.groups],
        alert__status=Status.FIRING,
        alert__name__iexact=name,
    )
    pairs = list(rows.values_list("alert__name", "alert__labels")[:1_000])
    names = {called for called, _ in pairs}
    return len(names) == 1 and all(one.get(ALERTNAME) == called for called, one in pairs)


def shown_subject(context: Context, subject: Subject) -> Node:
    """As a question names it."""
    if "matchers" in subject:
        return code(told.matchers_text(subject["matchers"]))
    group = group_of(context, UUID(subject["group"]))
    return bold(told.name_of(group.title if group else gettext("an alert that is gone")))


def make(context: Context, subject: Subject, time: Time, comment: str = "") -> Done:
    """The silence, and what to say: what was understood, until when, and how to take it back."""
    try:
        silence = _made(context, subject, time, comment.replace("\0", ""))
    except SilenceRefused as refusal:
        words = gettext("Not silenced. {reason}").format(reason=refusal)
        return Done("silence refused", told.html([text(words)]))
    if silence is None:
        return Done("nothing to silence", told.html([text(gettext(GONE))]))
    count = alert_counts([silence])[silence.pk]
    line = filled(
        _silenced(count),
        matchers=code(told.matchers_text(silence.matchers)),
        time=time.said(context.zone, context.now),
        count=grouped(count),
    )
    return Done("silenced", told.html([text("🔕 "), *line]), undo(silence.pk, "silence"))


def _silenced(count: int) -> str:
    if not count:
        return gettext("Silenced {matchers} {time}: nothing that fires now.")
    return ngettext(
        "Silenced {matchers} {time}: {count} firing now.",
        "Silenced {matchers} {time}: {count} firing now.",
        count,
    )


def _made(context: Context, subject: Subject, time: Time, comment: str) -> Silence | None:
    organization = context.organization
    if organization is None:
        return None
    start = time.start or context.now
    if "matchers" in subject:
        subject_of_matchers(context, subject["matchers"])  # whoever asked may be a member no more
        wanted = Wanted(subject["matchers"], start, time.end, comment)
        return create_silence(actor_of(context), organization, wanted)
    group = group_of(context, UUID(subject["group"]))
    if group is None:
        return None
    matchers = [one.to_json() for one in responding.matchers_of_group(group)]
    if is_too_wide(matchers):
        raise SilenceRefused("matchers", gettext(TOO_WIDE))
    wanted = Wanted(matchers, start, time.end, comment)
    return responding.silence_group(actor_of(context), group, wanted)
