"""/start and /help in private: who this bot is, and what it does for whom."""

from django.conf import settings

from botapi.markup_escape import escape_html
from chatops.context import Context
from chatops.handled import Handled
from chatops.replies import reply
from chatops.responding.pressing import START_LINKING
from languages.speaking import gettext


def handle(context: Context) -> Handled | None:
    """The first thing that anybody says to a bot; of strangers by whatever link they came. A code
    of a link is taken before."""
    command = context.incoming.command
    if context.incoming.kind != "message" or command is None or command.name != "start":
        return None
    if not context.is_private:
        return None
    if context.user is not None and command.rest not in ("", START_LINKING):
        return None
    if context.user is None:
        page = escape_html(f"{settings.SITE_URL}/chatops/linkcode/mine/")
        words = gettext(
            "This bot brings alerts, and people act on them here. I do not know you yet: open "
            "<b>My Telegram</b> in the console ({page}), sign in, and link your account there."
        )
        reply(context, words.format(page=page))
        return Handled("greeted a stranger")
    words = gettext("Hello {name}. /help says what I can do for you.")
    if command.rest:
        words = gettext(
            "Hello {name}. Your account is linked already. /help says what I can do for you."
        )
    reply(context, words.format(name=escape_html(context.actor.name)))
    return Handled("greeted")
