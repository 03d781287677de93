"""Lists as people ask for them, a page at a time: what is open, what is silenced."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Q

from alerts.group_views import console_url
from alerts.models import AlertGroup, Silence, Status
from alerts.muting.known import muting_in
from alerts.muting.silence_rows import alert_counts
from alerts.rendering.times import Times
from botapi import callback_data
from botapi.keyboards import CallbackButton, InlineKeyboard, keyboard
from botapi.markup import Node, bold, text
from chatops.context import Context
from chatops.models import Listing
from chatops.reminders.changes import recurrence_of
from chatops.reminders.setting import own_or_here
from chatops.reminders.text import END, Row, listed
from chatops.responding import told
from chatops.responding.pages import ROWS, Page, page_of, turning, turning_keyboard
from chatops.responding.reach import open_here, sees_all
from chatops.responding.silences_here import silences_here
from chatops.responding.wanted_groups import filtered
from languages.speaking import gettext, pgettext


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as a message: HTML and its buttons."""

    text: str
    keyboard: InlineKeyboard | None


def show(context: Context, listing: Listing, number: int) -> Shown:
    """This page of it, as it is now. Raises NotUnderstood."""
    return KINDS[listing.kind](context, listing, number)


def _alerts(context: Context, listing: Listing, number: int) -> Shown:
    groups = filtered(open_here(context), listing.query, context.user)
    count = groups.count()
    page = page_of(number, count)
    rows = groups[page.first : page.first + ROWS].annotate(
        firing=Count(
            "members",
            filter=Q(
                members__alert__status=Status.FIRING,
                members__episode=F("members__alert__episode"),
            ),
        )
    )
    shown = list(rows)
    about = told.name_of(listing.query) if listing.query else ""
    if not shown:
        return Shown(told.html([text(f"✅ {_nothing_open(context, about)}")]), None)
    times = Times(context.zone, context.now)
    muted = _mutes(shown, context)
    title = gettext("Open: {count}").format(count=count)
    head = [bold(f"{title} · {about}" if about else title)]
    written = [
        told.group_row(_group_row(context, group, muted.get(group.pk.hex, "")), times)
        for group in shown
    ]
    return _paged(head, written, listing, page)


def _nothing_open(context: Context, about: str) -> str:
    if not about:
        everywhere = sees_all(context)
        return gettext("Nothing is open.") if everywhere else gettext("Nothing is open here.")
    words = gettext("Nothing is open here · {words}.")
    if sees_all(context):
        words = gettext("Nothing is open · {words}.")
    return words.format(words=about)


def _group_row(context: Context, group: AlertGroup, muted: str) -> told.GroupRow:
    firing: int = group.firing  # type: ignore[attr-defined]  # annotated by the caller
    return told.GroupRow(
        title=group.title,
        status="firing" if group.status == Status.FIRING else "resolved",
        severity=group.severity,
        firing=firing,
        since=group.opened_at,
        by=group.acknowledged_by if group.acknowledged_at else "",
        assigned=group.assigned_name,
        muted=muted,
        url=console_url(group) if context.is_private else "",
    )


def _mutes(groups: Sequence[AlertGroup], context: Context) -> dict[str, str]:
    """What keeps all of a group quiet."""
    names = {
        "silenced": pgettext("an alert", "silenced"),
        "inhibited": pgettext("an alert", "inhibited"),
        "timed": pgettext("an alert", "quiet hours"),
    }
    found = {}
    for pk, muting in muting_in(groups, context.now).items():
        if muting.is_whole:
            how = "timed" if muting.is_timed else next(iter(muting.mutes.values())).how
            found[pk.hex] = names[how]
    return found


def _silences(context: Context, listing: Listing, number: int) -> Shown:
    silences = silences_here(context)
    page = page_of(number, len(silences))
    shown = silences[page.first : page.first + ROWS]
    if not shown:
        words = gettext("Nothing is silenced here.")
        if sees_all(context):
            words = gettext("Nothing is silenced.")
        return Shown(told.html([text(f"🔔 {words}")]), None)
    holds = alert_counts(shown)
    times = Times(context.zone, context.now)
    written = [
        told.silence_row(_silence_row(one, holds[one.pk]), times, context.now) for one in shown
    ]
    head = gettext("Silences: {count}").format(count=len(silences))
    return _paged([bold(head)], written, listing, page)


def _silence_row(silence: Silence, holds: int) -> told.SilenceRow:
    return told.SilenceRow(
        silence.matchers,
        silence.starts_at,
        silence.ends_at,
        silence.author,
        silence.comment,
        holds,
    )


def _reminders(context: Context, listing: Listing, number: int) -> Shown:
    rows = own_or_here(context)
    page = page_of(number, len(rows))
    shown = rows[page.first : page.first + ROWS]
    if not shown:
        words = gettext("There is nothing to be reminded of. /remind sets it.")
        return Shown(told.html([text(words)]), None)
    told_rows = [
        Row(
            one.text,
            one.untold_since or one.due_at or context.now,
            recurrence_of(one),
            one.chat.title if context.is_private and one.chat_id != listing.chat_id else "",
            untold=one.untold_since is not None,
        )
        for one in shown
    ]
    written = listed(told_rows, page.first + 1, context.zone, context.now)
    ends = [
        CallbackButton(f"✖ {number}", callback_data.pack(END, one.pk))
        for number, one in enumerate(shown, page.first + 1)
    ]
    rows_of_buttons = [ends[at : at + 5] for at in range(0, len(ends), 5)]
    buttons = keyboard(*rows_of_buttons, turning(listing.pk, page))
    head = gettext("Reminders: {count}").format(count=len(rows))
    return Shown(told.lines([bold(head)], written), buttons)


def _paged(
    head: Sequence[Node], rows: Sequence[Sequence[Node]], listing: Listing, page: Page
) -> Shown:
    return Shown(told.lines(head, rows), turning_keyboard(listing.pk, page))


KINDS: dict[str, Callable[[Context, Listing, int], Shown]] = {
    "alerts": _alerts,
    "silences": _silences,
    "reminders": _reminders,
}
