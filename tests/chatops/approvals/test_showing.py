"""How a chat shows a question."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botapi.entities import as_sent
from botapi.limits import MESSAGE_TEXT_MAX
from chatops.approvals import rules, showing
from chatops.approvals.showing import Question
from languages.speaking import LANGUAGES, pgettext, speaking

AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def question(title: str = "Deploy?", text: str = "", by: str = "a key") -> Question:
    zone = ZoneInfo("Europe/Berlin")
    return Question(title, text, by, AT, AT + timedelta(hours=1), zone)


@pytest.mark.parametrize(
    ("labels", "rows"),
    [
        (["Approve", "Deny"], [[0, 1]]),
        (["Approve", "Deny", "Later"], [[0, 1], [2]]),
        (["Roll back to the last version", "Go on", "Stop"], [[0], [1, 2]]),
    ],
)
def test_long_labels_stand_alone(labels: list[str], rows: list[list[int]]) -> None:
    assert showing.rows_of(labels) == rows


def test_what_a_chat_shows() -> None:
    marked, plain = showing.shown(question("Deploy <2>?", "42 changes"), "HTML")
    assert marked.startswith("❔ <b>Deploy &lt;2&gt;?</b>\n42 changes\n")
    assert plain.endswith("Asked by a key · answer until 26 Nov 14:00 CET")
    end = showing.answered("Approve", "Ada", AT, ZoneInfo("UTC"), AT)
    assert showing.shown(question(), "", end)[0] == "❔ Deploy?\nApprove · Ada · 26 Nov 12:00 UTC"


@given(
    title=st.text(min_size=1, max_size=rules.TITLE_MAX),
    words=st.text(max_size=rules.TEXT_MAX),
    by=st.text(max_size=254),
    mode=st.sampled_from(["HTML", "MarkdownV2", ""]),
    end=st.sampled_from(["", "✔ Approve · <b>"]),
)
def test_whatever_is_asked_is_valid(title: str, words: str, by: str, mode: Any, end: str) -> None:
    marked, plain = showing.shown(question(title, words, by), mode, end)
    shown = as_sent(marked, mode)
    assert 0 < len(shown.text) <= MESSAGE_TEXT_MAX
    assert len(plain) <= MESSAGE_TEXT_MAX


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_the_usual_choices_are_translated(language: str) -> None:
    own = [{"value": "approve", "label": "Approve"}, {"value": "deny", "label": "Never"}]
    with speaking(language):
        expected = [pgettext("button", "Approve"), pgettext("button", "Deny")]
        assert showing.labels_of(rules.checked_choices(None)) == expected
        assert showing.labels_of(own) == ["Approve", "Never"]
