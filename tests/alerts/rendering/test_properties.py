"""Any content in any field: the message always parses, fits and says what it must."""

import re
from datetime import UTC, tzinfo

from hypothesis import given
from hypothesis import strategies as st

from alerts.rendering.digest import digest
from alerts.rendering.document import render_document
from alerts.rendering.headline import FIRST_LINE_MAX, SEPARATOR, headline, name_of
from alerts.rendering.keyboard import LINK_BUTTONS_MAX, keyboard, link_buttons
from alerts.rendering.message import LINES_MAX, ORDINARY, render_caption, render_group
from alerts.rendering.view_model import AlertView, ChannelView, GroupView, content_hash
from alerts.rendering.words import one_line, shorten_middle
from alerts.severity import Severity
from alerts.sources.incoming import AlertStatus
from botapi import entities
from botapi.keyboards import acceptable_button_url
from botapi.limits import CAPTION_MAX, MESSAGE_TEXT_MAX
from botapi.markup import ParseMode, render, text
from tests.alerts.rendering.cases import OPENED
from tests.alerts.rendering.groups import (
    groups,
    many_examples,
    needs_tdlib,
    parse_modes,
    shown_by_telegram,
    zones,
)

_STATE = {"firing": "FIRING", "resolved": "RESOLVED", "event": ""}


def seen(words: str) -> str:
    """The words as Telegram keeps them."""
    return render((text(words),), "")


def name_is_visible(alert: AlertView, shown: str) -> bool:
    """Whether the name, or its shortened form, is there; whatever it was shortened to."""
    name = seen(name_of(alert))
    if name in shown:
        return True
    if " " in name:
        return any(f"{name[:kept]}…" in shown for kept in range(5, len(name)) if ends(name, kept))
    head, tail = re.escape(name[:3]), re.escape(name[-2:])
    return len(name) > 12 and re.search(f"{head}[^\n]*…[^\n]*{tail}", shown) is not None


