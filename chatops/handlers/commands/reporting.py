"""/report."""

from typing import Any

from chatops.conversations.engine import begin
from chatops.conversations.report import REPORT
from chatops.handled import Handled
from chatops.handlers.commands.asked import Asked
from chatops.reports.periods import NoPeriod, read_period

_WORDS_MAX = 12


def report(asked: Asked) -> Handled:
    """ "/report critical last 7 days": the longest end that is a time is the time, the rest is what
    it is about; what is missing is asked."""
    words = asked.rest.split()
    known: dict[str, Any] = {}
    for cut in range(max(0, len(words) - _WORDS_MAX), len(words)):
        end = " ".join(words[cut:])
        if _is_period(asked, end):
            known = {"what": " ".join(words[:cut])[:200], "period": end}
            break
    if words and not known:
        known["what"] = asked.rest[:200]
    return begin(asked.context, REPORT, known)


def _is_period(asked: Asked, words: str) -> bool:
    try:
        read_period(words, asked.context.zone, asked.context.now)
    except NoPeriod:
        return False
    return True
