"""What a question may be."""

from datetime import timedelta
from typing import Any

import pytest

from chatops.approvals import rules
from chatops.approvals.rules import ApprovalRefused


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