def ends(prose: str, kept: int) -> bool:
    """Whether so many characters of it end behind a word, or in one that fills half of them."""
    return prose[kept] in " ,;:·" or " " not in prose[max(kept - 20, kept // 2) : kept]


def is_shortened_well(whole: str, shown: str) -> bool:
    """Prose lost its end, behind a word; what has no space its middle, and keeps both ends."""
    head, _, tail = shown.rpartition("…")
    if " " in whole:
        return shown.endswith("…") and whole.startswith(head) and ends(whole, len(head))
    return whole.startswith(head) and whole.endswith(tail)


@needs_tdlib
@many_examples
@given(groups, parse_modes, zones)
def test_message(group: GroupView, parse_mode: ParseMode, zone: tzinfo) -> None:
    channel = ChannelView(parse_mode, zone)
    rendered = render_group(group, channel)
    shown = shown_by_telegram(rendered.text, parse_mode)

    assert 1 <= len(shown) <= MESSAGE_TEXT_MAX
    assert len(rendered.plain_text) <= MESSAGE_TEXT_MAX
    if len(group.alerts) <= ORDINARY:
        assert shown.count("\n") < LINES_MAX, shown
    by_id = {alert.alert_id: alert for alert in group.alerts}
    for alert_id in rendered.alert_ids:
        assert name_is_visible(by_id[alert_id], shown), (name_of(by_id[alert_id]), shown)
    hidden = len(group.alerts) - len(rendered.alert_ids)
    assert (f"\nand {hidden} more" in shown) == (hidden > 0)
    assert rendered.overflow or hidden == 0
    if parse_mode:
        found = entities.as_sent(rendered.text, parse_mode).entities
        assert "bot_command" not in {entity["type"] for entity in found}, shown
    assert rendered == render_group(group, channel)
    assert content_hash(rendered) == content_hash(render_group(group, channel))


def told(view: AlertView) -> list[str]:
    """All that an alert says."""
    pairs = [*view.labels.items(), *view.annotations.items()]
    texts = (name_of(view), view.summary, view.description, view.value_text)
    return [on_one_line(text) for text in (*texts, *(word for pair in pairs for word in pair))]


def on_one_line(words: str) -> str:
    return one_line(words).translate(dict.fromkeys((0x2068, 0x2069)))


def cut_for_good(group: GroupView, shown: str) -> list[str]:
    """What stands before a "…" and comes from a text of an alert that stands nowhere whole."""
    shown = on_one_line(shown)
    texts = [text for view in group.alerts for text in told(view)]
    found = []
    for mark in re.finditer("…", shown):
        kept = shown[max(mark.start() - 6, 0) : mark.start()]
        origins = [text for text in texts if kept in text]
        whole = any(text in shown or f"{kept}…" in text for text in origins)
        if len(kept) == 6 and origins and not whole:
            found.append(kept)
    return found


long_texts = st.tuples(
    st.sampled_from(("word ", "some longer words, ", "path/")), st.integers(1, 90)
)
wordy = st.builds(
    AlertView,
    alert_id=st.uuids().map(str),
    name=long_texts.map(lambda drawn: "Name" + drawn[0] * (drawn[1] // 3)),
    status=st.sampled_from(("firing", "resolved", "event")),
    labels=st.dictionaries(
        st.sampled_from(("instance", "pod", "path", "team")),
        long_texts.map(lambda drawn: "label" + drawn[0] * (drawn[1] // 6)),
    ),
    annotations=st.dictionaries(
        st.sampled_from(("impact", "owner")),
        long_texts.map(lambda drawn: "note" + drawn[0] * drawn[1]),
    ),
    value_text=st.integers(0, 70).map(lambda length: "123456789 " * (length // 5)),
    summary=long_texts.map(lambda drawn: "summary " + drawn[0] * drawn[1]),
    description=long_texts.map(lambda drawn: "description " + drawn[0] * drawn[1] * 3),
)
wordy_groups = st.builds(
    GroupView,
    title=st.just(""),
    status=st.just("firing"),
    alerts=st.lists(wordy, min_size=1, max_size=11).map(tuple),
    opened_at=st.just(OPENED),
)


@many_examples
@given(groups | wordy_groups, st.sampled_from((CAPTION_MAX, MESSAGE_TEXT_MAX)))
def test_what_is_cut_for_good_needs_a_document(group: GroupView, limit: int) -> None:
    rendered = render_group(group, ChannelView("", UTC), limit)
    lost = cut_for_good(group, rendered.plain_text)
    assert rendered.overflow or not lost, (lost, rendered.plain_text)


@needs_tdlib
@many_examples
@given(groups, parse_modes, zones)
def test_caption(group: GroupView, parse_mode: ParseMode, zone: tzinfo) -> None:
    rendered = render_caption(group, ChannelView(parse_mode, zone))
    assert 1 <= len(shown_by_telegram(rendered.text, parse_mode)) <= CAPTION_MAX
    assert len(rendered.plain_text) <= CAPTION_MAX


@many_examples
@given(groups, zones)
def test_first_line(group: GroupView, zone: tzinfo) -> None:
    first = render_group(group, ChannelView("", zone)).plain_text.split("\n")[0]
    found = digest(group)
    severity = found.leading[0].severity if found.leading else None
    state = f"{_STATE[found.status]} {severity or ''}".strip()
    lead = f"{state}{SEPARATOR}" if state else ""
    assert len(first) <= FIRST_LINE_MAX
    assert first[1:].startswith(f" {lead}")


phrases = st.lists(st.from_regex("[a-z]{1,14},?", fullmatch=True), min_size=1, max_size=9)


@many_examples
@given(
    phrases.map(" ".join) | st.text(alphabet="abc-.", min_size=1, max_size=90),
    phrases.map(" ".join) | st.text(alphabet="abc-.", min_size=1, max_size=90),
    st.sampled_from(("firing", "resolved", "event")),
    st.sampled_from(Severity),
    st.booleans(),
)
def test_first_line_says_what_and_where(
    name: str, place: str, status: AlertStatus, severity: Severity, is_hebrew: bool
) -> None:
    """Both can be recognised whatever they are; a short place is whole, and said once."""
    name, place = ("ש" * is_hebrew + word for word in (name, place))
    alert = AlertView("a", name, status, severity, labels={"host": place})
    view = GroupView("", status, (alert,), OPENED)
    found = digest(view)
    first = headline(view, found.status, found.leading, found.where)
    before = first.before.translate(dict.fromkeys((0x2068, 0x2069)))
    shown_name = before.removesuffix(SEPARATOR).rpartition(SEPARATOR)[2]
    for whole, shown in ((name, shown_name), (place, first.place)):
        assert whole == shown or is_shortened_well(whole, shown), (whole, shown)
        assert len(shown) >= min(len(whole), 6 if " " in whole else 12), (whole, shown)
    assert first.place_whole == (first.place == place)
    assert first.place_whole or len(place) > 19
    assert (len(name) + len(place) <= 31) <= (shown_name == name and first.place_whole)
    below = render_group(view, ChannelView("", UTC)).plain_text.split("\n")[1:]
    twice = [line for line in below if place in line.split(SEPARATOR) and line != name]
    assert not (first.place_whole and twice)


@many_examples
@given(groups)
def test_plain_text_is_what_markup_shows(group: GroupView) -> None:
    zone = group.opened_at.tzinfo
    assert zone is not None
    plain = render_group(group, ChannelView("", zone))
    html = render_group(group, ChannelView("HTML", zone))
    if plain.alert_ids == html.alert_ids and not plain.overflow and not html.overflow:
        assert seen(html.plain_text) == seen(plain.text)


@many_examples
@given(groups)
def test_keyboard(group: GroupView) -> None:
    buttons = link_buttons(group)
    assert len(buttons) <= LINK_BUTTONS_MAX
    assert len({button.url for button in buttons}) == len(buttons)
    assert all(acceptable_button_url(button.url) for button in buttons)
    markup = keyboard(group)
    assert (markup is None) == (not buttons)


@many_examples
@given(groups, zones)
def test_document(group: GroupView, zone: tzinfo) -> None:
    filename, content = render_document(group, zone)
    assert re.fullmatch(r"[\w.-]+\.txt", filename)
    written = content.decode()
    for alert in group.alerts:
        assert name_of(alert) in written
    assert (filename, content) == render_document(group, zone)


@many_examples
@given(st.text(), st.integers(5, 80))
def test_shortened_in_the_middle(value: str, limit: int) -> None:
    shortened = shorten_middle(value, limit)
    assert len(shortened) <= limit
    assert (shortened == value) == (len(value) <= limit)
