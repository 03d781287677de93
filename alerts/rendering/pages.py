"""What a person asks for in a chat about one group: all labels, and its history, a page at a time.

A page is short enough to be read on a phone without losing the buttons under it. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from alerts.rendering.commands import without_commands
from alerts.rendering.details import pair, value_words
from alerts.rendering.digest import digest, label_order
from alerts.rendering.headline import colour, headline, name_of, state_words
from alerts.rendering.keyboard import kind_word
from alerts.rendering.lines import Budget, Line, Scissors, nodes_of
from alerts.rendering.times import Times, full
from alerts.rendering.view_model import AlertView, GroupView
from alerts.rendering.words import isolate, one_line, shorten_end
from botapi.markup import Bold, Code, bold, quote, render, shorten, visible
from languages.speaking import gettext, ngettext

PAGE_MAX: Final = 1_500
"""Characters: three screens of a phone."""
LINES_PER_PAGE: Final = 12
PAGES_MAX: Final = 99
_TEXT_MAX: Final = 600
_SHORT_MAX: Final = 200
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a group's timeline. `what`: such as "Acknowledged"; `who`: "" for nobody; `about`:
    names of alerts, each with a change of severity or a number; `more`: how many others."""

    at: datetime
    what: str
    who: str = ""
    way: str = ""
    about: Sequence[str] = ()
    more: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """HTML and the same words without markup; `number` counts from 1."""

    text: str
    plain_text: str
    number: int
    pages: int


def label_page(group: GroupView, zone: tzinfo, number: int) -> Page:
    """Every alert with all of its labels, annotations and links, in the order of the message."""
    found = digest(group)
    first = bold(headline(group, found.status, found.leading, found.where).text)
    count = len(found.alerts)
    blocks = [_alert(alert, n, count, zone) for n, alert in enumerate(found.alerts, 1)]
    return _page(first, _packed(blocks), number)


def history_page(group: GroupView, entries: Sequence[Entry], zone: tzinfo, number: int) -> Page:
    """Its timeline in the order given."""
    found = digest(group)
    first = bold(headline(group, found.status, found.leading, found.where).text)
    chunks = [entries[n : n + LINES_PER_PAGE] for n in range(0, len(entries), LINES_PER_PAGE)]
    pages: list[list[Line]] = []
    for chunk in chunks[:PAGES_MAX]:
        times = Times(zone, group.opened_at)
        pages.append([_entry(entry, times) for entry in chunk])
    return _page(first, pages or [[[gettext("Nothing yet.")]]], number)


def _page(first: Bold, pages: Sequence[list[Line]], number: int) -> Page:
    """A number that there is not is the first or the last one: pages come and go."""
    number = min(max(number, 1), len(pages))
    nodes = without_commands(nodes_of([[first], *pages[number - 1]]))
    tree = shorten(nodes, 2 * PAGE_MAX, parse_mode="HTML")
    return Page(render(tree, "HTML"), visible(tree), number, len(pages))


def _packed(blocks: Sequence[list[Line]]) -> list[list[Line]]:
    """Whole alerts as far as they fit; one that is longer than a page has one of its own."""
    pages: list[list[Line]] = []
    room = 0
    for block in blocks:
        size = len(visible(nodes_of(block)))
        if not pages or size > room:
            if len(pages) == PAGES_MAX:
                break
            pages.append([])
            room = PAGE_MAX
        pages[-1] += block
        room -= size
    return pages or [[[gettext("There are no alerts in it.")]]]


def _alert(alert: AlertView, number: int, count: int, zone: tzinfo) -> list[Line]:
    scissors = Scissors(Budget(rows=1, row=_SHORT_MAX, text=_TEXT_MAX, description=0, url=500))
    state = state_words(alert.status, alert.severity)
    lines: list[Line] = [[""]]
    mark = f"{number}/{count} " if count > 1 else ""
    name = shorten_end(name_of(alert), _SHORT_MAX)
    lines.append([f"{colour(alert.status, alert.severity)} {mark}", bold(isolate(name))])
    if alert.starts_at:
        began = gettext("{state} since {time}")
        state = began.format(state=state, time=full(alert.starts_at, zone))
    lines.append([state])
    if alert.ends_at is not None:
        until = gettext("until {time}").format(time=full(alert.ends_at, zone))
        lines.append([", ".join(filter(None, (until, alert.ended)))])
    if value := one_line(alert.value_text):
        lines.append([value_words(isolate(shorten_end(value, _SHORT_MAX)))])
    said = list(dict.fromkeys(filter(None, (one_line(alert.summary), one_line(alert.description)))))
    lines += [[quote(isolate(shorten_end(one, _TEXT_MAX)))] for one in said]
    lines += [
        [Code(pair(name, alert.labels[name], scissors))] for name in label_order(alert.labels)
    ]
    lines += _annotations(alert, said)
    lines += [
        [f"{kind_word(link.kind)}: ", Code(shorten_end(one_line(link.url), 500))]
        for link in alert.links
    ]
    return lines


def _annotations(alert: AlertView, said: Sequence[str]) -> list[Line]:
    others: Mapping[str, str] = {
        name: shown
        for name, value in alert.annotations.items()
        if (shown := one_line(value)) and shown not in said
    }
    return [
        [f"{shorten_end(one_line(name), 60)}: {isolate(shorten_end(shown, _SHORT_MAX))}"]
        for name, shown in sorted(others.items())
    ]


def _entry(entry: Entry, times: Times) -> Line:
    """ "14:05 Acknowledged by Ada (Telegram)"."""
    line: Line = [f"{times.show(entry.at)} ", bold(entry.what)]
    names = [isolate(shorten_end(one_line(name), 80)) for name in entry.about[:_NAMED]]
    more = entry.more + len(entry.about) - len(names)
    if names:
        told = ", ".join(names)
        if more > 0:
            said = ngettext("{names} and {count} more", "{names} and {count} more", more)
            told = said.format(names=told, count=more)
        line += [" ", told]
    if entry.who:
        who = isolate(shorten_end(one_line(entry.who), 64))
        way = f" ({entry.way})" if entry.way else ""
        line += [" ", gettext("by {name}").format(name=who), way]
    if entry.why:
        line.append(f": {isolate(shorten_end(one_line(entry.why), _SHORT_MAX))}")
    return line
