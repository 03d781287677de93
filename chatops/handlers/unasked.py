"""The last handler: what a person writes in private that is nothing of the above. Something comes
back always, so that nobody waits for an answer; in groups people talk to each other."""

from chatops.context import Context
from chatops.handled import Handled
from chatops.replies import reply
from languages.speaking import gettext, gettext_noop

KNOWN = gettext_noop("I am not asking anything just now. /help says what I can do.")
STRANGER = gettext_noop("I do not know you yet. /start says how that changes.")


def handle(context: Context) -> Handled | None:
    """None outside of private chats."""
    incoming = context.incoming
    if incoming.kind != "message" or not context.is_private or incoming.sender is None:
        return None
    if not incoming.text or incoming.sender.is_bot or incoming.message.get("via_bot"):
        return None
    reply(context, gettext(KNOWN if context.user is not None else STRANGER))
    return Handled("said what I can do")
