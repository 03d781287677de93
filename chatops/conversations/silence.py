"""/silence without all that it needs: which alert, how long, why, and whether it is right."""

from collections.abc import Sequence
from uuid import UUID

from alerts.muting.silencing import COMMENT_MAX, SilenceRefused
from botapi.markup import bold, italic, text
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

LENGTHS = (("30 minutes", "1 hour"), ("2 hours", "4 hours"), ("1 day", "1 week"))
SKIP, YES = "Without", "yes"
NOTHING_OPEN = (
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
        raise Stop(NOTHING_OPEN)
    words = "Which alert shall be quiet? Choose, or reply with a name or matchers."
    return Prompt(told.html([text(words)]), rows, inline=True)


def _take_which(context: Context, values: Values, answer: Answer) -> silencing.Subject:
    if answer.value is not None:
        group = group_of(context, UUID(answer.value))
        if group is None:
            raise Again("That one is gone.")
        return silencing.subject_of_group(group)
    if not answer.text:
        raise Again("Write a name or matchers.")
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
    target = find(context, words, open_here(context), NOTHING_OPEN)
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
        super().__init__("Several are called so: choose one, or write matchers.")
        self.groups = groups


def _ask_time(context: Context, values: Values) -> Prompt:
    what = silencing.shown_subject(context, values["which"])
    if ways := values.get("ways"):
        return Prompt(told.html([text("How long shall "), what, text(" be quiet?")]), _rows(ways))
    rows = tuple(tuple(Choice(length, length) for length in row) for row in LENGTHS)
    words = [text("How long shall "), what, text(f" be quiet? Choose, or write: {EXAMPLES}.")]
    return Prompt(told.html(words), rows, placeholder=EXAMPLES)


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
    rows = ((Choice(SKIP, ""),),)
    words = "Why? Your comment stands beside the silence."
    return Prompt(told.html([text(words)]), rows, placeholder="deploy, known problem, …")


def _take_comment(context: Context, values: Values, answer: Answer) -> str:
    if answer.value is not None:
        return answer.value
    if not answer.text:
        raise Again("Write some words, or choose to go on without.")
    if len(answer.text) > COMMENT_MAX:
        raise Again(f"Write at most {COMMENT_MAX:,} characters.")
    return answer.text


def _ask_confirm(context: Context, values: Values) -> Prompt:
    time = time_from_json(values["time"]).said(context.zone, context.now)
    nodes = [
        text("Keep "),
        silencing.shown_subject(context, values["which"]),
        text(" quiet "),
        bold(time),
        text("?"),
    ]
    if values.get("comment"):
        nodes += [text("\n"), italic(told.name_of(values["comment"]))]
    return Prompt(told.html(nodes), ((Choice("🔕 Silence", YES),),), inline=True)


def _take_confirm(context: Context, values: Values, answer: Answer) -> str:
    if answer.value == YES or answer.text.casefold() in ("yes", "y", "ok", "silence"):
        return YES
    raise Again("Press Silence, Back or Cancel.")


def _finish(context: Context, values: Values) -> Done:
    time = time_from_json(values["time"])
    return silencing.make(context, values["which"], time, values.get("comment", ""))


SILENCE = Dialogue(
    kind="silence",
    about="the silence",
    steps=(
        Step("which", _ask_which, _take_which),
        Step("time", _ask_time, _take_time),
        Step("comment", _ask_comment, _take_comment),
        Step("confirm", _ask_confirm, _take_confirm),
    ),
    finish=_finish,
    version=2,
)
