"""Back and Cancel are understood as they are spoken, and in English; typed or pressed."""

import pytest

from chatops.conversations.state import is_back, is_cancel, is_label, label_of
from languages.speaking import LANGUAGES, speaking


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_are_understood_in_two_languages(language: str) -> None:
    with speaking(language):
        back, cancel = label_of("back"), label_of("cancel")
        for said in ("‹ Back", "back", back, back.removeprefix("‹ ").upper()):
            assert is_back(said)
            assert not is_cancel(said)
        for said in ("Cancel", "cancel", cancel, cancel.upper()):
            assert is_cancel(said)
            assert not is_back(said)
        assert all(is_label(one) for one in ("‹ Back", "Cancel", back, cancel))


@pytest.mark.parametrize("said", ["back", "cancel", "", "Cancel it"])
def test_only_the_label_itself_is_a_button(said: str) -> None:
    assert not is_label(said)
