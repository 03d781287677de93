"""The lines between the first line and the list: what alerts share, or all of a single one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from alerts.flapping import Flapping
from alerts.rendering.digest import Digest, label_order, says, says_more, shared_text
from alerts.rendering.headline import SEPARATOR, Headline, flapping_of, name_of
from alerts.rendering.keyboard import kind_label, unlinkable
from alerts.rendering.lines import Line, Piece, Scissors, joined
from alerts.rendering.times import Times, duration
from alerts.rendering.view_model import AlertView, GroupView
from alerts.rendering.words import isolate, lines_of, one_line, shorten_end
from botapi.markup import Code, quote
from languages.numbers import grouped
from languages.speaking import gettext, ngettext, pgettext

_PAIR_MAX = 60
_EXPANDABLE_FROM = 240  # characters: about four lines on a phone
_ANNOTATIONS_MAX = 3
_LINKS_MAX = 3
_TEXT_ANNOTATIONS = frozenset(
    ("summary", "description", "message", "title", "runbook", "runbook_url")
)


class Texts(NamedTuple):
    """What the listed alerts say alike, cleaned; "" where they differ or say nothing new.

    `summary_differs`, `description_differs`: each alert has its own, to be told in its row.
    `summary_repeated`: the description has the summary's words too.
    """

    summary: str
    description: str
    summary_differs: bool
    description_differs: bool
    summary_repeated: bool


def texts_of(listed: Sequence[AlertView], varying: Sequence[str]) -> Texts:
    """Summary and description of these alerts, each unless it repeats what is said elsewhere."""
    if not listed:
        return Texts("", "", False, False, False)
    summaries = [one_line(alert.summary) for alert in listed]
    descriptions = [alert.description for alert in listed]
    is_over = listed[0].status == "resolved"  # then what to do about it is of no use
    summary = shared_text(summaries, listed, varying)
    description = shared_text(descriptions, listed, varying)
    summary_differs = not summary and any(summaries)
    description_differs = not description and any(descriptions)
    if description and not says_more(description, listed[0]):
        description = ""
    if summary and not says_more(summary, listed[0]):
        summary = ""
    described = one_line(description)
    if description and (described in summary or (summary and is_over)):
        description = ""
    if not description and len(summary) > _EXPANDABLE_FROM:
        summary, description, described = "", summary, summary
    repeated = bool(description) and summary in described
    return Texts(summary, description, summary_differs, description_differs, repeated)


def details(
    group: GroupView,
    found: Digest,
    first: Headline,
    texts: Texts,
    times: Times,
    scissors: Scissors,
    room: int,
) -> list[Line]:
    """At most `room` (1 or more) lines about the whole group."""
    is_over = found.status == "resolved"
    above = [*_whole(group, found, first, scissors), *_state(group, found, times, scissors)]
    facts = _facts(group, found, texts, times, scissors)
    above += facts if is_over else []
    below = [] if is_over else facts
    below += [
        *_labels(found.common, scissors),
        *_annotations(found.alerts, texts, scissors),
        *_links(group, scissors),
    ]
    says_summary = bool(texts.summary) and not texts.summary_repeated
    left = room - len(above) - len(below) - says_summary
    body = _body(texts.description, found, scissors, left)
    if says_summary or (texts.summary and not body):
        said = isolate(scissors.text(texts.summary, scissors.budget.text))
        above.append([gettext("Was: {summary}").format(summary=said) if is_over else said])
    lines = [*above, *body, *below]
    return lines if body else joined(lines, room, SEPARATOR)


def _whole(group: GroupView, found: Digest, first: Headline, scissors: Scissors) -> list[Line]:
    """Name and place in full, where the first line shortened them and no row says them."""
    line: Line = []
    if not first.name_whole and not found.names_differ:
        name = name_of(found.leading[0]) if found.leading else one_line(group.title)
        line.append(isolate(scissors.name(name, scissors.budget.text)))
    if not first.place_whole and found.where not in found.varying:
        place = one_line(found.leading[0].labels.get(found.where, ""))
        line += [*([SEPARATOR] if line else []), Code(scissors.name(place, scissors.budget.text))]
    return [line] if line else []


def _state(group: GroupView, found: Digest, times: Times, scissors: Scissors) -> list[Line]:
    """What changes how urgent the first line is."""
    lines: list[Line] = []
    if found.status == "firing" and found.alerts and found.alerts[-1].status == "resolved":
        resolved = sum(alert.status == "resolved" for alert in found.alerts)
        told = ngettext("{count} of {all} resolved", "{count} of {all} resolved", resolved)
        lines.append([told.format(count=resolved, all=len(found.alerts))])
    if flaps := flapping_of(group, found.leading):
        lines.append([gettext("Flapping: {often}").format(often=often(flaps))])
    if group.acknowledged_at is not None:
        by = isolate(scissors.text(one_line(group.acknowledged_by), scissors.budget.text))
        told = (
            gettext("👀 Acknowledged by {name} {time}") if by else gettext("👀 Acknowledged {time}")
        )
        lines.append([told.format(name=by, time=times.show(group.acknowledged_at))])
    elif group.escalated_after and found.status == "firing":
        lines.append([f"⏫ {escalated_note(group.escalated_after)}"])
    if whose := one_line(group.assigned_to):
        whose = isolate(scissors.text(whose, scissors.budget.text))
        lines.append([gettext("👤 Assigned to {name}").format(name=whose)])
    if note := one_line(group.silenced_note):
        lines.append([f"🔇 {isolate(scissors.text(note, scissors.budget.text))}"])
    return lines


def escalated_note(minutes: int) -> str:
    """Why whoever had nothing to do with it is told."""
    told = gettext("Escalated after {length}: nobody acknowledged")
    return told.format(length=duration(timedelta(minutes=minutes)))


def often(flaps: Flapping) -> str:
    """ "6 times in 12 min"."""
    told = ngettext("{count} time in {length}", "{count} times in {length}", flaps.times)
    return told.format(count=flaps.times, length=duration(flaps.last - flaps.since))


def length_of_episode(alert: AlertView) -> timedelta | None:
    """How long a resolved alert lasted, where both ends are known."""
    return alert.ends_at - alert.starts_at if alert.ends_at and alert.starts_at else None


def ended_alike(alerts: Sequence[AlertView]) -> str:
    """How all of them ended, where their sender said of none that it is over; else ""."""
    found = {alert.ended for alert in alerts}
    return found.pop() if len(found) == 1 else ""


def _facts(
    group: GroupView, found: Digest, texts: Texts, times: Times, scissors: Scissors
) -> list[Line]:
    """Value, times and where from, as far as they hold for all: one line or none."""
    leading = found.leading
    facts: list[str] = []
    value = one_line(found.alerts[0].value_text) if len(found.alerts) == 1 else ""
    if value and found.status != "resolved" and not says(texts.summary, value):
        facts.append(value_words(isolate(scissors.text(value, _PAIR_MAX * 2))))
    if found.status == "resolved":
        facts += _lasted(group, leading, times)
        facts += [how] if (how := ended_alike(leading)) else []
    elif leading and leading[0].starts_at and found.same_start:
        start = times.show(leading[0].starts_at)
        facts.append(since_words(start) if found.status == "firing" else start)
    if group.truncated:
        facts.append(left_out(group.truncated))
    if group.integration and not any(alert.labels for alert in found.alerts):
        sender = isolate(scissors.text(one_line(group.integration), _PAIR_MAX))
        facts.append(pgettext("integration", "from {name}").format(name=sender))
    told = SEPARATOR.join(facts)
    return [[told[0].upper() + told[1:]]] if told else []


def value_words(value: str) -> str:
    """ "value 0.97"."""
    return gettext("value {value}").format(value=value)


def since_words(start: str) -> str:
    """ "since 14:05"."""
    return gettext("since {time}").format(time=start)


def left_out(number: int) -> str:
    """ "3 more that the sender left out"."""
    told = ngettext(
        "{count} more that the sender left out", "{count} more that the sender left out", number
    )
    return told.format(count=grouped(number))


def _lasted(group: GroupView, alerts: Sequence[AlertView], times: Times) -> list[str]:
    starts = [alert.starts_at for alert in alerts if alert.starts_at]
    ends: list[datetime] = [alert.ends_at for alert in alerts if alert.ends_at]
    begun = min(starts, default=group.opened_at)
    ended = max(ends) if len(ends) == len(alerts) and ends else group.closed_at
    if ended is None:
        return [gettext("began {time}").format(time=times.show(begun))]
    start = times.show(begun)
    if begun.replace(second=0, microsecond=0) == ended.replace(second=0, microsecond=0):
        at = gettext("lasted {length}, at {time}")
        return [at.format(length=duration(ended - begun), time=start)]
    told = gettext("lasted {length}, from {start} to {end}")
    return [told.format(length=duration(ended - begun), start=start, end=times.show(ended))]


def pair(label: str, value: str, scissors: Scissors) -> str:
    """A label as Alertmanager's matchers write it, shortened: `job=node`, `path="C:\\\\a b"`."""
    value = scissors.name(one_line(value), _PAIR_MAX)
    if " " in value or '"' in value or not value:
        value = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{scissors.name(one_line(label), _PAIR_MAX)}={value}"


