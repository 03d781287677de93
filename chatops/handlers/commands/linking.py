"""/unlink and /newchannel: whose account this is, and which chats get alerts."""

from botapi.markup_escape import escape_html
from chatops.context import as_user
from chatops.handled import Handled
from chatops.handlers import chats
from chatops.handlers.commands.asked import Asked
from chatops.linking import people
from chatops.replies import reply
from languages.speaking import gettext, gettext_noop

IN_PRIVATE = gettext_noop("Send me this in private: it is about you alone.")
UNLINKED = gettext_noop(
    "This Telegram account is not linked any more. What you do here is a stranger's now."
)
NOT_LINKED = gettext_noop("This Telegram account is not linked to anybody.")


def unlink(asked: Asked) -> Handled:
    """The Telegram account is nobody's from now on."""
    context = asked.context
    if not context.is_private:
        reply(context, gettext(IN_PRIVATE))
        return Handled("not here")
    if context.identity is None:
        reply(context, gettext(NOT_LINKED))
        return Handled("nothing to unlink")
    people.unlink(as_user(context.identity.user), context.identity)
    reply(context, gettext(UNLINKED))
    return Handled("unlinked")


def newchannel(asked: Asked) -> Handled:
    """Choose a group or channel, to be connected."""
    context = asked.context
    if not context.is_private:
        reply(context, gettext(IN_PRIVATE))
        return Handled("not here")
    refused = chats.why_not_manager(context)
    if refused:
        reply(context, escape_html(refused))
        return Handled("may not connect chats")
    reply(context, gettext(chats.CHOOSE), chats.chooser())
    return Handled("a chat is to be chosen")
