"""Rendering in other languages: it says what the catalogue says, and fits however long that is."""

from datetime import UTC, datetime, timedelta, tzinfo
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.rendering.actions import Menu, Offer, message_keyboard
from alerts.rendering.headline import FIRST_LINE_MAX, severity_word
from alerts.rendering.message import LINES_MAX, ORDINARY, render_caption, render_group
from alerts.rendering.storm import render_storm
from alerts.rendering.times import Times, duration
from alerts.rendering.view_model import ChannelView, GroupView, content_hash
from alerts.severity import Severity
from botapi.keyboards import CallbackButton
from botapi.limits import CAPTION_MAX
from languages.speaking import LANGUAGES, gettext, ngettext, pgettext, speaking
from tests.alerts.rendering import test_storm
from tests.alerts.rendering.cases import CASES
from tests.alerts.rendering.groups import groups, many_examples, zones

ROW = UUID("01a21925-226a-7112-ae7e-d79f3c34319e")
HTML = ChannelView("HTML", UTC)


@settings(many_examples, suppress_health_check=list(HealthCheck))
@given(groups, zones, st.sampled_from(list(LANGUAGES)))
def test_any_group_fits(group: GroupView, zone: tzinfo, language: str) -> None:
    with speaking(language):
        plain = render_group(group, ChannelView("", zone)).plain_text
        caption = render_caption(group, ChannelView("", zone)).plain_text
    assert len(plain.split("\n")[0]) <= FIRST_LINE_MAX
    assert len(caption) <= CAPTION_MAX
    if len(group.alerts) <= ORDINARY:
        assert len(plain.split("\n")) <= LINES_MAX


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", test_storm.CASES)
def test_a_storm_fits(case: str, language: str) -> None:
    with speaking(language):
        rendered = render_storm(test_storm.CASES[case], HTML, CAPTION_MAX)
    assert len(rendered.plain_text.split("\n")[0]) <= FIRST_LINE_MAX
    assert len(rendered.plain_text) <= CAPTION_MAX


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_it_renders_alike_each_time_and_its_first_line_fits(case: str, language: str) -> None:
    with speaking(language):
        first, second = (render_group(CASES[case], HTML) for _ in range(2))
    assert content_hash(first) == content_hash(second)
    assert len(first.plain_text.split("\n")[0]) <= FIRST_LINE_MAX


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_said_is_what_the_catalogue_has(language: str) -> None:
    group = CASES["one"]
    with speaking(language):
        shown = render_group(group, ChannelView("", UTC)).text
        severity = severity_word(Severity.CRITICAL)
        start = Times(UTC, group.opened_at)
        both = pgettext("first line", "{state} {severity}")
        state = both.format(state=gettext("FIRING"), severity=severity)
        since = gettext("since {time}").format(time=start.show(group.opened_at))
        keyboard = message_keyboard(group, group, ROW, Offer(("1h",)), Menu.MAIN)
        labels = [gettext("Acknowledge"), gettext("Resolve"), gettext("More…")]
        labels.append(gettext("Silence {length}").format(length="1h"))
    assert state in shown.split("\n")[0]
    assert since[1:] in shown
    assert keyboard is not None
    buttons = [one.text for row in keyboard.rows for one in row if isinstance(one, CallbackButton)]
    assert sorted(buttons) == sorted(labels)


@pytest.mark.parametrize("language", LANGUAGES)
def test_times_and_durations(language: str) -> None:
    moment = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
    with speaking(language):
        written = Times(UTC, moment).show(moment)
        date = pgettext("date", "{day} {month}").format(day=23, month=gettext("Nov"))
        assert written == f"{date} 14:02 UTC"
        assert duration(timedelta(seconds=4320)) == gettext("{number} h {rest} min").format(
            number=1, rest=12
        )
        assert duration(timedelta(0)) == gettext("less than 1 s")
        assert ngettext("{count} alert", "{count} alerts", 2) != ""
