"""What a group's alerts have in common and where they differ: so that nothing is said twice."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.rendering.headline import WHERE_LABELS, where_label
from alerts.rendering.view_model import AlertView, GroupView
from alerts.severity import rank
from alerts.sources.incoming import AlertStatus

_NAME_LABELS = frozenset(("alertname", "rulename"))
# True of whole installations: told last.
_NOISE = frozenset(
    (
        "prometheus",
        "prometheus_replica",
        "replica",
        "monitor",
        "endpoint",
        "container",
        "grafana_folder",
        "datasource_uid",
        "ref_id",
        "uid",
    )
)
_RANK = {label: number for number, label in enumerate(WHERE_LABELS)}
_ORDER: Mapping[AlertStatus, int] = {"firing": 0, "event": 1, "resolved": 2}
_TEMPLATED_MIN = 3
_WORD = re.compile(r"\w+")
# Words that only tie names and places together.
_LINKING = frozenset(
    (
        *("a", "alert", "alerts", "an", "and", "are", "at", "by", "firing", "for", "from", "has"),
        *("have", "host", "in", "instance", "is", "job", "of", "on", "s", "the", "this", "to"),
        *("was", "with"),
    )
)


@dataclass(frozen=True, slots=True)
class Digest:
    """A group's alerts, sorted: firing, then events, then resolved; worst first, then newest (to
    the minute, as it is shown), then by name and place.

    `status`: what the group is as a whole; `leading`: the alerts in that state.
    `where`: the label that says where the leading alerts are.
    `common`: labels that all alerts share, those left out that the first line says.
    `varying`: names of the labels that tell the alerts apart, the most telling first. A label that
    some alerts lack while the others agree on it tells little: it counts only where no other does.
    `names_differ`: among all alerts; `severities_differ`: among the leading ones.
    `same_start`: the leading alerts began in the same minute.
    """

    alerts: Sequence[AlertView]
    status: AlertStatus
    leading: Sequence[AlertView]
    where: str
    common: Mapping[str, str]
    varying: Sequence[str]
    names_differ: bool
    severities_differ: bool
    same_start: bool


def digest(group: GroupView) -> Digest:
    """Sort the group's alerts and find what they share."""
    alerts: Sequence[AlertView] = group.alerts
    if len(alerts) > 1:
        place = where_label(alerts)
        alerts = sorted(alerts, key=lambda alert: _sort_key(alert, place))
    status = alerts[0].status if alerts else group.status
    leading = alerts if not alerts or alerts[-1].status == status else _of(status, alerts)
    common, varying = _compare(alerts)
    where = where_label(leading)
    if where and where not in common and where not in varying:
        varying = [where, *varying]
    first = alerts[0] if alerts else None
    told = {
        label: value
        for label, value in common.items()
        if first is not None and not (label == where or is_said(first, label, value))
    }
    return Digest(
        alerts=alerts,
        status=status,
        leading=leading,
        where=where,
        common=told,
        varying=varying,
        names_differ=len({alert.name for alert in alerts}) > 1,
        severities_differ=len({alert.severity for alert in leading}) > 1,
        same_start=len({_minute(alert.starts_at) for alert in leading}) <= 1,
    )


def _minute(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(second=0, microsecond=0)


def label_order(labels: Iterable[str]) -> list[str]:
    """Label names, the most telling first."""
    return sorted(labels, key=_label_key)


def _label_key(label: str) -> tuple[int, int, str]:
    return (label in _NOISE, _RANK.get(label, len(_RANK)), label)


def _sort_key(alert: AlertView, place: str) -> tuple[int, int, int, str, str, str]:
    since = int(alert.starts_at.timestamp() // 60) if alert.starts_at else 0
    return (
        _ORDER[alert.status],
        -rank(alert.severity),
        -since,
        alert.name,
        alert.labels.get(place, ""),
        alert.alert_id,
    )


def _of(status: AlertStatus, alerts: Sequence[AlertView]) -> Sequence[AlertView]:
    return [alert for alert in alerts if alert.status == status]


def is_said(alert: AlertView, label: str, value: str) -> bool:
    """Whether name and severity say this label already, or nobody wants to hear it."""
    return (
        label in _NAME_LABELS
        or value == alert.name
        or value.casefold() == alert.severity
        or label.startswith("__")
        or not value
    )


def _compare(alerts: Sequence[AlertView]) -> tuple[dict[str, str], list[str]]:
    """Labels with one value in all alerts, and the names of the others."""
    if not alerts:
        return {}, []
    first = alerts[0].labels
    if len(alerts) == 1:
        return dict(first), []
    common = set(first.items())
    values = dict(first)
    differing: set[str] = set()
    for alert in alerts[1:]:
        labels = alert.labels.items()
        common &= labels
        differing.update(
            [name for name, value in labels if values.setdefault(name, value) != value]
        )
    shared = dict(common)
    names = [name for name in values if name not in shared]
    return shared, label_order(_telling(differing) or _telling(names))


def _telling(names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in _NAME_LABELS and not name.startswith("__")]


def shared_text(texts: Sequence[str], alerts: Sequence[AlertView], varying: Sequence[str]) -> str:
    """What all texts say alike, "" when they differ.

    Texts that differ only by a varying label's value are alike: "Disk of ‹instance› is full".
    """
    first = texts[0] if texts else ""
    if not first or all(text == first for text in texts):
        return first
    if not all(texts):
        return ""
    template = _templated(first, alerts[0], varying)
    for text, alert in zip(texts[1:], alerts[1:], strict=True):
        if _templated(text, alert, varying) != template:
            return ""
    return template


def _templated(text: str, alert: AlertView, varying: Sequence[str]) -> str:
    for label in varying:
        value = alert.labels.get(label, "")
        if len(value) >= _TEMPLATED_MIN and value in text:
            text = text.replace(value, f"‹{label}›")
    return text


def says_more(text: str, alert: AlertView) -> bool:
    """Whether the text has a word that neither the alert's name nor its labels have."""
    if not text:
        return False
    words = _WORD.findall(text.casefold())
    name = "".join(_WORD.findall(alert.name.casefold()))
    if "".join(words) == name:
        return False
    known = set(
        _WORD.findall(" ".join((alert.name, *alert.labels, *alert.labels.values())).casefold())
    )
    return any(word not in known and word not in _LINKING for word in words)


def says(text: str, value: str) -> bool:
    """Whether the text has the value as words of its own: "is 97 % full" says "97", not "9"."""
    start = text.find(value) if value else -1
    while start >= 0:
        end = start + len(value)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            return True
        start = text.find(value, start + 1)
    return False


def begins_with(text: str, value: str) -> bool:
    """Whether the text begins with the value as words of its own."""
    return text.startswith(value) and not text[len(value) : len(value) + 1].isalnum()
