"""What a sounding reply says: one line for each kind of news. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from alerts.rendering.details import escalated_note, often
from alerts.rendering.headline import RESOLVED_MARK, colour, name_of, where_label
from alerts.rendering.times import Times, duration
from alerts.rendering.view_model import AlertView, GroupView
from alerts.rendering.words import isolate, one_line, shorten_name

_NAMED = 3
_NAME_MAX, _PLACE_MAX = 40, 32


@dataclass(slots=True)
class News:
    """Alerts by what is new about them, each worst first. `audible`: what the chat knew before it
    was muted, by how."""

    risen: list[AlertView] = field(default_factory=list)
    new: list[AlertView] = field(default_factory=list)
    again: list[AlertView] = field(default_factory=list)
    audible: dict[str, list[AlertView]] = field(default_factory=dict)
    resolved: Sequence[AlertView] = ()
    still: Sequence[AlertView] = ()
    flapping: Sequence[AlertView] = ()
    calm: Sequence[AlertView] = ()
    unheard: Sequence[AlertView] = ()
    urgent: bool = False

    def alerts(self) -> list[AlertView]:
        """All of them, the gravest kinds first."""
        return [
            *self.risen,
            *self.new,
            *self.again,
            *(alert for alerts in self.audible.values() for alert in alerts),
            *self.flapping,
            *self.calm,
            *self.resolved,
            *self.still,
            *self.unheard,
        ]


def is_churning(group: GroupView) -> bool:
    """Whether it flaps though none of its alerts does: by ever other ones."""
    return group.flapping is not None and not any(alert.flapping for alert in group.alerts)


def lines(group: GroupView, news: News, zone: tzinfo) -> list[str]:
    """One line for each kind of news."""
    said = []
    if news.unheard:
        said.append(f"⏫ {escalated_note(group.escalated_after)}: {_named(news.unheard)}")
    if news.risen:
        said.append(
            f"🔺 now {news.risen[0].severity or 'of unknown severity'}: {_named(news.risen)}"
        )
    if news.new:
        count = f"{len(news.new)} new" if len(news.new) > 1 else "new"
        severity = {alert.severity for alert in news.new}
        word = f" {news.new[0].severity}" if len(severity) == 1 and news.new[0].severity else ""
        said.append(f"{_colour(news.new)} {count}{word}: {_named(news.new)}")
    if news.again:
        word = "again" if news.again[0].status == "event" else "fired again"
        said.append(f"{_colour(news.again)} {word}: {_named(news.again)}")
    for how, alerts in news.audible.items():
        count = f"{len(alerts)} " if len(alerts) > 1 else ""
        said.append(f"{_colour(alerts)} {count}no longer {how}: {_named(alerts)}")
    if news.flapping:
        each = (
            [group.flapping] if is_churning(group) else [alert.flapping for alert in news.flapping]
        )
        most = max((one for one in each if one), key=lambda one: one.times)
        said.append(f"〰️ flapping, {often(most)}, quiet until calm: {_named(news.flapping)}")
    said += _calm_lines(group, news.calm, zone)
    if news.resolved:
        said.append(
            f"{RESOLVED_MARK} resolved{_after(group, news.resolved)}: {_named(news.resolved)}"
        )
    if news.still:
        since = min((a.starts_at for a in news.still if a.starts_at), default=group.opened_at)
        times = Times(zone, group.opened_at)
        said.append(f"🔁 still firing since {times.show(since)}: {_named(news.still)}")
    return said


def _calm_lines(group: GroupView, calm: Sequence[AlertView], zone: tzinfo) -> list[str]:
    """How it stands, once for what fires and once for what resolved."""
    said = []
    times = Times(zone, group.opened_at)
    for status in ("firing", "event", "resolved"):
        alike = [alert for alert in calm if alert.status == status]
        if not alike:
            continue
        ended = status == "resolved"
        moments = [m for a in alike if (m := a.ends_at if ended else a.starts_at)]
        moment = max(moments, default=None)
        since = f" since {times.show(moment)}" if moment else ""
        said.append(f"{_colour(alike)} calm again, {status}{since}: {_named(alike)}")
    return said


def _colour(alerts: Sequence[AlertView]) -> str:
    return colour(alerts[0].status, alerts[0].severity)


def _after(group: GroupView, alerts: Sequence[AlertView]) -> str:
    begun = min((alert.starts_at for alert in alerts if alert.starts_at), default=group.opened_at)
    ends = [alert.ends_at for alert in alerts if alert.ends_at]
    ended = max(ends) if len(ends) == len(alerts) else group.closed_at
    return f" after {duration(ended - begun)}" if ended else ""


def _named(alerts: Sequence[AlertView]) -> str:
    """ "HighCPU · web-1, web-2", or "HighCPU web-1, DiskFull db-1 +4"."""
    where = where_label(alerts)
    shown = alerts[:_NAMED]
    places = [shorten_name(one_line(a.labels.get(where, "")), _PLACE_MAX) for a in shown]
    names = [isolate(shorten_name(name_of(alert), _NAME_MAX)) for alert in shown]
    if len({alert.name for alert in alerts}) == 1:
        distinct = ", ".join(isolate(place) for place in dict.fromkeys(places) if place)
        listed = f"{names[0]} · {distinct}" if distinct else names[0]
    else:
        listed = ", ".join(f"{n} {isolate(p)}".rstrip() for n, p in zip(names, places, strict=True))
    more = len(alerts) - len(shown)
    return f"{listed} +{more}" if more else listed
