"""What a fallback says: by mail, to a program, in another chat. Pure; `at` is when it is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from alerts.rendering.details import since_words
from alerts.rendering.digest import digest
from alerts.rendering.headline import headline
from alerts.rendering.message import render_group
from alerts.rendering.times import duration, full
from alerts.rendering.view_model import AlertView, ChannelView, GroupView
from alerts.rendering.words import one_line, shorten_end
from botapi.limits import MESSAGE_TEXT_MAX
from botapi.markup import ParseMode, render
from botapi.markup import text as text_node
from languages.speaking import gettext, gettext_noop, ngettext, pgettext, speaking

VERSION = 1
ALERTS_MAX = 50
"""Of one group in a POST; `alert_count` tells how many there are."""
ALERTS_IN_LIST = 5
LINES_MAX = 100
HEAD_MAX = 700
SUBJECT_MAX = 150
TEST = gettext_noop("This is a test of the fallback of the channel {channel}. Nothing is wrong.")


@dataclass(frozen=True, slots=True)
class Told:
    """A group of which a fallback tells. `end`: "" while the chat lacks it, else "delivered" or
    "resolved", at `ended_at`."""

    group_id: str
    group: GroupView
    severity: str
    since: datetime
    reason: str
    end: str = ""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """Whose fallback it is. `channel`: the one that failed; `url`: the console's list of groups."""

    organization_id: str
    organization: str
    channel_id: str
    channel: str
    url: str
    zone: tzinfo
    at: datetime


def first_line(told: Told) -> str:
    """The group's first line, as in a chat."""
    found = digest(told.group)
    return headline(told.group, found.status, found.leading, found.where).text


def sentence(told: Told, scene: Scene) -> str:
    """What happened to it, in one sentence."""
    if told.end == "delivered" and told.ended_at is not None:
        said = gettext("Delivered in {channel} at last, at {time}.")
        return said.format(channel=scene.channel, time=full(told.ended_at, scene.zone))
    since = full(told.since, scene.zone)
    if told.end:
        said = gettext("Resolved. {channel} had not got it since {time}.")
        return said.format(channel=scene.channel, time=since)
    if told.reason:
        said = gettext("Undelivered in {channel} since {time} ({length}): {reason}.")
    else:
        said = gettext("Undelivered in {channel} since {time} ({length}).")
    return said.format(
        channel=scene.channel,
        time=since,
        length=duration(scene.at - told.since),
        reason=told.reason.rstrip(". "),
    )


# --- mail ----------------------------------------------------------------------------------------


def mail(told: Sequence[Told], scene: Scene) -> tuple[str, str]:
    """Subject and text."""
    if len(told) == 1:
        (one,) = told
        news = "resolved" if one.end == "resolved" else "delivered at last"
        news = news if one.end else f"undelivered in {scene.channel}"
        subject = f"{first_line(one)} · {news}"
        text = f"{sentence(one, scene)}\n\n{_plain(one, scene)}\n\n{one.group.console_url}\n"
    else:
        subject = f"{_counted(told)} in {scene.channel}"
        text = "\n".join([*_listed(told, scene, links=True), "", scene.url, ""])
    line = one_line(f"[{scene.organization}] {subject}")
    return shorten_end(line, SUBJECT_MAX), text


def _plain(one: Told, scene: Scene) -> str:
    return render_group(one.group, ChannelView("", scene.zone)).plain_text


def _counted(told: Sequence[Told]) -> str:
    missing = sum(not one.end for one in told)
    delivered = sum(one.end == "delivered" for one in told)
    resolved = sum(one.end == "resolved" for one in told)
    parts = []
    if missing:
        said = ngettext(
            "{count} alert group undelivered", "{count} alert groups undelivered", missing
        )
        parts.append(said.format(count=missing))
    if delivered:
        said = ngettext("{count} delivered at last", "{count} delivered at last", delivered)
        parts.append(said.format(count=delivered))
    if resolved:
        said = ngettext("{count} resolved", "{count} resolved", resolved)
        parts.append(said.format(count=resolved))
    return ", ".join(parts)


