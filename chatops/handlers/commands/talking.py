"""/comment and /cancel."""

from typing import Any

from alerts import responding
from alerts.responding import ResponseRefused
from botapi.keyboards import RemoveKeyboard
from botapi.markup import text
from chatops.conversations.comment import COMMENT, NOTHING_OPEN, noted
from chatops.conversations.engine import begin
from chatops.conversations.engine import cancel as drop
from chatops.handled import Handled
from chatops.handlers.commands.asked import Asked
from chatops.replies import reply
from chatops.responding import targets, told
from chatops.responding.acting import of_group
from chatops.responding.pressing import actor_of
from chatops.responding.reach import open_here
from chatops.responding.wanted_groups import NotUnderstood
from languages.speaking import gettext, gettext_noop

NOTHING_ASKED = gettext_noop("I am not asking you anything.")


def comment(asked: Asked) -> Handled:
    """In reply to an alert at once; else which one, and what, is asked."""
    context = asked.context
    group = targets.replied_group(context)
    known: dict[str, Any] = {}
    if group is not None and asked.rest:
        try:
            responding.comment(actor_of(context), group, asked.rest)
        except ResponseRefused as refusal:
            reply(context, of_group("", group, f": {refusal}"))
            return Handled("comment refused")
        reply(context, noted(group))
        return Handled("commented")
    if group is not None:
        known["which"] = str(group.pk)
    else:
        try:
            none = gettext(NOTHING_OPEN)
            found = targets.find(context, asked.rest, open_here(context), none).sure
        except NotUnderstood as why:
            reply(context, told.html([text(str(why))]))
            return Handled("/comment: nothing meant")
        known |= {"which": str(found.pk)} if found else {}
    return begin(context, COMMENT, known)


def cancel(asked: Asked) -> Handled:
    """Leave open what is asked; a keyboard that stands in the place of the letters goes with it."""
    handled = drop(asked.context)
    if handled is None:
        keyboard = RemoveKeyboard(not asked.context.is_private)
        reply(asked.context, gettext(NOTHING_ASKED), keyboard)
        return Handled("nothing to drop")
    return handled
