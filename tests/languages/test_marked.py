"""Whatever the bot says in a chat can be said in another language."""

from pathlib import Path

import pytest

from tests.languages.marked import modules, unmarked

ROOT = Path(__file__).resolve().parents[2]
SPEAK = (
    "alerts/durations.py",
    "alerts/group_state.py",
    "alerts/muting/silences.py",
    "alerts/muting/silencing.py",
    "alerts/publish_plan.py",
    "alerts/rendering",
    "alerts/responding.py",
    "alerts/sound_words.py",
    "alerts/timeline.py",
    "alerts/trail.py",
    "chatops/actions/asking.py",
    "chatops/actions/endings.py",
    "chatops/actions/known.py",
    "chatops/actions/runs.py",
    "chatops/actions/telling.py",
    "chatops/actions/words.py",
    "chatops/approvals/showing.py",
    "chatops/chat_menus.py",
    "chatops/conversations",
    "chatops/endpoints/send.py",
    "chatops/handlers/approvals.py",
    "chatops/handlers/callbacks.py",
    "chatops/handlers/chats.py",
    "chatops/handlers/commands",
    "chatops/handlers/comments.py",
    "chatops/handlers/conversing.py",
    "chatops/handlers/group_buttons.py",
    "chatops/handlers/group_pages.py",
    "chatops/handlers/inline.py",
    "chatops/handlers/linking.py",
    "chatops/handlers/membership.py",
    "chatops/handlers/own_actions.py",
    "chatops/handlers/polls.py",
    "chatops/handlers/pressed.py",
    "chatops/handlers/reminders.py",
    "chatops/handlers/start.py",
    "chatops/handlers/unasked.py",
    "chatops/linking/arrivals.py",
    "chatops/linking/chat_offers.py",
    "chatops/linking/preferences.py",
    "chatops/linking/telling.py",
    "chatops/menus.py",
    "chatops/personal",
    "chatops/processing.py",
    "chatops/reminders",
    "chatops/reports/make.py",
    "chatops/reports/summary.py",
    "chatops/responding",
    "chatops/when/lengths.py",
    "chatops/when/occasions.py",
    "chatops/when/reading.py",
    "chatops/when/saying.py",
    "chatops/when/spans.py",
    "chatops/when/splitting.py",
    "deliveries/advice.py",
    "deliveries/troubles.py",
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
