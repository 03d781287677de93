"""/alerts and /silences: what is the case."""

from botapi.markup import text
from chatops.context import Context
from chatops.handled import Handled
from chatops.handlers.commands.asked import Asked
from chatops.models import Listing
from chatops.replies import chat_of, reply
from chatops.responding import lists
from chatops.responding.told import html
from chatops.responding.wanted_groups import NotUnderstood
from languages.speaking import gettext

QUERY_MAX = 200


def alerts(asked: Asked) -> Handled:
    """What is open: all, or what the words are about."""
    return listed(asked.context, "alerts", asked.rest)


def silences(asked: Asked) -> Handled:
    """What is kept quiet."""
    return listed(asked.context, "silences", "")


def listed(context: Context, kind: str, query: str) -> Handled:
    """The first page; its other pages are turned by buttons."""
    if len(query) > QUERY_MAX:
        reply(context, gettext("Write at most {count} characters.").format(count=QUERY_MAX))
        return Handled(f"/{kind}: too long")
    if context.organization is None:
        raise AssertionError("whoever may read reads of an organization")
    try:
        listing, shown = context.look("list", lambda: _first_page(context, kind, query))
    except NotUnderstood as why:
        reply(context, html([text(str(why))]))
        return Handled(f"/{kind}: not understood")
    if shown.keyboard is not None:
        listing.chat = chat_of(context)
        listing.save(force_insert=True)
    reply(context, shown.text, shown.keyboard)
    return Handled(f"listed {kind}")


def _first_page(context: Context, kind: str, query: str) -> tuple[Listing, lists.Shown]:
    listing = Listing(
        organization=context.organization,
        chat=context.chat,
        kind=kind,
        query=query.replace("\0", ""),
        message_thread_id=context.incoming.message_thread_id or 0,
        shown_at=context.now,
    )
    return listing, lists.show(context, listing, 1)