def _labels(labels: Mapping[str, str], scissors: Scissors) -> list[Line]:
    """The labels in one line, those that don't fit counted; none without labels."""
    room = scissors.budget.text
    line: list[Piece] = []
    for number, label in enumerate(names := label_order(labels)):
        written = pair(label, labels[label], scissors)
        room -= len(written) + 1
        if room < 0 and line:
            scissors.cut = True
            more = len(names) - number
            line.append(" ")
            line.append(ngettext("+{count} label", "+{count} labels", more).format(count=more))
            break
        if line:
            line.append(" ")
        line.append(Code(written))
    return [line] if line else []


def _annotations(alerts: Sequence[AlertView], texts: Texts, scissors: Scissors) -> list[Line]:
    """What else the alerts are annotated with alike, such as `impact: checkout is slow`."""
    if not alerts or not alerts[0].annotations:
        return []
    shared = set(alerts[0].annotations.items())
    for alert in alerts[1:]:
        shared &= alert.annotations.items()
        if not shared:
            return []
    said = {
        texts.summary,
        texts.description,
        alerts[0].name,
        alerts[0].summary,
        alerts[0].description,
    }
    lines: list[Line] = []
    for name, value in sorted(shared):
        if (
            name in _TEXT_ANNOTATIONS
            or name.startswith("__")
            or not (shown := one_line(value))
            or value in said
            or shown in said
            or shown.startswith(("http://", "https://"))
        ):
            continue
        if len(lines) == _ANNOTATIONS_MAX:
            scissors.cut = True
            break
        label = scissors.name(one_line(name), _PAIR_MAX)
        lines.append([f"{label}: {isolate(scissors.text(shown, scissors.budget.text))}"])
    return lines


