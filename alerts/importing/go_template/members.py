"""Fields and methods of what Alertmanager and Grafana tell their templates (template/template.go of
Alertmanager, alerting/templates of Grafana), in our words."""

from collections.abc import Callable, Sequence
from typing import Final

from alerts.importing.go_template.formats import time_format
from alerts.importing.go_template.values import Kind, Level, Lost, Value, quoted, texts_of

Note = Callable[[str], None]
"""Tell the author that something is otherwise."""

_ZONE = "Times are told in the channel's zone, not in UTC."
_OURS: Final = {
    Kind.DATA: {
        "Status": ("status", Kind.TEXT),
        "Alerts": ("alerts", Kind.ALERTS),
        "GroupLabels": ("group_labels", Kind.LABELS),
        "CommonLabels": ("common_labels", Kind.LABELS),
        "CommonAnnotations": ("common_annotations", Kind.LABELS),
        "ExternalURL": ("external_url", Kind.TEXT),
        "Receiver": ("integration", Kind.TEXT),
        "Title": ("title", Kind.TEXT),
        "TruncatedAlerts": ("truncated", Kind.NUMBER),
    },
    Kind.ALERT: {
        "Status": ("status", Kind.TEXT),
        "Labels": ("labels", Kind.LABELS),
        "Annotations": ("annotations", Kind.LABELS),
        "StartsAt": ("starts_at", Kind.TIME),
        "EndsAt": ("ends_at", Kind.TIME),
        "GeneratorURL": ("source_url", Kind.TEXT),
        "Fingerprint": ("fingerprint", Kind.TEXT),
        "ValueString": ("value", Kind.TEXT),
        "Values": ("value", Kind.MEASURED),
        "DashboardURL": ("dashboard_url", Kind.TEXT),
        "ImageURL": ("image_url", Kind.TEXT),
    },
}
_NAMES: Final = " | pairs | map(attribute=0)"
_LINKS: Final = {"PanelURL": "panel", "SilenceURL": "silence"}
_NOTES: Final = {
    (Kind.DATA, "Receiver"): "A receiver's name does not come along; the integration's is written.",
    (Kind.ALERT, "ValueString"): "What was measured is told as A=22, B=1.",
    (Kind.ALERT, "Values"): "What was measured is kept as one text, such as A=22, B=1.",
}


def member(value: Value, name: str, args: Sequence[Value], note: Note) -> Value:
    """`.Name` of a value; with arguments where it is a method. Raises Lost."""
    if told := _NOTES.get((value.kind, name)):
        note(told)
    if known := _OURS.get(value.kind, {}).get(name):
        path = f"{value.within(Level.ATOM)}.{known[0]}" if value.text else known[0]
        return Value(path, known[1])
    if value.kind is Kind.ALERT and name in _LINKS:
        links = f'{value.within(Level.ATOM)}.links | selectattr("kind", "eq", "{_LINKS[name]}")'
        return Value(f"({links} | first).url", Kind.TEXT)
    if found := _READERS.get(value.kind):
        return found(value, name, args, note)
    raise Lost(f"There is no counterpart of .{name} here; the guide lists what there is.")


def _of_alerts(value: Value, name: str, _: Sequence[Value], __: Note) -> Value:
    if name not in ("Firing", "Resolved"):
        raise Lost(f"Alerts have no {name}: write .Alerts, .Alerts.Firing or .Alerts.Resolved.")
    status = name.lower()
    if value.text == "alerts":
        return Value(status, Kind.ALERTS)
    return value.filtered(f'selectattr("status", "eq", "{status}") | list', Kind.ALERTS)


def label(value: Value, name: str) -> Value:
    """A label by its name."""
    base = value.within(Level.ATOM)
    is_word = name.isascii() and name.isidentifier()
    path = f"{base}.{name}" if is_word else f"{base}[{quoted(name)}]"
    return Value(path, Kind.TEXT, may_miss=True)


def _of_labels(value: Value, name: str, args: Sequence[Value], _: Note) -> Value:
    if name == "SortedPairs":
        return value.filtered("pairs", Kind.PAIRS)
    if name in ("Names", "Values"):
        return texts_of(value.filtered("pairs", Kind.PAIRS), int(name == "Values"))
    if name != "Remove":
        return label(value, name)
    if len(args) != 1:
        raise Lost('Remove takes a list of names, as in .Remove (stringSlice "job").')
    names = args[0]
    if names.text.endswith(_NAMES):
        return value.filtered(f"without({names.text.removesuffix(_NAMES)})", Kind.LABELS)
    if names.text.startswith("[") and names.level is Level.ATOM:
        return value.filtered(f"without({names.text[1:-1]})", Kind.LABELS)
    return value.filtered(f"without({names.text})", Kind.LABELS)


def _of_pairs(value: Value, name: str, _: Sequence[Value], __: Note) -> Value:
    if name in ("Names", "Values"):
        return texts_of(value, int(name == "Values"))
    raise Lost(f"Sorted pairs have no {name}: write .Names or .Values.")


def _of_pair(value: Value, name: str, _: Sequence[Value], __: Note) -> Value:
    if name in ("Name", "Value"):
        return Value(value.pair[name == "Value"], Kind.TEXT)
    raise Lost(f"A pair has no {name}: write .Name or .Value.")


def _of_time(value: Value, name: str, args: Sequence[Value], note: Note) -> Value:
    if name in ("Local", "UTC"):
        note(_ZONE)
        return value
    if name == "Unix":
        return value.filtered("unix", Kind.NUMBER)
    if name == "IsZero":
        return Value(f"not {value.within()}", Kind.BOOL, Level.COMPARED)
    if name == "Format" and len(args) == 1 and isinstance(args[0].const, str):
        return formatted(value, args[0].const, note)
    is_pair = value.text.endswith("ends_at") and len(args) == 1
    if name == "Sub" and is_pair and args[0].text == value.text.replace("ends_at", "starts_at"):
        note("A duration is written as 1 h 12 min.")
        return Value(value.text.replace("ends_at", "duration"), Kind.DURATION)
    raise Lost(f"There is no {name} of a time; the filters time, iso and unix are there.")


def formatted(value: Value, layout: str, note: Note) -> Value:
    """A time in Go's layout."""
    form, notes = time_format(layout)
    for told in (_ZONE, *notes):
        note(told)
    return value.filtered(f"time({quoted(form)})", Kind.TEXT)


def _of_measured(value: Value, _: str, __: Sequence[Value], ___: Note) -> Value:
    return Value(value.text, Kind.TEXT)


_READERS: Final[dict[Kind, Callable[[Value, str, Sequence[Value], Note], Value]]] = {
    Kind.ALERTS: _of_alerts,
    Kind.LABELS: _of_labels,
    Kind.PAIRS: _of_pairs,
    Kind.PAIR: _of_pair,
    Kind.TIME: _of_time,
    Kind.MEASURED: _of_measured,
}
