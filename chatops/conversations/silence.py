"""/silence without all that it needs: which alert, how long, why, and whether it is right."""

from collections.abc import Sequence
from uuid import UUID

from alerts.muting.silencing import COMMENT_MAX, SilenceRefused
from botapi.markup import bold, filled, italic, text
from chatops.context import Context
from chatops.conversations.definition import Again, Dialogue, Step, Stop, Values
from chatops.conversations.questions import Answer, Choice, Prompt, Rows
from chatops.responding import silencing, told
from chatops.responding.acting import Done
from chatops.responding.reach import group_of, open_here
from chatops.responding.silence_words import (
    EXAMPLES,
    TimeRefused,
    TimeUnclear,
    read_time,
    time_from_json,
)
from chatops.responding.targets import CHOICES, find
from chatops.responding.wanted_groups import NotUnderstood, is_matchers
from languages.numbers import grouped
from languages.speaking import gettext, gettext_noop, pgettext

LENGTHS = (
    (gettext_noop("30 minutes"), gettext_noop("1 hour")),
    (gettext_noop("2 hours"), gettext_noop("4 hours")),
    (gettext_noop("1 day"), gettext_noop("1 week")),
)
YES = "yes"
SKIPS, YESES = ("without", "skip"), ("yes", "y", "ok", "silence")
"""As people write them in English, in any language."""
NOTHING_OPEN = gettext_noop(
    "Nothing is open here. To silence what is yet to come write matchers: "
    '/silence alertname="HighCPU" 2h'
)


def _ask_which(context: Context, values: Values) -> Prompt:
    wanted = values.get("among")
    groups = open_here(context)
    if wanted:
        groups = groups.filter(pk__in=wanted)
    shown = groups[:CHOICES]
    rows = tuple((Choice(told.label_of(group.title), str(group.pk)),) for group in shown)
    if not rows:
        raise Stop(gettext(NOTHING_OPEN))
    words = gettext("Which alert shall be quiet? Choose, or reply with a name or matchers.")
    return Prompt(told.html([text(words)]), rows, inline=True)


def _take_which(context: Context, values: Values, answer: Answer) -> silencing.Subject:
    if answer.value is not None:
        group = group_of(context, UUID(answer.value))
        if group is None:
            raise Again(gettext("That one is gone."))
        return silencing.subject_of_group(group)
    if not answer.text:
        raise Again(gettext("Write a name or matchers."))
    try:
        return read_subject(context, answer.text)
    except NotUnderstood as why:
        raise Again(str(why)) from None


def read_subject(context: Context, words: str) -> silencing.Subject:
    """What these words, or the message that they reply to, name. Raises NotUnderstood."""
    if words and is_matchers(words):
        try:
            return silencing.subject_of_matchers(context, words)
        except SilenceRefused as refusal:
            raise NotUnderstood(str(refusal)) from None
    target = find(context, words, open_here(context), gettext(NOTHING_OPEN))
    if target.replied and target.sure:
        return silencing.subject_of_group(target.sure)
    subject = silencing.subject_of_name(context, target, words) if words else None
    if subject is None and target.sure:
        subject = silencing.subject_of_group(target.sure)
    if subject is None:
        raise SeveralMeant([str(group.pk) for group in target.groups])
    return subject


class SeveralMeant(NotUnderstood):
    """Each of these groups may be. `groups`: their IDs."""

    def __init__(self, groups: list[str]) -> None:
        super().__init__(gettext("Several are called so: choose one, or write matchers."))
        self.groups = groups


def _ask_time(context: Context, values: Values) -> Prompt:
    what = silencing.shown_subject(context, values["which"])
    if ways := values.get("ways"):
        words = filled(gettext("How long shall {what} be quiet?"), what=what)
        return Prompt(told.html(words), _rows(ways))
    rows = tuple(tuple(Choice(gettext(length), length) for length in row) for row in LENGTHS)
    how_long = gettext("How long shall {what} be quiet? Choose, or write: {examples}.")
    examples = gettext(EXAMPLES)
    words = filled(how_long, what=what, examples=examples)
    return Prompt(told.html(words), rows, placeholder=examples)


def _rows(ways: Sequence[Sequence[str]]) -> Rows:
    return tuple((Choice(shown, read),) for shown, read in ways)


def _take_time(context: Context, values: Values, answer: Answer) -> dict[str, str]:
    try:
        return read_time(answer.value or answer.text, context.zone, context.now).to_json()
    except TimeRefused as why:
        raise Again(str(why)) from None
    except TimeUnclear as unclear:
        raise Again(str(unclear), _rows(unclear.ways)) from None


def _ask_comment(context: Context, values: Values) -> Prompt:
    rows = ((Choice(pgettext("button: no comment", "Without"), ""),),)
    words = gettext("Why? Your comment stands beside the silence.")
    example = gettext("deploy, known problem, …")
    return Prompt(told.html([text(words)]), rows, placeholder=example)


def _take_comment(context: Context, values: Values, answer: Answer) -> str:
    if answer.value is not None:
        return answer.value
    skips = (*SKIPS, pgettext("no comment, as people write it", "skip").casefold())
    if answer.text.casefold() in skips:
        return ""
    if not answer.text:
        raise Again(gettext("Write some words, or choose to go on without."))
    if len(answer.text) > COMMENT_MAX:
        words = gettext("Write at most {count} characters.")
        raise Again(words.format(count=grouped(COMMENT_MAX)))
    return answer.text


def _ask_confirm(context: Context, values: Values) -> Prompt:
    time = time_from_json(values["time"]).said(context.zone, context.now)
    what = silencing.shown_subject(context, values["which"])
    words = gettext("Keep {what} quiet {until}?")
    nodes = [*filled(words, what=what, until=bold(time))]
    if values.get("comment"):
        nodes += [text("\n"), italic(told.name_of(values["comment"]))]
    return Prompt(told.html(nodes), ((Choice(gettext("🔕 Silence"), YES),),), inline=True)


def _take_confirm(context: Context, values: Values, answer: Answer) -> str:
    yeses = (*YESES, pgettext("do it, as people write it", "yes").casefold())
    if answer.value == YES or answer.text.casefold() in yeses:
        return YES
    raise Again(gettext("Press Silence, Back or Cancel."))


def _finish(context: Context, values: Values) -> Done:
    time = time_from_json(values["time"])
    return silencing.make(context, values["which"], time, values.get("comment", ""))


SILENCE = Dialogue(
    kind="silence",
    steps=(
        Step("which", _ask_which, _take_which),
        Step("time", _ask_time, _take_time),
        Step("comment", _ask_comment, _take_comment),
        Step("confirm", _ask_confirm, _take_confirm),
    ),
    finish=_finish,
    version=2,
)
