"""No accepted template, with any group, yields a message that Telegram refuses or that is cut in
the middle of markup."""

import time
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rendering.view_model import ChannelView, GroupView, RenderedMessage
from alerts.templating.check import checked
from alerts.templating.faults import TemplateFault
from alerts.templating.message import render_templated, render_with
from alerts.templating.program import Program, compiled
from alerts.templating.samples import SAMPLES
from botapi import entities
from botapi.limits import CAPTION_MAX, ENTITIES_MAX, MESSAGE_TEXT_MAX, RAW_TEXT_BYTES_MAX
from botapi.markup import ParseMode
from tests.alerts.rendering.cases import down, group
from tests.alerts.rendering.groups import (
    groups,
    many_examples,
    needs_tdlib,
    shown_by_telegram,
    zones,
)
from tests.alerts.templating.bodies import BODIES

PROGRAMS = [checked(*one) for one in BODIES]
LIMITS = (MESSAGE_TEXT_MAX, CAPTION_MAX, 980)
CHANNEL = ChannelView("HTML", UTC)


def told_or_refused(
    program: Program, view: GroupView, channel: ChannelView, limit: int
) -> RenderedMessage | TemplateFault:
    try:
        return render_templated(program, view, channel, limit)
    except TemplateFault as fault:
        return fault


@needs_tdlib
@many_examples
@given(st.sampled_from(PROGRAMS), groups, zones, st.sampled_from(LIMITS))
def test_telegram_takes_it(program: Program, view: GroupView, zone: tzinfo, limit: int) -> None:
    rendered = told_or_refused(program, view, ChannelView("HTML", zone), limit)
    if isinstance(rendered, TemplateFault):  # told in the usual way then
        # Only what people could not have known when they saved it.
        assert rendered.kind == "limit" or "would be empty" in rendered.reason, rendered
        return
    shown = shown_by_telegram(rendered.text, rendered.parse_mode)
    assert 1 <= len(shown.strip()) <= limit
    assert rendered.parse_mode == program.parse_mode
    assert len(rendered.plain_text) <= limit
    assert rendered == render_templated(program, view, ChannelView("HTML", zone), limit)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("program", PROGRAMS)
def test_samples(name: str, program: Program) -> None:
    rendered = render_templated(program, SAMPLES[name], CHANNEL)
    parsed = entities.as_sent(rendered.text, rendered.parse_mode)
    assert parsed.text
    assert len(parsed.entities) <= ENTITIES_MAX
    assert len(rendered.text.encode()) <= RAW_TEXT_BYTES_MAX


def rendered(body: str, view: GroupView, limit: int = MESSAGE_TEXT_MAX) -> tuple[str, bool]:
    found = render_templated(compiled(body, "HTML"), view, CHANNEL, limit)
    return found.text, found.overflow


def test_what_fits_is_sent_as_it_was_written() -> None:
    body = 'a <tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>\n  <b>{{ title }}</b>'
    assert rendered(body, group(down(1))) == (body.replace("{{ title }}", "a group"), False)


@pytest.mark.parametrize(
    ("body", "parse_mode"),
    [
        ("{% for i in range(9000) %}*a*_b_{% endfor %}", "MarkdownV2"),
        ("{% for i in range(4000) %}<b>a</b><i>b</i>{% endfor %}", "HTML"),
        ("{% for i in range(2500) %}<b>a</b><code>b</code>{% endfor %}", "HTML"),
    ],
)
def test_more_markup_than_any_message_has_is_refused_at_once(
    body: str, parse_mode: ParseMode
) -> None:
    began = time.thread_time()
    with pytest.raises(TemplateFault, match="more than 1,000 pieces of markup") as refused:
        render_templated(compiled(body, parse_mode), group(down(1)), CHANNEL)
    assert refused.value.kind == "limit"
    assert time.thread_time() - began < 0.5


def test_of_too_many_alerts_fewer_are_told_and_what_follows_them_stays() -> None:
    body = (
        "{% for a in alerts %}<b>{{ a.where }}</b> {{ a.description }}\n{% endfor %}"
        "{{ counts.hidden }} more, {{ console_url | link('all') }}"
    )
    view = group(*(down(number) for number in range(70)), console_url="https://example.org/g")
    text, overflow = rendered(body, view)
    assert text.endswith('50 more, <a href="https://example.org/g">all</a>')
    assert (text.count("<b>"), overflow) == (20, True)
    text, overflow = rendered(body, view, CAPTION_MAX)
    assert (text.count("<b>"), overflow) == (5, True)


def test_a_text_that_is_too_long_is_shortened_and_its_markup_closed() -> None:
    body = "<b>{{ alerts[0].description * 1 if false else alerts[0].description }} {{ title }}</b>"
    text, overflow = rendered(body, group(down(1, description="word " * 2000)))
    assert overflow
    assert text.startswith("<b>word")
    assert text.endswith("a group</b>"), "told less of the description first"
    long = "<b>" + "{{ alerts[0].description }} " * 40 + "</b>"
    text, overflow = rendered(long, group(down(1, description="word " * 2000)))
    assert overflow
    assert text.endswith("…</b>")
    assert 3000 < len(text) <= MESSAGE_TEXT_MAX + 7


def test_more_entities_than_telegram_keeps_are_not_sent() -> None:
    body = "{% for a in alerts %}<b>{{ loop.index }}</b> <i>x</i> {% endfor %}"
    text, overflow = rendered(body, group(*(down(number) for number in range(99))))
    assert overflow
    assert text.count("<b>") == 20


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        ("a\n<b>{{ title }}", 2, 1),
        ("a\n{{ title }}</b>", 2, 12),
        ("a\n<b>{{ title }}</i>", 2, 15),
        ("<nonsense>{{ title }}</nonsense>", 1, 1),
    ],
)
def test_markup_that_telegram_refuses_is_found_in_the_template(
    body: str, line: int, column: int
) -> None:
    with pytest.raises(TemplateFault) as refused:
        checked(body, "HTML")
    fault = refused.value
    assert (fault.kind, fault.place.line, fault.place.column) == ("markup", line, column), fault
    assert "sample “one”" in fault.reason


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        ("a\\.\n{{ title }}.", 2, 12),
        ("*{{ title }}\n", 1, 1),
        ("{{ title }} _x", 1, 13),
        ("a [x](https://{{ title }}", 1, 7),
    ],
)
def test_markdown_that_telegram_refuses_is_found_in_the_template(
    body: str, line: int, column: int
) -> None:
    with pytest.raises(TemplateFault) as refused:
        checked(body, "MarkdownV2")
    fault = refused.value
    assert (fault.kind, fault.place.line, fault.place.column) == ("markup", line, column), fault


@pytest.mark.parametrize("body", ["", " \n", "{{ silenced_note }}", "{% if false %}x{% endif %}"])
def test_a_template_that_says_nothing_is_refused(body: str) -> None:
    with pytest.raises(TemplateFault, match="empty"):
        checked(body, "HTML")


class SlowZone(tzinfo):
    """Takes a core for 0.3 s whenever it is asked."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        began = time.thread_time()
        while time.thread_time() - began < 0.3:
            pass
        return timedelta(0)

    def dst(self, _: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, _: datetime | None) -> str:
        return "slow"


def test_what_is_told_slowly_is_told_and_to_rest() -> None:
    program = compiled("{{ title }} {{ opened_at | time('%d') }}", "HTML")
    told, fault = render_with(program, group(down(1)), ChannelView("HTML", SlowZone()))
    assert told.text.startswith("a group ")
    assert fault is not None
    assert fault.kind == "limit"
    assert render_with(program, group(down(1)), CHANNEL)[1] is None
