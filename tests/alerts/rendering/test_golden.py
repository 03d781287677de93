"""Every message in `golden/` was read by a person. After a wanted change write them anew with
`UPDATE_GOLDEN=1 pytest tests/alerts/rendering/test_golden.py` and read the difference."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.rendering.document import render_document
from alerts.rendering.keyboard import keyboard
from alerts.rendering.message import render_caption, render_group
from alerts.rendering.view_model import ChannelView, GroupView
from tests.alerts.rendering.cases import CASES

GOLDEN = Path(__file__).parent / "golden"
BERLIN = ZoneInfo("Europe/Berlin")
DOCUMENTED = ("one", "mixed", "long_description", "grafana_values")


def written(group: GroupView) -> str:
    """The message as people see it, then as it is sent."""
    rendered = render_group(group, ChannelView("HTML", BERLIN))
    markdown = render_group(group, ChannelView("MarkdownV2", BERLIN))
    caption = render_caption(group, ChannelView("HTML", BERLIN))
    parts = [rendered.plain_text]
    if buttons := keyboard(group):
        parts += ["", *(" ".join(f"[ {b.text} ]" for b in row) for row in buttons.rows)]
    parts += ["", f"overflow: {'yes' if rendered.overflow else 'no'}"]
    parts += ["", "---- HTML", rendered.text, "", "---- MarkdownV2", markdown.text]
    if caption.plain_text != rendered.plain_text:
        parts += ["", "---- as a caption", caption.plain_text]
    return "\n".join(parts) + "\n"


def compare(name: str, content: str) -> None:
    """Compare with the golden file, or write it where that was asked for."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(content)
    assert content == path.read_text(), f"{name} differs; see the head of {__file__}"


@pytest.mark.parametrize("case", CASES)
def test_message(case: str) -> None:
    compare(f"{case}.txt", written(CASES[case]))


@pytest.mark.parametrize("case", DOCUMENTED)
def test_document(case: str) -> None:
    _, content = render_document(CASES[case], BERLIN)
    compare(f"{case}.document.txt", content.decode())


def test_every_golden_file_belongs_to_a_case() -> None:
    expected = {f"{case}.txt" for case in CASES} | {f"{c}.document.txt" for c in DOCUMENTED}
    assert {path.name for path in GOLDEN.iterdir()} == expected
