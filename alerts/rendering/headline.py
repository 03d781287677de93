"""The first line: what a phone shows of the message, at most 60 characters.

    🔴 FIRING critical · HighCPU · web-1 (3)
    │  │      │          │         │     └ how many alerts, where the places don't tell
    │  │      │          │         └ where: the best label of `WHERE_LABELS`; several: "web-1 +2"
    │  │      │          └ what: the alert's name; several: "HighCPU +2"
    │  │      └ severity, where it is known; then "flapping" where all of it flips too often
    │  └ state: FIRING while anything fires, RESOLVED; an event has none, its title speaks
    └ decoration: colour of the severity, ✅ when resolved

Name and place share the room that is left. What does not fit is shortened: prose at its end, behind
a word; what has no space in its middle. A short place stays whole, as far as the name can still be
recognised.
It speaks of the alerts in its state: what has resolved does not lend its name to what still fires.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from alerts.flapping import Flapping
from alerts.rendering.view_model import AlertView, GroupView
from alerts.rendering.words import isolate, isolate_marks, one_line, shorten_end, shorten_name
from alerts.severity import Severity
from alerts.sources.incoming import AlertStatus
from languages.speaking import gettext, gettext_noop, pgettext

FIRST_LINE_MAX = 60
SEPARATOR = " · "
NO_NAME = gettext_noop("unnamed alert")
_SHORT_PLACE = 20
# Of the state with its severity, whatever the language: the name has the rest.
_STATE_MAX = 20
_LEAD_MAX = 34
# So many characters of a name remain, however short the place.
_RECOGNISABLE = 12

# Where something is wrong, from the narrowest: the machine, then what runs on it, then what it is
# part of. The first that all alerts have is taken, else the first that any has.
WHERE_LABELS = (
    "exported_instance",
    "instance",
    "host",
    "hostname",
    "node",
    "nodename",
    "server",
    "target",
    "url",
    "device_name",
    "pod",
    "deployment",
    "statefulset",
    "daemonset",
    "job_name",
    "cronjob",
    "persistentvolumeclaim",
    "service",
    "service_name",
    "app",
    "application",
    "queue",
    "database",
    "topic",
    "job",
    "namespace",
    "cluster",
    "environment",
    "env",
    "region",
    "zone",
    "site",
)
# kube-state-metrics speaks of others: its `instance` is the exporter's own address.
_SPEAKS_OF_OTHERS = "kube-state-metrics"
_OWN_ADDRESS = frozenset(("instance", "service", "job"))
_WHERE_FOR_OTHERS = (
    *(label for label in WHERE_LABELS if label not in _OWN_ADDRESS),
    *(label for label in WHERE_LABELS if label in _OWN_ADDRESS),
)

COLOURS: Mapping[Severity, str] = {
    Severity.CRITICAL: "🔴",
    Severity.HIGH: "🟠",
    Severity.WARNING: "🟡",
    Severity.INFO: "🔵",
}
_UNKNOWN: Mapping[AlertStatus, str] = {"firing": "❗", "event": "🔔"}
_STATES: Mapping[AlertStatus, str] = {
    "firing": gettext_noop("FIRING"),
    "resolved": gettext_noop("RESOLVED"),
    "event": gettext_noop("EVENT"),
}
RESOLVED_MARK = "✅"


class Headline(NamedTuple):
    """The first line in parts, and what of it was shortened: the whole then stands below.

    `place` stands apart from what is around it, so that it can be tapped and copied.
    """

    before: str
    place: str
    after: str
    name_whole: bool
    place_whole: bool

    @property
    def text(self) -> str:
        """The whole line."""
        return f"{self.before}{self.place}{self.after}"


def colour(status: AlertStatus, severity: Severity | None) -> str:
    """The emoji for a state and severity; decoration, since words say the same."""
    if status == "resolved":
        return RESOLVED_MARK
    return _UNKNOWN[status] if severity is None else COLOURS[severity]


def name_of(alert: AlertView) -> str:
    """The alert's name on one line; never empty."""
    return one_line(alert.name) or gettext(NO_NAME)


def severity_word(severity: Severity | None) -> str:
    """The severity in the language that is spoken; "" when it is unknown."""
    match severity:
        case Severity.CRITICAL:
            return pgettext("severity", "critical")
        case Severity.HIGH:
            return pgettext("severity", "high")
        case Severity.WARNING:
            return pgettext("severity", "warning")
        case Severity.INFO:
            return pgettext("severity", "info")
        case None:
            return ""


def names_of(alerts: Sequence[AlertView]) -> str:
    """What the first line calls these alerts of one state, worst first: "InstanceDown +2"."""
    return f"{name_of(alerts[0])}{_more_names(alerts)}"


