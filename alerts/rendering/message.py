"""A group as one Telegram message: what people read at three in the morning.

    🔴 FIRING critical · InstanceDown · web-1 +1      the first line (`headline`)
    Instance ‹instance› has been down for 5 minutes   what all alerts share, each thing once
    Since 23 Nov 14:02 UTC · job=node team=core
    • 🆕 web-2:9100 · since 14:05                     what is new since the chat was last told
    • web-1:9100                                      one line per alert: only what differs

At most 12 lines for at most 10 alerts: details are joined into fewer lines where the list needs the
room. What does not fit the limit is left out step by step (`_BUDGETS`), never cut in the middle of
markup, and the message then refers to a document. Pure: the same group gives the same message.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from alerts.rendering.commands import without_commands
from alerts.rendering.details import details, texts_of
from alerts.rendering.digest import Digest, digest
from alerts.rendering.headline import Headline, headline, name_of
from alerts.rendering.lines import Budget, Line, Scissors, nodes_of, words_of
from alerts.rendering.rows import NAME_MAX, Rows
from alerts.rendering.times import Times
from alerts.rendering.view_model import AlertView, ChannelView, GroupView, RenderedMessage
from alerts.rendering.words import isolate, shorten_name
from botapi.limits import CAPTION_MAX, MESSAGE_TEXT_MAX
from botapi.markup import Code, Node, Text, bold, fitted, render
from languages.speaking import ngettext

LINES_MAX = 12
"""Lines of a message about at most `ORDINARY` alerts."""
ORDINARY = 10
LISTED_MAX = 20
"""Alerts are listed up to this many; of more the `ORDINARY` worst are, and a document tells all."""

# From everything to the least; the first that fits is shown.
_BUDGETS = (
    Budget(rows=LISTED_MAX, row=160, text=240, description=2800, url=300),
    Budget(rows=LISTED_MAX, row=100, text=160, description=800, url=200),
    Budget(rows=ORDINARY, row=100, text=120, description=240, url=120),
    Budget(rows=5, row=80, text=80, description=0, url=0),
    Budget(rows=1, row=60, text=40, description=0, url=0),
)
_TOLD_NAMES = 3


def render_group(
    group: GroupView, channel: ChannelView, limit: int = MESSAGE_TEXT_MAX
) -> RenderedMessage:
    """The group as a message of at most `limit` code points, in the channel's format and zone."""
    found = digest(group)
    for budget in _BUDGETS:
        composed = _compose(group, found, channel, budget)
        text = fitted(composed.nodes, channel.parse_mode, limit)
        if text is not None:
            break
    else:  # the least there is
        text = render(composed.nodes, channel.parse_mode)
    plain_text = render([Text(words_of(composed.nodes))], "") if channel.parse_mode else text
    return RenderedMessage(
        text=text,
        parse_mode=channel.parse_mode,
        plain_text=plain_text,
        overflow=composed.overflow,
        alert_ids=tuple([alert.alert_id for alert in composed.listed]),
    )


def render_caption(group: GroupView, channel: ChannelView) -> RenderedMessage:
    """The group as a photo's caption: at most 1,024 code points."""
    return render_group(group, channel, CAPTION_MAX)


class _Composed(NamedTuple):
    nodes: tuple[Node, ...]
    overflow: bool
    listed: Sequence[AlertView]


def _compose(group: GroupView, found: Digest, channel: ChannelView, budget: Budget) -> _Composed:
    count = len(found.alerts)
    ordered = _news_first(found.alerts)
    listed = ordered[: budget.rows if count <= budget.rows else min(budget.rows, ORDINARY)]
    hidden = ordered[len(listed) :]
    row_count = 0 if count == 1 else len(listed)
    room = LINES_MAX - 1 - row_count - bool(hidden)
    if count > ORDINARY:
        room = max(room, 3)
    times = Times(channel.zone, group.opened_at)
    texts = texts_of(_worst_first(listed, found), found.varying)
    first = headline(group, found.status, found.leading, found.where)
    scissors = Scissors(budget)
    about = details(group, found, first, texts, times, scissors, room)
    lines: list[Line] = [_first_line(first), *about]
    if row_count:
        rows = Rows(found, listed, texts, times, scissors)
        lines += [rows.row(alert) for alert in listed]
    if hidden:
        lines.append([_more(hidden)])
    nodes = without_commands(nodes_of(lines))
    return _Composed(nodes, bool(hidden) or scissors.cut, listed)


def _worst_first(listed: Sequence[AlertView], found: Digest) -> Sequence[AlertView]:
    """What is listed in the order of the group, whose first alert speaks for it."""
    if not any(alert.is_new for alert in listed):
        return listed
    kept = {alert.alert_id for alert in listed}
    return [alert for alert in found.alerts if alert.alert_id in kept]


def _news_first(alerts: Sequence[AlertView]) -> Sequence[AlertView]:
    """What is new, then what has just resolved, then the others; each in the order given."""
    if not any(alert.is_new for alert in alerts):
        return alerts
    return sorted(alerts, key=lambda alert: (not alert.is_new, alert.status == "resolved"))


def _first_line(first: Headline) -> Line:
    """Bold, the place as code: no host name becomes a link then, and a tap copies it."""
    if not first.place:
        return [bold(first.text)]
    return [bold(first.before), Code(first.place), *([bold(first.after)] if first.after else [])]


def _more(hidden: Sequence[AlertView]) -> str:
    """ "and 190 more: HighCPU ×120, DiskFull ×70, see the document"."""
    names = Counter([name_of(alert) for alert in hidden])
    told = [
        f"{isolate(shorten_name(name, NAME_MAX))} ×{n}"
        for name, n in names.most_common(_TOLD_NAMES)
    ]
    if len(names) > _TOLD_NAMES:
        told.append("…")
    if len(names) == 1:
        said = ngettext(
            "and {count} more, see the document", "and {count} more, see the document", len(hidden)
        )
        return said.format(count=len(hidden))
    said = ngettext(
        "and {count} more: {names}, see the document",
        "and {count} more: {names}, see the document",
        len(hidden),
    )
    return said.format(count=len(hidden), names=", ".join(told))
