"""What of a group is told while some of it is muted, and the line that says so. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from alerts.muting.decisions import Muting, SilenceRule
from alerts.rendering.times import Times
from alerts.rendering.view_model import AlertView, GroupView
from alerts.rendering.words import isolate, one_line, shorten_end
from languages.speaking import gettext, ngettext

_COMMENT_MAX = 120
_NAME_MAX = 64
_AUTHORS_MAX = 2


def audible(group: GroupView) -> GroupView:
    """The group as if there were only those of its alerts that may be heard of."""
    return _only(group, [alert for alert in group.alerts if not alert.muted])


def listed(group: GroupView) -> GroupView:
    """The group as its message lists it: while others burn, without those that burn muted."""
    rest = [alert for alert in group.alerts if not alert.muted or alert.status == "resolved"]
    return group if all(alert.status == "resolved" for alert in rest) else _only(group, rest)


def _only(group: GroupView, alerts: Sequence[AlertView]) -> GroupView:
    return group if len(alerts) == len(group.alerts) else replace(group, alerts=tuple(alerts))


def mute_note(muting: Muting, zone: tzinfo, reference: datetime) -> str:
    """ "Silenced until 23 Nov 14:00 UTC by anna: new disks", "3 silenced until …, 5 inhibited"; ""
    when nothing that burns is muted. `reference`: as in Times."""
    if not muting.burning:
        return ""
    said = _alerts(muting, Times(zone, reference))
    if muting.is_timed:
        said.append(gettext("quiet hours of its route"))
    note = ", ".join(said)
    return note[:1].upper() + note[1:]


def _alerts(muting: Muting, times: Times) -> list[str]:
    muted = muting.muted
    all_of_it = len(muted) == len(muting.burning)
    silenced = sum(one.how == "silenced" for one in muted)
    inhibited = len(muted) - silenced
    alone = all_of_it and not (silenced and inhibited)
    said = []
    if silenced:
        said.append(_silenced(muting.silences, times, 0 if alone else silenced))
    if inhibited:
        names = list(dict.fromkeys(one.rule.name for one in muted if one.rule is not None))
        name = isolate(shorten_end(one_line(names[0]), _NAME_MAX)) if len(names) == 1 else ""
        said.append(_inhibited(name, 0 if alone else inhibited))
    return said


def _silenced(silences: Sequence[SilenceRule], times: Times, count: int) -> str:
    """`count`: 0 when that is all there is."""
    until, authors = times.show(silences[0].ends_at), _authors(silences)
    if count:
        if authors:
            said = ngettext(
                "{count} silenced until {time} by {names}",
                "{count} silenced until {time} by {names}",
                count,
            )
        else:
            said = ngettext("{count} silenced until {time}", "{count} silenced until {time}", count)
        return said.format(count=count, time=until, names=authors)
    if authors:
        said = gettext("silenced until {time} by {names}").format(time=until, names=authors)
    else:
        said = gettext("silenced until {time}").format(time=until)
    comment = one_line(silences[0].comment) if len(silences) == 1 else ""
    return f"{said}: {isolate(comment)}" if 0 < len(comment) <= _COMMENT_MAX else said


def _inhibited(name: str, count: int) -> str:
    """`count`: 0 when that is all there is."""
    if count:
        if name:
            said = ngettext("{count} inhibited by {name}", "{count} inhibited by {name}", count)
        else:
            said = ngettext("{count} inhibited", "{count} inhibited", count)
        return said.format(count=count, name=name)
    return gettext("inhibited by {name}").format(name=name) if name else gettext("inhibited")


def _authors(silences: Sequence[SilenceRule]) -> str:
    authors = list(dict.fromkeys(name for one in silences if (name := one_line(one.author))))
    shown = [isolate(shorten_end(name, _NAME_MAX)) for name in authors[:_AUTHORS_MAX]]
    if len(shown) < _AUTHORS_MAX:
        return "".join(shown)
    said = gettext("{name} and {other}").format(name=shown[0], other=shown[1])
    more = len(authors) - len(shown)
    return f"{said} +{more}" if more else said
