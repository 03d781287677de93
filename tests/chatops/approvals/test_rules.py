"""What a question may be, and how a chat shows it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botapi.entities import as_sent
from botapi.limits import MESSAGE_TEXT_MAX
from chatops.approvals import rules
from chatops.approvals.rules import ApprovalRefused, Question

AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def question(title: str = "Deploy?", text: str = "", by: str = "a key") -> Question:
    zone = ZoneInfo("Europe/Berlin")
    return Question(title, text, by, AT, AT + timedelta(hours=1), zone)


@pytest.mark.parametrize(
    ("given", "field_words"),
    [
        ([], "2 to 8 choices, not 0"),
        ([{"value": "a"}], "2 to 8 choices, not 1"),
        ([{"value": str(n)} for n in range(9)], "not 9"),
        ([{"value": "a"}, {"value": "a"}], "Choice 2: the value 'a' is there already"),
        ([{"value": "a"}, {"value": ""}], "Choice 2: give a value"),
        ([{"value": "a"}, {"value": "b" * 65}], "Choice 2: give a value"),
        ([{"value": "a"}, {"value": "b", "label": "x" * 41}], "Choice 2: give a label"),
        ([{"value": "a"}, {"value": "b" * 41}], "Choice 2: give a label"),
        ([{"value": "a"}, {"value": "b\0"}], "Choice 2: give a value"),
    ],
)
def test_choices_that_are_refused(given: Any, field_words: str) -> None:
    with pytest.raises(ApprovalRefused, match=field_words):
        rules.checked_choices(given)


def test_without_choices_there_are_two() -> None:
    assert [one["value"] for one in rules.checked_choices(None)] == ["approve", "deny"]


@pytest.mark.parametrize("seconds", [0, 9, 30 * 86_400 + 1])
def test_times_that_are_refused(seconds: int) -> None:
    with pytest.raises(ApprovalRefused, match="10 seconds to 30 days"):
        rules.checked_time(timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("labels", "rows"),
    [
        (["Approve", "Deny"], [[0, 1]]),
        (["Approve", "Deny", "Later"], [[0, 1], [2]]),
        (["Roll back to the last version", "Go on", "Stop"], [[0], [1, 2]]),
    ],
)
def test_long_labels_stand_alone(labels: list[str], rows: list[list[int]]) -> None:
    choices = [{"value": str(number), "label": label} for number, label in enumerate(labels)]
    assert rules.rows_of(choices) == rows


def test_what_a_chat_shows() -> None:
    marked, plain = rules.shown(question("Deploy <2>?", "42 changes"), "HTML")
    assert marked.startswith("❔ <b>Deploy &lt;2&gt;?</b>\n42 changes\n")
    assert plain.endswith("Asked by a key · answer until 26 Nov 14:00 CET")
    end = rules.answered("Approve", "Ada", AT, ZoneInfo("UTC"), AT)
    assert rules.shown(question(), "", end)[0] == "❔ Deploy?\nApprove · Ada · 26 Nov 12:00 UTC"


@given(
    title=st.text(min_size=1, max_size=rules.TITLE_MAX),
    words=st.text(max_size=rules.TEXT_MAX),
    by=st.text(max_size=254),
    mode=st.sampled_from(["HTML", "MarkdownV2", ""]),
    end=st.sampled_from(["", "✔ Approve · <b>"]),
)
def test_whatever_is_asked_is_valid(title: str, words: str, by: str, mode: Any, end: str) -> None:
    marked, plain = rules.shown(question(title, words, by), mode, end)
    shown = as_sent(marked, mode)
    assert 0 < len(shown.text) <= MESSAGE_TEXT_MAX
    assert len(plain) <= MESSAGE_TEXT_MAX
