"""Each verb behind a button means one thing, whoever's buttons they are."""

from alerts.rendering.actions import Verb
from chatops.actions import telling
from chatops.approvals import changes
from chatops.handlers import pressed
from chatops.reminders import text


def test_no_verb_is_given_twice() -> None:
    verbs = [*Verb, *pressed.VERBS, changes.VERB, text.END, text.UNDO, text.SNOOZE]
    verbs.append(telling.VERB)
    assert len(verbs) == len(set(verbs)), sorted(verbs)
