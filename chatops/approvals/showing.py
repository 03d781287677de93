"""How a chat shows a question, its choices, and what came of it. Pure.

What programs wrote stays as it is; the choices that are there where a program gives none are said
in the language that is spoken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from alerts.rendering.times import Times
from botapi.markup import Node, ParseMode, bold, render, text
from chatops.approvals.rules import APPROVE_OR_DENY
from languages.speaking import gettext, pgettext

PER_ROW = 2
_ROW_LABELS_MAX = 30  # characters of a row's labels together: more is cut on a phone


@dataclass(frozen=True, slots=True)
class Question:
    """`zone`: of the channel; `asked_by`: who put it."""

    title: str
    text: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    zone: tzinfo


def labels_of(choices: Sequence[Mapping[str, str]]) -> list[str]:
    """What stands on the buttons."""
    if list(choices) == APPROVE_OR_DENY:
        return [pgettext("button", "Approve"), pgettext("button", "Deny")]
    return [choice["label"] for choice in choices]


def rows_of(labels: Sequence[str]) -> list[list[int]]:
    """Which choices stand beside each other, by their numbers."""
    rows: list[list[int]] = []
    width = 0
    for number, label in enumerate(labels):
        length = len(label)
        if rows and len(rows[-1]) < PER_ROW and width + length <= _ROW_LABELS_MAX:
            rows[-1].append(number)
            width += length
        else:
            rows.append([number])
            width = length
    return rows


def shown(question: Question, parse_mode: ParseMode, end: str = "") -> tuple[str, str]:
    """The message in the channel's format, and in plain words. `end`: what came of it."""
    times = Times(question.zone, question.asked_at)
    nodes: list[Node] = [text("❔ "), bold(question.title)]
    if question.text:
        nodes.append(text(f"\n{question.text}"))
    if end:
        nodes += [text("\n"), bold(end)]
    else:
        until = times.show(question.expires_at)
        line = gettext("Asked by {who} · answer until {time}")
        nodes.append(text("\n" + line.format(who=question.asked_by, time=until)))
    return render(nodes, parse_mode), render(nodes, "")


def answered(label: str, by: str, at: datetime, zone: tzinfo, asked_at: datetime) -> str:
    """ "Approve · Ada (@ada) · 26 Nov 14:03 CET"."""
    return f"{label} · {by} · {Times(zone, asked_at).show(at)}"


def cancelled(by: str) -> str:
    """That somebody took the question back."""
    return gettext("Cancelled by {who}").format(who=by)


def expired() -> str:
    """That its time is over."""
    return gettext("Expired: nobody answered")
