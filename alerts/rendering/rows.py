"""The list: one line per alert, saying only what tells it from the others."""

from collections.abc import Sequence

from alerts.rendering.details import Texts, length_of_episode, pair
from alerts.rendering.digest import Digest, is_said, says_more
from alerts.rendering.headline import RESOLVED_MARK, SEPARATOR, colour, name_of
from alerts.rendering.lines import Budget, Line, Piece
from alerts.rendering.times import Times, duration
from alerts.rendering.view_model import AlertView
from alerts.rendering.words import isolate, one_line, shorten_end, shorten_middle
from alerts.severity import Severity
from botapi.markup import Code

NAME_MAX = 64
_VALUE_MAX = 40
_WORTH_SHOWING = 12  # characters: less of a text says nothing
_OTHER_LABELS_MAX = 3


class Rows:
    """Writes the rows of one message."""

    def __init__(
        self, found: Digest, listed: Sequence[AlertView], texts: Texts, times: Times, budget: Budget
    ) -> None:
        self._found = found
        self._texts = texts
        self._times = times
        self._room = min(budget.row, 160 if len(listed) <= 5 else 110)
        self._tell_start = not found.same_start
        lengths = {length_of_episode(alert) for alert in found.leading}
        self._tell_length = found.status != "resolved" or len(lengths) > 1
        self._place_varies = found.where in found.varying
        self._said_severity: Severity | None = None
        self._mixed = len({alert.status for alert in found.alerts}) > 1

    def row(self, alert: AlertView) -> Line:
        """One alert: mark, name, place, then what it says itself, its value and its time."""
        line: Line = [self._mark(alert)]
        heads = self._heads(alert)
        tails = self._tails(alert)
        room = (
            self._room - sum([len(head) + 3 for head in heads]) - sum([len(t) + 3 for t in tails])
        )
        said = " ".join(heads)
        middles = self._middles(alert, room, said)
        if not heads and not middles:
            heads = [isolate(shorten_middle(name_of(alert), NAME_MAX))]
        place = (
            heads.pop()
            if heads and self._place_varies and alert.labels.get(self._found.where)
            else ""
        )
        pieces: list[Piece] = [*heads, *([Code(place)] if place else []), *middles, *tails]
        for number, piece in enumerate(pieces):
            if number:
                line.append(SEPARATOR)
            line.append(piece)
        return line

    def _mark(self, alert: AlertView) -> str:
        new = "🆕 " if alert.is_new else ""
        if alert.status == "resolved":
            return f"{RESOLVED_MARK if self._mixed else '•'} {new}"
        if not (self._mixed or self._found.severities_differ):
            return f"• {new}"
        mark = f"{colour(alert.status, alert.severity)} {new}"
        if alert.severity is None or alert.severity == self._said_severity:
            return mark
        self._said_severity = alert.severity
        return f"{mark}{alert.severity}{SEPARATOR}" if self._found.severities_differ else mark

    def _heads(self, alert: AlertView) -> list[str]:
        heads = []
        if self._found.names_differ:
            heads.append(isolate(shorten_middle(name_of(alert), NAME_MAX)))
        if self._place_varies and (place := one_line(alert.labels.get(self._found.where, ""))):
            heads.append(shorten_middle(place, NAME_MAX))
        return heads

    def _middles(self, alert: AlertView, room: int, said: str) -> list[str]:
        middles = []
        text = self._text(alert) if alert.status != "resolved" else ""
        if text and room >= _WORTH_SHOWING:
            middles.append(isolate(shorten_end(text, room)))
            room -= len(middles[0]) + 3
        if alert.status == "resolved" and said:
            return middles
        others = 0
        for label in self._found.varying:
            value = alert.labels.get(label, "")
            if (
                label == self._found.where
                or is_said(alert, label, value)
                or value in said
                or value in text
            ):
                continue
            written = pair(label, value)
            room -= len(written) + 3
            if (room < 0 and (said or middles)) or others == _OTHER_LABELS_MAX:
                break
            middles.append(isolate(written))
            others += 1
        return middles

    def _text(self, alert: AlertView) -> str:
        if self._texts.summary_differs:
            summary = one_line(alert.summary)
            if says_more(summary, alert):
                return summary
        if self._texts.description_differs:
            description = one_line(alert.description)
            if says_more(description, alert):
                return description
        return ""

    def _tails(self, alert: AlertView) -> list[str]:
        if alert.status == "resolved":
            length = length_of_episode(alert) if self._tell_length else None
            if length is None:
                return []
            return [f"{'resolved after ' if self._mixed else ''}{duration(length)}"]
        tails = []
        if value := one_line(alert.value_text):
            tails.append(isolate(shorten_end(value, _VALUE_MAX)))
        if alert.starts_at and (self._tell_start or alert.status != self._found.status):
            since = "since " if alert.status == "firing" else ""
            tails.append(f"{since}{self._times.show(alert.starts_at)}")
        return tails
