"""What a sounding reply says: one line for each kind of news. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from alerts.rendering.details import escalated_note, often
from alerts.rendering.headline import (
    RESOLVED_MARK,
    colour,
    name_of,
    severity_word,
    where_label,
)
from alerts.rendering.times import Times, duration
from alerts.rendering.view_model import AlertView, GroupView
from alerts.rendering.words import isolate, one_line, shorten_name
from languages.speaking import gettext, ngettext

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
        word = severity_word(news.risen[0].severity)
        rose = gettext("now {severity}") if word else gettext("now of unknown severity")
        said.append(f"🔺 {rose.format(severity=word)}: {_named(news.risen)}")
    if news.new:
        said.append(f"{_colour(news.new)} {_new(news.new)}: {_named(news.new)}")
    if news.again:
        is_event = news.again[0].status == "event"
        word = gettext("again") if is_event else gettext("fired again")
        said.append(f"{_colour(news.again)} {word}: {_named(news.again)}")
    for how, alerts in news.audible.items():
        said.append(f"{_colour(alerts)} {_no_longer(how, len(alerts))}: {_named(alerts)}")
    if news.flapping:
        each = (
            [group.flapping] if is_churning(group) else [alert.flapping for alert in news.flapping]
        )
        most = max((one for one in each if one), key=lambda one: one.times)
        flaps = gettext("flapping, {often}, quiet until calm").format(often=often(most))
        said.append(f"〰️ {flaps}: {_named(news.flapping)}")
    said += _calm_lines(group, news.calm, zone)
    if news.resolved:
        said.append(f"{RESOLVED_MARK} {_resolved(group, news.resolved)}: {_named(news.resolved)}")
    if news.still:
        since = min((a.starts_at for a in news.still if a.starts_at), default=group.opened_at)
        still = gettext("still firing since {time}")
        still = still.format(time=Times(zone, group.opened_at).show(since))
        said.append(f"🔁 {still}: {_named(news.still)}")
    return said


def _new(alerts: Sequence[AlertView]) -> str:
    """ "new", "new critical", "3 new", "3 new critical"."""
    severities = {alert.severity for alert in alerts}
    word = severity_word(alerts[0].severity) if len(severities) == 1 else ""
    count = len(alerts)
    if count == 1:
        return gettext("new {severity}").format(severity=word) if word else gettext("new")
    if word:
        said = ngettext("{count} new {severity}", "{count} new {severity}", count)
        return said.format(count=count, severity=word)
    return ngettext("{count} new", "{count} new", count).format(count=count)


def _no_longer(how: str, count: int) -> str:
    """Of what was muted like this."""
    if count == 1:
        return {
            "silenced": gettext("no longer silenced"),
            "inhibited": gettext("no longer inhibited"),
        }.get(how, gettext("no longer muted"))
    told = {
        "silenced": ngettext("{count} no longer silenced", "{count} no longer silenced", count),
        "inhibited": ngettext("{count} no longer inhibited", "{count} no longer inhibited", count),
    }.get(how) or ngettext("{count} no longer muted", "{count} no longer muted", count)
    return told.format(count=count)


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
        calm_words = _calm(status, times.show(moment) if moment else "")
        said.append(f"{_colour(alike)} {calm_words}: {_named(alike)}")
    return said


def _calm(status: str, since: str) -> str:
    if status == "firing":
        told = (
            gettext("calm again, firing since {time}") if since else gettext("calm again, firing")
        )
    elif status == "resolved":
        told = (
            gettext("calm again, resolved since {time}")
            if since
            else gettext("calm again, resolved")
        )
    else:
        told = gettext("calm again, event since {time}") if since else gettext("calm again, event")
    return told.format(time=since)


def _colour(alerts: Sequence[AlertView]) -> str:
    return colour(alerts[0].status, alerts[0].severity)


def _resolved(group: GroupView, alerts: Sequence[AlertView]) -> str:
    begun = min((alert.starts_at for alert in alerts if alert.starts_at), default=group.opened_at)
    ends = [alert.ends_at for alert in alerts if alert.ends_at]
    ended = max(ends) if len(ends) == len(alerts) else group.closed_at
    if ended is None:
        return gettext("resolved")
    return gettext("resolved after {length}").format(length=duration(ended - begun))


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