def _more_names(alerts: Sequence[AlertView]) -> str:
    more = len({alert.name for alert in alerts}) - 1
    return f" +{more}" if more else ""


def where_label(alerts: Sequence[AlertView]) -> str:
    """The label that says best where these alerts are; "" when none does."""
    if not alerts:
        return ""
    speaks_of_others = _SPEAKS_OF_OTHERS in alerts[0].labels.get("job", "")
    order = _WHERE_FOR_OTHERS if speaks_of_others else WHERE_LABELS
    for label in order:
        if all(alert.labels.get(label) for alert in alerts):
            return label
    for label in order:
        if any(alert.labels.get(label) for alert in alerts):
            return label
    return ""


def flapping_of(group: GroupView, alerts: Sequence[AlertView]) -> Flapping | None:
    """How all that the first line speaks of flaps; None when only some of it does, or nothing."""
    if group.flapping or not alerts:
        return group.flapping
    each = [alert.flapping for alert in alerts if alert.flapping]
    return max(each, key=lambda one: one.times) if len(each) == len(alerts) else None


def state_words(status: AlertStatus, severity: Severity | None) -> str:
    """ "firing critical", in the middle of a text."""
    match status:
        case "firing":
            state = pgettext("state", "firing")
        case "resolved":
            state = pgettext("state", "resolved")
        case "event":
            state = pgettext("state", "event")
    return _with_severity(state, severity_word(severity))


def state_in_capitals(status: AlertStatus) -> str:
    """ "FIRING", with which a line begins."""
    return gettext(_STATES[status])


def _with_severity(state: str, severity: str) -> str:
    if not severity:
        return state
    return pgettext("first line", "{state} {severity}").format(state=state, severity=severity)


def headline(
    group: GroupView, status: AlertStatus, alerts: Sequence[AlertView], where: str
) -> Headline:
    """The first line about these alerts of one state, worst first; `where` is the label to show."""
    severity = alerts[0].severity if alerts else None
    lead = _lead(status, severity, is_flapping=flapping_of(group, alerts) is not None)
    if not alerts:
        name = one_line(group.title) or gettext(NO_NAME)
        return _fitted(lead, name, "", ("", "", ""))
    if len(alerts) == 1:
        place = one_line(alerts[0].labels.get(where, ""))
        return _fitted(lead, name_of(alerts[0]), place, ("", "", ""))
    places = list(dict.fromkeys([value for a in alerts if (value := a.labels.get(where, ""))]))
    place = one_line(places[0]) if places else ""
    told = len(places) == len(alerts)
    return _fitted(
        lead,
        name_of(alerts[0]),
        place,
        (
            _more_names(alerts),
            f" +{len(places) - 1}" if len(places) > 1 else "",
            "" if told else f" ({len(alerts)})",
        ),
    )


def _lead(status: AlertStatus, severity: Severity | None, *, is_flapping: bool) -> str:
    """What stands before the name. A line below tells how often it flaps, so that is left out
    where a language needs the room."""
    state = severity_word(severity)
    if status != "event":
        state = _with_severity(state_in_capitals(status), state)
    state = shorten_end(state, _STATE_MAX)
    lead = f"{colour(status, severity)} {state}{SEPARATOR if state else ''}"
    if not is_flapping:
        return lead
    flapping = gettext("flapping")
    longer = f"{lead}{flapping}{SEPARATOR}"
    return longer if len(longer) <= _LEAD_MAX else lead


def _fitted(lead: str, name: str, place: str, suffixes: tuple[str, str, str]) -> Headline:
    """The parts in 60 characters; of name and place the name keeps the larger part, unless the
    place is short."""
    more_names, more_places, count = suffixes
    separator = SEPARATOR if place else ""
    shown_name, shown_place = isolate(name), place
    before_place, after_place = isolate_marks(place)
    room = FIRST_LINE_MAX - len(lead) - len(separator) - sum(map(len, suffixes))
    room -= len(shown_name) - len(name) + len(before_place) + len(after_place)
    if len(name) + len(place) > room:
        place_room = max(room * 2 // 5, room - len(name))
        if len(place) <= _SHORT_PLACE:
            place_room = max(place_room, room - _RECOGNISABLE)
        kept_name = shorten_name(name, room - min(len(place), place_room))
        shown_name = isolate(kept_name)
        # A cut behind a word leaves the place more.
        shown_place = shorten_name(place, room - len(kept_name))
    return Headline(
        f"{lead}{shown_name}{more_names}{separator}{before_place}",
        shown_place,
        f"{after_place}{more_places}{count}",
        name in shown_name,
        place == shown_place,
    )
