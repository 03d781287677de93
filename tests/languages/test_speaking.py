"""Which language is spoken, and by whom."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from languages.speaking import (
    LANGUAGES,
    first_language,
    gettext,
    language_of,
    ngettext,
    speaking,
    spoken,
)


def test_english_is_spoken_unless_something_else_is_said() -> None:
    assert spoken() == "en"
    assert gettext("Changed.") == "Changed."
    assert ngettext("one", "many", 1) == "one"
    assert ngettext("one", "many", 2) == "many"


def test_a_language_is_spoken_in_its_block_alone_and_in_its_thread_alone() -> None:
    with ThreadPoolExecutor(1) as pool, speaking("de"):
        assert pool.submit(spoken).result() == "en"
        with speaking("ru"):
            assert spoken() == "ru"
        assert spoken() == "de"
    assert spoken() == "en"


def test_a_language_that_nobody_speaks_is_english() -> None:
    with speaking("tlh"):
        assert spoken() == "en"


@pytest.mark.parametrize(
    ("tag", "code"),
    [("de", "de"), ("de-AT", "de"), ("pt-br", ""), ("", ""), ("EN_us", "en"), ("ru", "ru")],
)
def test_a_tag_of_telegram_is_a_language_of_ours_or_none(tag: str, code: str) -> None:
    assert language_of(tag) == code


def test_the_first_that_is_said_counts() -> None:
    assert first_language("", "xx", "es", "de") == "es"
    assert first_language("", "") == "en"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_nothing_in_every_language(language: str) -> None:
    """And not the head of its catalogue."""
    with speaking(language):
        assert gettext("") == ""
