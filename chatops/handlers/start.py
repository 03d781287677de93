"""/start and /help in private: who this bot is, and what it does for whom."""

from django.conf import settings

from botapi.markup_escape import escape_html
from chatops.context import Context
from chatops.handled import Handled
from chatops.replies import reply


def handle(context: Context) -> Handled | None:
    """The first thing that anybody says to a bot."""
    command = context.incoming.command
    if context.incoming.kind != "message" or command is None or command.name != "start":
        return None
    if not context.is_private or command.rest:
        return None
    if context.user is None:
        reply(
            context,
            "This bot brings alerts, and people act on them here. I do not know you yet: sign in "
            f"at {escape_html(settings.SITE_URL)} and link your Telegram account there.",
        )
        return Handled("greeted a stranger")
    reply(context, f"Hello {escape_html(context.actor.name)}. /help says what I can do for you.")
    return Handled("greeted")
