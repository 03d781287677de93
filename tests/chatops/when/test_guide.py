"""What the guide says of times is what the bot does."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from chatops.when.reading import read_occasion, read_span
from chatops.when.readings import Refused, Unclear
from chatops.when.recurrences import Recurrence
from chatops.when.saying import said
from languages.speaking import LANGUAGES, speaking
from tests.chatops.when.places import BERLIN, choices, local
from tests.chatops.when.tables import NOW

GUIDE = Path(__file__).resolve().parents[3] / "docs/guide/times.md"
_ROW = re.compile(r"^\| `(.+?)` \| (.+) \|$", re.MULTILINE)
_SPANS = ("How long, until when", "What is asked")
_LANGUAGES = {"In German": "de", "In Spanish": "es", "In Russian": "ru"}


def rows() -> list[tuple[str, str, str]]:
    """Section, what is typed, what is understood."""
    sections = GUIDE.read_text(encoding="utf-8").split("\n## ")[1:]
    return [
        (section.partition("\n")[0], typed, understood)
        for section in sections
        for typed, understood in _ROW.findall(section)
    ]


@pytest.mark.parametrize(("section", "typed", "understood"), rows())
def test_the_guide_is_right(section: str, typed: str, understood: str) -> None:
    now = local(NOW, BERLIN)
    if section in _LANGUAGES:
        with speaking(_LANGUAGES[section]):
            assert understood in ways(typed, now)
        return
    if section in _SPANS:
        read = read_span(typed, now=now, zone=BERLIN)
        if isinstance(read, Unclear):
            assert ", ".join(choices(read)) == understood
            return
        assert not isinstance(read, Refused)
        assert said(read, BERLIN, now) == understood
        return
    occasion = read_occasion(typed, now=now, zone=BERLIN)
    assert not isinstance(occasion, Unclear | Refused)
    assert said(occasion, BERLIN, now) == understood


def ways(typed: str, now: datetime) -> list[str]:
    """What each reader makes of it; of what comes again and again without its next time."""
    reads = (
        read_span(typed, now=now, zone=BERLIN),
        read_occasion(typed, now=now, zone=BERLIN),
    )
    return [
        str(read) if isinstance(read, Recurrence) else said(read, BERLIN, now)
        for read in reads
        if not isinstance(read, Unclear | Refused)
    ]


def test_each_language_has_examples() -> None:
    assert {*_LANGUAGES.values(), "en"} == {*LANGUAGES}
    sections = [section for section, _, _ in rows()]
    assert min(sections.count(name) for name in _LANGUAGES) >= 10


def test_the_guide_has_examples() -> None:
    assert len(rows()) >= 40
