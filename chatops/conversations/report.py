"""/report without all that it needs: of what, and of which time."""

from accounts.permissions import Capability
from botapi.markup import text
from chatops.context import Context
from chatops.conversations.definition import Again, Dialogue, Step, Values
from chatops.conversations.questions import Answer, Choice, Prompt
from chatops.reports.make import send_report
from chatops.reports.periods import EXAMPLES, NoPeriod, read_period
from chatops.responding import told
from chatops.responding.acting import Done
from chatops.responding.reach import groups_here
from chatops.responding.wanted_groups import NotUnderstood, filtered
from languages.speaking import gettext, gettext_noop, pgettext

ALL = gettext_noop("All alerts")
SEVERITIES = ("critical", "high", "warning")
PERIODS = (
    (gettext_noop("today"), gettext_noop("yesterday")),
    (gettext_noop("last 7 days"), gettext_noop("last 30 days")),
    (gettext_noop("this month"), gettext_noop("last month")),
)


def _ask_what(context: Context, values: Values) -> Prompt:
    severities = tuple(Choice(pgettext("severity", one), one) for one in SEVERITIES)
    rows = ((Choice(gettext(ALL), ""),), severities)
    words = gettext("What shall I report of? Choose, or write a name or matchers.")
    return Prompt(told.html([text(words)]), rows, placeholder="HighCPU")


def _take_what(context: Context, values: Values, answer: Answer) -> str:
    about = answer.text if answer.value is None else answer.value
    if about.casefold() == ALL.casefold():
        about = ""
    try:
        filtered(groups_here(context), about, context.user)
    except NotUnderstood as why:
        raise Again(str(why)) from None
    return about[:200]


def _ask_period(context: Context, values: Values) -> Prompt:
    rows = tuple(tuple(Choice(gettext(period), period) for period in row) for row in PERIODS)
    words = gettext("Of which time? Choose, or write it: {examples}.").format(
        examples=gettext(EXAMPLES)
    )
    return Prompt(told.html([text(words)]), rows, placeholder=gettext("last 14 days"))


def _take_period(context: Context, values: Values, answer: Answer) -> str:
    words = answer.value or answer.text
    try:
        read_period(words, context.zone, context.now)
    except NoPeriod as why:
        raise Again(str(why)) from None
    return words[:200]


def _finish(context: Context, values: Values) -> Done:
    try:
        period = read_period(values["period"], context.zone, context.now)
        return send_report(context, values["what"], period)
    except (NoPeriod, NotUnderstood) as why:
        return Done("no report", told.html([text(str(why))]))


REPORT = Dialogue(
    kind="report",
    steps=(Step("what", _ask_what, _take_what), Step("period", _ask_period, _take_period)),
    finish=_finish,
    needs=Capability.VIEW,
)
