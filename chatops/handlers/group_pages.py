"""What people read of an alert by its buttons: all labels, its history, and who has to do with it.

The first two are replies to the alert's message, of which the pages are turned in place.
"""

from dataclasses import replace

from alerts.group_views import views_of, zone_of
from alerts.muting.known import muting_in
from alerts.rendering.actions import Verb, page_rows
from alerts.rendering.muted import mute_note
from alerts.rendering.pages import LINES_PER_PAGE, Page, history_page, label_page
from alerts.rendering.times import Times
from alerts.rendering.view_model import GroupView
from alerts.timeline import entries_of
from botapi.keyboards import InlineKeyboard
from chatops import replies
from chatops.responding.pressing import Press
from chatops.responding.said import Said
from deliveries import clock, outbox
from deliveries.models import Delivery, SentMessage
from languages.speaking import gettext, pgettext

ENTRIES_MAX = 25 * LINES_PER_PAGE


def labels(press: Press) -> Said:
    """Every alert with all that is known of it."""
    zone = zone_of(press.row.channel)
    return _show(press, Verb.DETAILS, label_page(_view(press), zone, _number(press)))


def history(press: Press) -> Said:
    """What happened to it, newest first."""
    zone = zone_of(press.row.channel)
    entries = entries_of(press.group, ENTRIES_MAX)
    page = history_page(_view(press), entries, zone, _number(press))
    return _show(press, Verb.HISTORY, page)


def who(press: Press) -> Said:
    """In a window: nobody else in the chat has to read it."""
    view, times = _view(press), Times(press.context.zone, press.context.now)
    said = []
    if view.acknowledged_at is not None:
        at = times.show(view.acknowledged_at)
        name = view.acknowledged_by or pgettext("who did it", "somebody")
        said.append(gettext("Acknowledged by {who} at {time}.").format(who=name, time=at))
    if view.assigned_to:
        said.append(gettext("Assigned to {who}.").format(who=view.assigned_to))
    if view.silenced_note:
        said.append(f"{view.silenced_note}.")
    if ended := {alert.ended for alert in view.alerts if alert.ended}:
        how = ", ".join(sorted(ended))
        said.append(f"{how[:1].upper()}{how[1:]}.")
    nobody = gettext("Nobody has done anything about it yet.")
    return Said("\n".join(said) or nobody, "told who", alert=True)


def close(press: Press) -> Said:
    """Take away what was only read. The alert's own message stays."""
    message = replies.answer_here(press.context, press.row.organization_id)
    if message is None:
        return Said("", "nothing to close")
    _change(message, outbox.Call("deleteMessage", {}))
    return Said("", "closed")


def _view(press: Press) -> GroupView:
    group, now = press.group, press.context.now
    mutings = muting_in([group], now)
    view = views_of([group], now, mutings)[group.pk].view
    if muting := mutings.get(group.pk):
        note = mute_note(muting, zone_of(press.row.channel), view.opened_at)
        view = replace(view, silenced_note=note)
    return view


def _number(press: Press) -> int:
    given = press.argument
    return int(given) if given.isdecimal() and len(given) <= 3 else 1


def _show(press: Press, verb: Verb, page: Page) -> Said:
    """In the place of the page whose button was pressed, else as a reply."""
    keyboard = InlineKeyboard(
        tuple(map(tuple, page_rows(press.row.pk, verb, page.number, page.pages)))
    )
    message = replies.answer_here(press.context, press.row.organization_id)
    if message is None:
        replies.reply(press.context, page.text, keyboard, plain=page.plain_text)
        return Said("", "showed a page")
    params = {
        "text": page.text,
        "parse_mode": "HTML",
        "link_preview_options": replies.NO_PREVIEW,
        "reply_markup": keyboard.as_json(),
    }
    _change(message, outbox.Call("editMessageText", params, plain_text=page.plain_text))
    return Said("", "turned a page")


def _change(message: SentMessage, call: outbox.Call) -> None:
    outbox.change(
        message,
        call,
        channel=None,
        purpose=Delivery.Purpose.ANSWER,
        priority=Delivery.Priority.INTERACTIVE,
        due_at=clock.now(),
    )
