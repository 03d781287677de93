"""/comment: which alert, and what there is to say."""

from uuid import UUID

from alerts import responding
from alerts.models import AlertGroup
from alerts.responding import ResponseRefused
from botapi.markup import bold, filled, text
from chatops.context import Context
from chatops.conversations.definition import Again, Dialogue, Step, Stop, Values
from chatops.conversations.questions import Answer, Choice, Prompt
from chatops.responding import told
from chatops.responding.acting import Done, of_group
from chatops.responding.pressing import actor_of
from chatops.responding.reach import group_of, open_here
from chatops.responding.targets import CHOICES, find
from chatops.responding.wanted_groups import NotUnderstood
from languages.numbers import grouped
from languages.speaking import gettext, gettext_noop

GONE = gettext_noop("That alert is gone.")
NOTHING_OPEN = gettext_noop("Nothing is open here. Reply to the message of one that is over.")


def _ask_which(context: Context, values: Values) -> Prompt:
    shown = open_here(context)[:CHOICES]
    rows = tuple((Choice(told.label_of(group.title), str(group.pk)),) for group in shown)
    if not rows:
        raise Stop(gettext(NOTHING_OPEN))
    words = gettext("Which alert do you speak of?")
    return Prompt(told.html([text(words)]), rows, inline=True)


def _take_which(context: Context, values: Values, answer: Answer) -> str:
    if answer.value is not None:
        return answer.value
    try:
        found = find(context, answer.text, open_here(context), gettext(GONE)).sure
    except NotUnderstood as why:
        raise Again(str(why)) from None
    if found is None:
        raise Again(gettext("Several are called so: choose one."))
    return str(found.pk)


def _ask_text(context: Context, values: Values) -> Prompt:
    group = group_of(context, UUID(values["which"]))
    if group is None:
        raise Stop(gettext(GONE))
    words = gettext("{group}: what is there to say? Reply to this message; /cancel ends it.")
    return Prompt(_of(group, words), placeholder=gettext("Your comment"))


def _take_text(context: Context, values: Values, answer: Answer) -> str:
    if not answer.text:
        raise Again(gettext("Write it as text."))
    if len(answer.text) > responding.COMMENT_MAX:
        words = gettext("Write at most {count} characters.")
        raise Again(words.format(count=grouped(responding.COMMENT_MAX)))
    return answer.text


def _finish(context: Context, values: Values) -> Done:
    group = group_of(context, UUID(values["which"]))
    if group is None:
        return Done("comment: gone", told.html([text(gettext(GONE))]))
    try:
        responding.comment(actor_of(context), group, values["text"])
    except ResponseRefused as refusal:
        return Done("comment refused", of_group("", group, f": {refusal}"))
    return Done("commented", noted(group))


def noted(group: AlertGroup) -> str:
    """HTML: the comment stands beside the alert."""
    return _of(group, gettext("{group}: noted."))


def _of(group: AlertGroup, words: str) -> str:
    named = filled(words, group=bold(told.name_of(group.title)))
    return told.html([text("💬 "), *named])


COMMENT = Dialogue(
    kind="comment",
    steps=(Step("which", _ask_which, _take_which), Step("text", _ask_text, _take_text)),
    finish=_finish,
)
