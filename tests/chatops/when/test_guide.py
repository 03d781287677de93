"""What the guide says of times is what the bot does."""

import re
from pathlib import Path

import pytest

from chatops.when.reading import read_occasion, read_span
from chatops.when.readings import Refused, Unclear
from chatops.when.saying import said
from tests.chatops.when.places import BERLIN, choices, local
from tests.chatops.when.tables import NOW

GUIDE = Path(__file__).resolve().parents[3] / "docs/guide/times.md"
_ROW = re.compile(r"^\| `(.+?)` \| (.+) \|$", re.MULTILINE)
_SPANS = ("How long, until when", "What is asked")


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


def test_the_guide_has_examples() -> None:
    assert len(rows()) >= 40
