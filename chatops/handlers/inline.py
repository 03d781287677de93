"""`@bot words` in any chat: the asker's alerts, to be posted there as their own message.

Only what organizations of the asker have is found, whatever chat they write in; so the answer is
theirs alone (`is_personal`), and kept for seconds.
"""

from typing import Any

from django.db import transaction
from django.db.models import F

from alerts.models import AlertGroup
from chatops.context import Context
from chatops.handled import Answer, Handled
from chatops.models import InlineChoice
from chatops.responding.cards import card, group_of_result
from chatops.responding.pressing import START_LINKING
from chatops.responding.search import find_groups
from chatops.responding.sight import seen
from languages.speaking import gettext, gettext_noop

PER_PAGE = 20
"""Telegram takes at most 50 results."""
CACHE_SECONDS = 5
_FURTHEST = 1_000
_LINK = gettext_noop("Link your account to find your alerts")


def handle(context: Context) -> Handled | None:
    """Queries, and what was chosen of their results."""
    if context.incoming.kind == "inline_query":
        return _answer(context)
    if context.incoming.kind == "chosen_inline_result":
        return _count(context)
    return None


def _answer(context: Context) -> Handled:
    query_id = context.incoming.query_id
    if context.user is None or not context.memberships:
        button = {"text": gettext(_LINK), "start_parameter": START_LINKING}
        return Handled("asked by a stranger", _results(query_id, [], button=button))
    offset = _offset(context.incoming.body.get("offset"))
    cards, more = context.look("found", lambda: _found(context, offset))
    further = offset + PER_PAGE
    more = more and further <= _FURTHEST
    return Handled(
        f"found {len(cards)}{' and more' if more else ''}",
        _results(query_id, cards, next_offset=str(further) if more else ""),
    )


def _found(context: Context, offset: int) -> tuple[list[Any], bool]:
    """The cards of a page, and whether there are more."""
    organizations = [one.organization_id for one in context.memberships]
    groups = find_groups(organizations, context.incoming.text, offset, PER_PAGE + 1)
    shown = list(groups[:PER_PAGE])
    views = seen(shown, context.now, context.zone)
    cards = [card(group.pk, views[group.pk], context.zone) for group in shown]
    return cards, len(groups) > PER_PAGE


def _results(query_id: str, results: list[Any], **more: Any) -> Answer:
    given = {name: value for name, value in more.items() if value}
    return Answer(
        "answerInlineQuery",
        {
            "inline_query_id": query_id,
            "results": results,
            "cache_time": CACHE_SECONDS,
            "is_personal": True,
            **given,
        },
    )


def _offset(given: object) -> int:
    """Of `next_offset`, which the client sends back."""
    text = given if isinstance(given, str) else ""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0
    return min(number, _FURTHEST)


def _count(context: Context) -> Handled:
    """How often a query led to a choice (Bot API ChosenInlineResult; sent where BotFather's inline
    feedback is on)."""
    group_id = group_of_result(str(context.incoming.body.get("result_id", "")))
    group = None
    for membership in context.memberships:
        rows = AlertGroup.objects.for_organization(membership.organization_id)
        group = group or (rows.filter(pk=group_id).first() if group_id else None)
    if group is None:
        return Handled("chose nothing of ours")
    words = " ".join(context.incoming.text.lower().split())[: InlineChoice.WORDS_MAX]
    with transaction.atomic():
        row, _ = InlineChoice.objects.get_or_create(
            organization_id=group.organization_id, words=words
        )
        InlineChoice.objects.filter(pk=row.pk).update(times=F("times") + 1, last_at=context.now)
    return Handled("chose a result")