def _links(group: GroupView, scissors: Scissors) -> list[Line]:
    """Links that Telegram refuses as buttons, as code; not those that are too long for that."""
    links = unlinkable(group)
    shown = [link for link in links if len(link.url) <= scissors.budget.url][:_LINKS_MAX]
    scissors.cut |= len(shown) < len(links)
    scissors.cut |= any(one_line(link.label) not in ("", kind_label(link)) for link in shown)
    return [[f"{kind_label(link)}: ", Code(one_line(link.url))] for link in shown]


def _body(text: str, found: Digest, scissors: Scissors, room: int) -> list[Line]:
    """The description in at most `room` lines, as a quote; an event's is its message itself."""
    limit = scissors.budget.description
    if not text:
        return []
    if not limit or room < 1:
        scissors.cut = True
        return []
    paragraphs = lines_of(text)
    if len(paragraphs) > room:
        paragraphs = [line for line in paragraphs if line]
    is_message = found.status == "event" and len(found.alerts) == 1
    is_long = is_message and len(paragraphs) > room
    kept = paragraphs[:room] if is_long else _folded(paragraphs, room)
    shown = "\n".join(isolate(line) for line in kept)
    if is_long or len(shown) > limit:
        scissors.cut = True
        shown = shorten_end(shown, limit)
        shown = shown if shown.endswith("…") else f"{shown} …"
    if not shown:
        return []
    long = len(shown) > _EXPANDABLE_FROM or len(kept) > 4
    if is_message and not long:
        return [[line] for line in shown.split("\n")]
    return [[quote(shown, expandable=long)]]


def _folded(lines: Sequence[str], room: int) -> list[str]:
    """The lines in at most `room`: what would stand below continues the last one."""
    if len(lines) <= room:
        return list(lines)
    return [*lines[: room - 1], " ".join(_unmarked(lines[room - 1 :]))]


def _unmarked(lines: Iterable[str]) -> Iterable[str]:
    return (line for line in lines if line)
