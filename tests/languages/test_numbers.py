"""Numbers as each language writes them."""

import pytest

from languages.numbers import THOUSANDS, grouped
from languages.speaking import LANGUAGES, speaking


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "1,234,567"),
        ("de", "1.234.567"),
        ("es", "1.234.567"),
        ("ru", "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567"),
    ],
)
def test_thousands_are_kept_apart(language: str, written: str) -> None:
    with speaking(language):
        assert grouped(1_234_567) == written
        assert grouped(999) == "999"


def test_each_language_has_its_own() -> None:
    assert set(THOUSANDS) == set(LANGUAGES)
