"""Whatever the bot says in a chat can be said in another language."""

from pathlib import Path

import pytest

from tests.languages.marked import modules, unmarked

ROOT = Path(__file__).resolve().parents[2]
SPEAK = (
    "chatops/actions/asking.py",
    "chatops/actions/endings.py",
    "chatops/actions/known.py",
    "chatops/actions/runs.py",
    "chatops/actions/telling.py",
    "chatops/actions/words.py",
    "chatops/endpoints/send.py",
    "chatops/handlers/commands/settings.py",
    "chatops/linking/preferences.py",
    "chatops/personal",
    "chatops/processing.py",
    "chatops/reminders",
    "chatops/reports/make.py",
    "chatops/reports/summary.py",
    "chatops/when/lengths.py",
    "chatops/when/occasions.py",
    "chatops/when/reading.py",
    "chatops/when/saying.py",
    "chatops/when/spans.py",
    "chatops/when/splitting.py",
)
"""Packages and modules whose sentences are read in chats."""


@pytest.mark.parametrize("place", SPEAK)
def test_every_sentence_is_marked(place: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for path in modules(ROOT / place)
        for line, text in unmarked(path.read_text())
    ]
    assert found == [], "write gettext(…) around what people read"


def test_an_unmarked_sentence_is_found() -> None:
    source = '''
"""This is a docstring."""
HOW = "Send it again."
MARKED = gettext_noop("Send it again.")
def f():
    log.info("told the chat about it")
    reply(context, f"You sent this {ago} and it is old.")
    reply(context, gettext("You sent this."))
    return Handled("told the chat")
'''
    assert [line for line, _ in unmarked(source)] == [3, 7, 7]
