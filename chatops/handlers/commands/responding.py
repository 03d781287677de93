"""/ack, /unack, /resolve."""

from django.db.models import QuerySet

from alerts import responding
from alerts.models import AlertGroup
from alerts.responding import ResponseRefused
from botapi.markup import text
from chatops.handled import Handled
from chatops.handlers.commands.asked import Asked
from chatops.replies import reply
from chatops.responding import acting, targets
from chatops.responding.pressing import actor_of
from chatops.responding.reach import open_here
from chatops.responding.told import html
from chatops.responding.wanted_groups import NotUnderstood
from languages.speaking import gettext, gettext_noop, ngettext

WHICH = {
    "ack": gettext_noop("Which one are you on?"),
    "unack": gettext_noop("Which one is nobody on any more?"),
    "resolve": gettext_noop("Which one is over?"),
}


def ack(asked: Asked) -> Handled:
    """Of those that nobody is on."""
    free = open_here(asked.context).filter(acknowledged_at=None)
    return _act(asked, "ack", free, gettext("Nothing is open here that nobody is on."))


def unack(asked: Asked) -> Handled:
    """Of those that somebody is on."""
    taken = open_here(asked.context).filter(acknowledged_at__isnull=False)
    return _act(asked, "unack", taken, gettext("Nobody is on anything here."))


def resolve(asked: Asked) -> Handled:
    """Of all that is open."""
    return _act(asked, "resolve", open_here(asked.context), gettext("Nothing is open here."))


def _act(asked: Asked, action: str, candidates: QuerySet[AlertGroup], none: str) -> Handled:
    context = asked.context
    try:
        target = targets.find(context, asked.rest, candidates, none)
    except NotUnderstood as why:
        reply(context, html([text(str(why))]))
        return Handled(f"/{action}: nothing meant")
    group = target.sure
    if group is None:
        words = " ".join(filter(None, (gettext(WHICH[action]), _and_more(target.more))))
        reply(context, html([text(words)]), acting.choices(action, target.groups))
        return Handled(f"/{action}: asked which")
    done = acting.ACTIONS[action](context, group)
    noted = _note(asked, group, target.words)
    reply(context, done.text + noted, done.keyboard)
    return Handled(done.outcome)


def _and_more(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "{count} more: name it, or reply to it.", "{count} more: name it, or reply to it.", count
    ).format(count=count)


def _note(asked: Asked, group: AlertGroup, words: str) -> str:
    """What was said beside a command that replies to an alert is a comment."""
    if not words:
        return ""
    try:
        responding.comment(actor_of(asked.context), group, words)
    except ResponseRefused as refusal:
        return "\n" + html([text(gettext("Your comment: {reason}").format(reason=refusal))])
    return "\n" + gettext("💬 Noted.")
