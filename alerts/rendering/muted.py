"""What of a group is told while some of it is muted, and the line that says so. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from alerts.muting.decisions import Muting, SilenceRule
from alerts.rendering.times import Times
from alerts.rendering.view_model import AlertView, GroupView
from alerts.rendering.words import isolate, one_line, shorten_end

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
        said.append("quiet hours of its route")
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
        silences = muting.silences
        until = f"silenced until {times.show(silences[0].ends_at)}{_by(silences)}"
        comment = one_line(silences[0].comment) if len(silences) == 1 else ""
        comment = f": {isolate(comment)}" if 0 < len(comment) <= _COMMENT_MAX else ""
        said.append(f"{until}{comment}" if alone else f"{silenced} {until}")
    if inhibited:
        names = list(dict.fromkeys(one.rule.name for one in muted if one.rule is not None))
        by = f" by {isolate(shorten_end(one_line(names[0]), _NAME_MAX))}" if len(names) == 1 else ""
        said.append(f"inhibited{by}" if alone else f"{inhibited} inhibited{by}")
    return said


def _by(silences: Sequence[SilenceRule]) -> str:
    authors = list(dict.fromkeys(name for one in silences if (name := one_line(one.author))))
    shown = [isolate(shorten_end(name, _NAME_MAX)) for name in authors[:_AUTHORS_MAX]]
    more = f" +{len(authors) - len(shown)}" if len(authors) > len(shown) else ""
    return f" by {' and '.join(shown)}{more}" if shown else ""