def _listed(told: Sequence[Told], scene: Scene, *, links: bool) -> list[str]:
    """Why, once for each reason, then a line for each group."""
    counted = gettext("{counted} in {channel}.")
    lines = [counted.format(counted=_counted(told), channel=scene.channel)]
    reasons = dict.fromkeys(one.reason for one in told if not one.end and one.reason)
    lines += [gettext("Reason: {reason}").format(reason=one) for one in list(reasons)[:3]]
    lines.append("")
    for one in told[:LINES_MAX]:
        what = _end(one.end) or since_words(full(one.since, scene.zone))
        link = f"\n  {one.group.console_url}" if links else ""
        lines.append(f"{first_line(one)} ({what}){link}")
    if len(told) > LINES_MAX:
        more = len(told) - LINES_MAX
        lines.append(ngettext("and {count} more", "and {count} more", more).format(count=more))
    return lines


def _end(end: str) -> str:
    ends = {"delivered": gettext("delivered"), "resolved": pgettext("state", "resolved")}
    return ends.get(end, end)


# --- a program -----------------------------------------------------------------------------------


def body(told: Sequence[Told], scene: Scene) -> dict[str, Any]:
    """The JSON of a POST; of several groups a list of what each alone would be."""
    if len(told) == 1:
        return _item(told[0], scene, ALERTS_MAX)
    items = [_item(one, scene, ALERTS_IN_LIST) for one in told]
    return {"version": VERSION, "event": "list", "items": items}


def test_body(scene: Scene) -> dict[str, Any]:
    """The JSON of a test."""
    return {
        "version": VERSION,
        "event": "test",
        "organization": {"id": scene.organization_id, "name": scene.organization},
        "channel": {"id": scene.channel_id, "name": scene.channel},
        "url": scene.url,
    }


def _item(one: Told, scene: Scene, alerts: int) -> dict[str, Any]:
    shown = digest(one.group).alerts[:alerts]
    item = {
        **test_body(scene),
        "event": "over" if one.end else "undelivered",
        "group": {
            "id": one.group_id,
            "title": one.group.title,
            "severity": one.severity,
            "status": one.group.status,
            "labels": dict(one.group.group_labels),
            "alerts": [_alert(alert) for alert in shown],
            "alert_count": len(one.group.alerts),
        },
        "undelivered_since": one.since.isoformat(),
        "reason": one.reason,
        "url": one.group.console_url,
    }
    if one.end:
        item["end"] = one.end
        item["ended_at"] = one.ended_at.isoformat() if one.ended_at else None
    return item


def _alert(alert: AlertView) -> dict[str, Any]:
    return {
        "id": alert.alert_id,
        "name": alert.name,
        "status": alert.status,
        "severity": alert.severity.value if alert.severity else "",
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "summary": alert.summary,
        "starts_at": alert.starts_at.isoformat() if alert.starts_at else None,
        "ends_at": alert.ends_at.isoformat() if alert.ends_at else None,
    }


# --- another chat --------------------------------------------------------------------------------


def chat_message(told: Sequence[Told], scene: Scene, view: ChannelView) -> tuple[str, str]:
    """Text in the format and language of the other channel, and the same in plain words."""
    with speaking(view.language):
        return _chat_message(told, scene, view)


def _chat_message(told: Sequence[Told], scene: Scene, view: ChannelView) -> tuple[str, str]:
    if len(told) > 1 or told[0].end:
        return _written(_short_list(told, scene), view.parse_mode)
    (one,) = told
    head = shorten_end(one_line(f"⚠️ {sentence(one, scene)}"), HEAD_MAX)
    marked, plain = _written(head, view.parse_mode)
    # Escaping may double what it takes of the raw text, never of what is seen.
    group = render_group(one.group, view, MESSAGE_TEXT_MAX - len(head) - 2)
    return f"{marked}\n\n{group.text}", f"{plain}\n\n{group.plain_text}"


def _short_list(told: Sequence[Told], scene: Scene) -> str:
    if len(told) == 1:
        return f"{sentence(told[0], scene)}\n{first_line(told[0])}"
    lines = _listed(told, scene, links=False)
    text, left_out = lines[0][:HEAD_MAX], 0
    for line in lines[1:]:
        if len(text) + len(line) > MESSAGE_TEXT_MAX - 40:
            left_out += 1
        else:
            text += f"\n{line[:HEAD_MAX]}"
    if not left_out:
        return text
    more = ngettext("(and {count} more)", "(and {count} more)", left_out)
    return f"{text}\n{more.format(count=left_out)}"


def _written(text: str, parse_mode: ParseMode) -> tuple[str, str]:
    return render([text_node(text)], parse_mode), render([text_node(text)], "")
