"""Buttons below reminders: end one, take that back, have it told once more."""

from datetime import UTC, datetime, timedelta

from botapi import callback_data
from botapi.callback_data import Pressed
from botapi.keyboards import CallbackButton, keyboard
from botapi.markup import Node, bold
from botapi.markup import text as text_node
from chatops.context import Context
from chatops.handled import Handled, toast
from chatops.models import Reminder
from chatops.reminders import changes, text
from chatops.reminders.setting import cancelled
from chatops.replies import put
from chatops.responding import policy, told
from chatops.responding.pressing import actor_of
from chatops.when import saying
from languages.speaking import gettext, gettext_noop

GONE = gettext_noop("This reminder is not there any more.")
NOT_YOURS = gettext_noop("This is somebody else's reminder.")
PAST = gettext_noop("Its time is past, so that cannot be taken back.")


def handle(context: Context) -> Handled | None:
    """None for buttons of others."""
    if context.incoming.kind != "callback_query":
        return None
    pressed = callback_data.unpack(context.incoming.text)
    if pressed is None or pressed.verb not in (text.END, text.UNDO, text.SNOOZE):
        return None
    reminder = _mine(context, pressed)
    if isinstance(reminder, str):
        return _no(context, reminder)
    if pressed.verb == text.END:
        return _end(context, reminder)
    if pressed.verb == text.UNDO:
        return _undo(context, reminder, pressed.argument)
    return _snooze(context, reminder, pressed.argument)


def _mine(context: Context, pressed: Pressed) -> Reminder | str:
    """Who made it may change it, and whom it is told in private; what a chat is told whoever may
    act there may put off."""
    if context.organization is None or context.chat is None or context.incoming.sender is None:
        return GONE
    rows = Reminder.objects.for_organization(context.organization).filter(pk=pressed.row)
    reminder = rows.select_related("chat", "organization", "made_by").first()
    if reminder is None or reminder.chat.bot_id != context.bot.pk:
        return GONE
    own = reminder.telegram_user_id == context.incoming.sender.id
    here = reminder.chat_id == context.chat.pk
    if own or (here and reminder.recipient is not None):
        return reminder  # what is told in a person's private chat is theirs to end
    if here and pressed.verb == text.SNOOZE and policy.may_act(context):
        return reminder
    return NOT_YOURS if here else GONE


def _end(context: Context, reminder: Reminder) -> Handled:
    due = reminder.due_at or reminder.untold_since
    if not changes.end_reminder(reminder) or due is None:
        return _no(context, GONE)
    words, buttons = cancelled(reminder, due)
    put(context, words, buttons)
    return Handled("cancelled a reminder", toast(context.incoming.query_id, gettext("Cancelled.")))


def _undo(context: Context, reminder: Reminder, argument: str) -> Handled:
    seconds = int(argument) if argument.isdecimal() and len(argument) < 12 else 0
    if not changes.restore_reminder(reminder, datetime.fromtimestamp(seconds, UTC)):
        return _no(context, PAST)
    reminder.refresh_from_db()
    when = changes.recurrence_of(reminder) or reminder.due_at
    assert when is not None  # it was just given a time
    nodes = text.understood(reminder.text, when, "you", context.zone, context.now)
    button = CallbackButton(gettext("Cancel it"), callback_data.pack(text.END, reminder.pk))
    put(context, told.html(nodes), keyboard([button]))
    return Handled("restored a reminder", toast(context.incoming.query_id))


def _snooze(context: Context, reminder: Reminder, argument: str) -> Handled:
    known = {minutes for _, minutes in text.SNOOZES}
    if argument not in known:
        return _no(context, GONE)
    until = context.now + timedelta(minutes=int(argument))
    if not changes.snooze(reminder, until):
        return _no(context, GONE)
    at = saying.told(until, context.zone, context.now, exact=False)
    nodes: list[Node] = [text_node("⏰ "), bold(text.short(reminder.text))]
    who = told.name_of(actor_of(context).name)
    line = gettext("Once more {time} ({zone}) · {who}")
    nodes.append(text_node("\n" + line.format(time=at, zone=context.zone.key, who=who)))
    put(context, told.html(nodes), None)
    words = gettext("Once more {time}.").format(time=at)
    return Handled("put off a reminder", toast(context.incoming.query_id, words))


def _no(context: Context, why: str) -> Handled:
    answer = toast(context.incoming.query_id, gettext(why), alert=True)
    return Handled("a press that was refused", answer)
