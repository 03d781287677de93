"""The list: one line per alert, saying only what tells it from the others."""

from collections.abc import Sequence

from alerts.rendering.details import Texts, ended_alike, length_of_episode, pair, since_words
from alerts.rendering.digest import Digest, begins_with, is_said, says, says_more
from alerts.rendering.headline import (
    RESOLVED_MARK,
    SEPARATOR,
    colour,
    name_of,
    severity_word,
)
from alerts.rendering.lines import Line, Scissors, joined
from alerts.rendering.times import Times, duration
from alerts.rendering.view_model import AlertView
from alerts.rendering.words import isolate, one_line
from alerts.severity import Severity
from botapi.markup import Code
from languages.speaking import gettext

NAME_MAX = 64
_VALUE_MAX = 40
_WORTH_SHOWING = 12  # characters: less of a text says nothing
_OTHER_LABELS_MAX = 3


class Rows:
    """Writes the rows of one message."""

    def __init__(
        self,
        found: Digest,
        listed: Sequence[AlertView],
        texts: Texts,
        times: Times,
        scissors: Scissors,
    ) -> None:
        self._found = found
        self._texts = texts
        self._times = times
        self._scissors = scissors
        self._room = min(scissors.budget.row, 160 if len(listed) <= 5 else 110)
        self._tell_start = not found.same_start
        lengths = {length_of_episode(alert) for alert in found.leading}
        self._tell_length = found.status != "resolved" or len(lengths) > 1
        self._place_varies = found.where in found.varying
        self._said_severity: Severity | None = None
        self._all_flap = all(alert.flapping for alert in found.leading)
        self._mixed = len({alert.status for alert in found.alerts}) > 1

    def row(self, alert: AlertView) -> Line:
        """One alert: mark, name, place, then what it says itself, its value and its time."""
        mark = self._mark(alert)
        name = self._name(alert) if self._found.names_differ else ""
        place = self._place(alert)
        text = self._text(alert)
        tails = self._tails(alert, text)
        room = self._room - sum([len(part) + len(SEPARATOR) for part in (name, place, *tails)])
        labels = self._labels(alert, room - len(text), text, is_known=bool(name or place))
        shown = self._scissors.text(text, room) if room >= _WORTH_SHOWING else ""
        self._scissors.cut |= bool(text) and not shown
        if not (name or place or shown or labels):
            name = self._name(alert)
        parts: list[Line] = [[name]] if name else []
        if place and begins_with(shown, place):
            parts.append([Code(place), isolate(shown.removeprefix(place))])
        else:
            parts += [[Code(place)]] if place else []
            parts += [[isolate(shown)]] if shown else []
        parts += [[said] for said in (*labels, *tails)]
        return [mark, *joined(parts, 1, SEPARATOR)[0]]

    def _mark(self, alert: AlertView) -> str:
        new = "🆕 " if alert.is_new else ""
        if alert.status == "resolved":
            return f"{RESOLVED_MARK if self._mixed else '•'} "
        if not (self._mixed or self._found.severities_differ):
            return f"• {new}"
        mark = f"{colour(alert.status, alert.severity)} {new}"
        if alert.severity is None or alert.severity == self._said_severity:
            return mark
        self._said_severity = alert.severity
        if not self._found.severities_differ:
            return mark
        return f"{mark}{severity_word(alert.severity)}{SEPARATOR}"

    def _name(self, alert: AlertView) -> str:
        return isolate(self._scissors.name(name_of(alert), NAME_MAX))

    def _place(self, alert: AlertView) -> str:
        if not self._place_varies:
            return ""
        return self._scissors.name(one_line(alert.labels.get(self._found.where, "")), NAME_MAX)

    def _labels(self, alert: AlertView, room: int, text: str, *, is_known: bool) -> list[str]:
        """Other labels that tell this alert apart, as far as there is room; one if it needs it."""
        labels: list[str] = []
        if alert.status == "resolved" and is_known:
            return labels
        for label in self._found.varying:
            value = alert.labels.get(label, "")
            if label == self._found.where or is_said(alert, label, value) or says(text, value):
                continue
            written = pair(label, value, self._scissors)
            room -= len(written) + len(SEPARATOR)
            if (room < 0 and (is_known or labels)) or len(labels) == _OTHER_LABELS_MAX:
                break
            labels.append(isolate(written))
        return labels

    def _text(self, alert: AlertView) -> str:
        if alert.status == "resolved":
            return ""
        if self._texts.summary_differs:
            summary = one_line(alert.summary)
            if says_more(summary, alert):
                return summary
        if self._texts.description_differs:
            description = one_line(alert.description)
            if says_more(description, alert):
                return description
        return ""

    def _tails(self, alert: AlertView, text: str) -> list[str]:
        flaps = [gettext("flapping")] if alert.flapping and not self._all_flap else []
        return [*flaps, *self._state(alert, text)]

    def _state(self, alert: AlertView, text: str) -> list[str]:
        if alert.status == "resolved":
            length = length_of_episode(alert) if self._tell_length else None
            how = alert.ended if self._mixed or not ended_alike(self._found.leading) else ""
            lasted = [] if length is None else [self._lasted(duration(length))]
            return [*lasted, *([how] if how else [])]
        tails = []
        value = one_line(alert.value_text)
        if value and not says(text, value):
            tails.append(isolate(self._scissors.text(value, _VALUE_MAX)))
        if alert.starts_at and (self._tell_start or alert.status != self._found.status):
            start = self._times.show(alert.starts_at)
            tails.append(since_words(start) if alert.status == "firing" else start)
        return tails

    def _lasted(self, length: str) -> str:
        return gettext("resolved after {length}").format(length=length) if self._mixed else length
