"""Dialogues as they go on: a question, an answer, the next question, until all is known.

All of it is in the database, so the next answer may come to another process, and after a restart.
In groups a question is put to one person (`selective`), and only what replies to it, or is one of
its buttons, is an answer: the rest is talk.
"""

from dataclasses import dataclass, replace

from botapi.keyboards import Keyboard, RemoveKeyboard, check_keyboard_for
from botapi.markup import text
from chatops.context import Context
from chatops.conversations.definition import Again, Dialogue, Stop, Values
from chatops.conversations.questions import Answer, Rows
from chatops.conversations.rows import ask, conversation_of, new_conversation
from chatops.conversations.state import (
    Saved,
    from_json,
    is_back,
    is_cancel,
    is_label,
    keyboard_of,
    read_press,
)
from chatops.handled import Handled, toast
from chatops.models import Conversation
from chatops.replies import edit, reply
from chatops.responding import policy, told
from deliveries.outbox import MessageGone
from languages.speaking import gettext, gettext_noop

ANONYMOUS = gettext_noop(
    "You write in the name of a group or channel, so I cannot tell whom to ask. Say all of it in "
    "one message, or write in your own name."
)
OVER = gettext_noop("This question is not open any more.")
NOT_YOURS = gettext_noop("This question is for somebody else.")
ANSWERED = gettext_noop("This question is answered already.")
TIME_IS_UP = gettext_noop("Time is up for that question, and nothing was done. Begin anew.")
MOVED_ON = gettext_noop("I have changed since I asked that. Begin anew, please.")
DROPPED = gettext_noop("Dropped. Nothing was done.")


@dataclass(slots=True)
class Talk:
    """A dialogue under way."""

    context: Context
    dialogue: Dialogue
    row: Conversation
    saved: Saved


def begin(context: Context, dialogue: Dialogue, values: Values) -> Handled:
    """Ask for what is not known yet. Another dialogue of this person here is dropped, with a
    word."""
    if context.incoming.is_anonymous:
        reply(context, gettext(ANONYMOUS))
        return Handled(f"{dialogue.kind}: asked nobody")
    lead = ""
    if (old := conversation_of(context)) is not None:
        if old.expires_at > context.now:
            lead = gettext("I drop the question before this one.") + " "
        old.delete()
    row = new_conversation(context, dialogue.kind)
    return _go_on(Talk(context, dialogue, row, Saved(dict(values))), lead)


def said(context: Context, row: Conversation, dialogue: Dialogue | None) -> Handled | None:
    """Take what they wrote as their answer; None where it is none."""
    saved = from_json(row.data, dialogue.version) if dialogue else None
    answer = _answer(context, saved or Saved())
    is_reply = bool(row.prompt and context.incoming.replied_to == row.prompt.message_id)
    is_button = answer.value is not None or is_label(answer.text)
    if not (context.is_private or is_reply or is_button):
        return None
    if dialogue is None or saved is None:
        return _drop(context, row, gettext(MOVED_ON))
    if row.expires_at <= context.now:
        return _drop(context, row, gettext(TIME_IS_UP))
    return _take(Talk(context, dialogue, row, saved), answer)


def pressed(
    context: Context, row: Conversation | None, dialogue: Dialogue | None, argument: str
) -> Handled:
    """A button below a question."""
    query = context.incoming.query_id
    sender = context.incoming.sender
    if row is None:
        return Handled("a question that is over", toast(query, gettext(OVER), alert=True))
    if sender is None or row.telegram_user_id != sender.id:
        return Handled("somebody else's question", toast(query, gettext(NOT_YOURS)))
    saved = from_json(row.data, dialogue.version) if dialogue else None
    if dialogue is None or saved is None:
        return Handled(_drop(context, row, gettext(MOVED_ON)).outcome, toast(query))
    if row.expires_at <= context.now:
        return Handled(
            _drop(context, row, gettext(TIME_IS_UP)).outcome, toast(query, gettext(TIME_IS_UP))
        )
    press = read_press(argument, saved)
    if press.turn != row.turn or press.label is None:
        return Handled("a question that is answered", toast(query, gettext(ANSWERED)))
    _settle(context, row, press.label)
    talk = Talk(context, dialogue, row, saved)
    handled = _take(talk, Answer(press.label, saved.value_of(press.label)))
    return Handled(handled.outcome, toast(query))


def cancel(context: Context) -> Handled | None:
    """Drop what this person is asked here; None where that is nothing."""
    row = conversation_of(context)
    if row is None:
        return None
    return _drop(context, row, gettext(DROPPED))


def _answer(context: Context, saved: Saved) -> Answer:
    message = context.incoming.message
    words = context.incoming.text.strip()
    contact, location = message.get("contact"), message.get("location")
    sender = context.incoming.sender
    if not isinstance(contact, dict) or sender is None or contact.get("user_id") != sender.id:
        contact = None  # somebody else's card proves nothing about who sent it
    return Answer(
        words,
        saved.value_of(words) if words else None,
        contact,
        location if isinstance(location, dict) else None,
    )


def _take(talk: Talk, answer: Answer) -> Handled:
    context, saved = talk.context, talk.saved
    # A choice may be called so: then only the button's own label is not that choice.
    is_around = answer.value is None or is_label(answer.text)
    if is_around and is_cancel(answer.text):
        return _drop(context, talk.row, gettext(DROPPED))
    if context.organization is None or context.organization.pk != talk.row.organization_id:
        return _drop(context, talk.row, gettext("This chat is another organization's by now."))
    if not policy.allows(context, talk.dialogue.needs):
        return _drop(context, talk.row, policy.why_not(context))
    if is_around and is_back(answer.text) and saved.trail:
        saved.values.pop(saved.trail.pop(), None)
        return _go_on(talk)
    step = talk.dialogue.by_name[talk.row.step]
    try:
        value = step.take(context, saved.values, answer)
    except Again as why:
        return _go_on(talk, f"{why} ", why.rows, outcome="asked again")
    except Stop as why:
        return _drop(context, talk.row, str(why))
    saved.values[step.name] = value
    saved.trail.append(step.name)
    return _go_on(talk)


def _go_on(talk: Talk, lead: str = "", rows: Rows = (), outcome: str = "") -> Handled:
    """Ask the next question, with other buttons than its own if `rows` has some, or do what is
    wanted."""
    context, saved, row = talk.context, talk.saved, talk.row
    step = talk.dialogue.next_step(saved.values)
    if step is None:
        return _finish(talk, lead)
    try:
        prompt = step.ask(context, saved.values)
    except Stop as why:
        return _drop(context, row, lead + str(why))
    prompt = replace(prompt, rows=rows) if rows else prompt
    saved.choices = [(one.label, one.value) for line in prompt.rows for one in line]
    row.turn += 1
    markup = keyboard_of(prompt, saved, row.pk, row.turn, is_private=context.is_private)
    check_keyboard_for("private" if context.is_private else "group", markup)
    message = reply(context, told.html([text(lead)]) + prompt.text, markup, to=_to(talk))
    ask(context, row, step.name, saved.to_json(talk.dialogue.version), message)
    return Handled(outcome or f"{row.kind}: asked {step.name}")


def _finish(talk: Talk, lead: str) -> Handled:
    done = talk.dialogue.finish(talk.context, talk.saved.values)
    if talk.row.turn:
        talk.row.delete()
    if isinstance(done, Handled):
        return done
    markup: Keyboard = done.keyboard or RemoveKeyboard(not talk.context.is_private)
    reply(talk.context, told.html([text(lead)]) + done.text, markup, to=_to(talk))
    return Handled(done.outcome)


def _drop(context: Context, row: Conversation, words: str) -> Handled:
    to = row.asked_in if context.incoming.kind == "callback_query" else 0
    reply(context, told.html([text(words)]), RemoveKeyboard(not context.is_private), to=to)
    if row.turn:
        row.delete()
    return Handled(f"{row.kind}: dropped")


def _to(talk: Talk) -> int:
    """Whose message is quoted: their last one. Who pressed a button wrote none."""
    return talk.row.asked_in if talk.context.incoming.kind == "callback_query" else 0


def _settle(context: Context, row: Conversation, label: str) -> None:
    """The question's buttons give way to what was chosen."""
    if row.prompt is None:
        return
    asked = context.incoming.message.get("text")
    words = asked if isinstance(asked, str) else ""
    try:
        edit(context, row.prompt, told.html([text(f"{words}\n› {label}".strip())]))
    except MessageGone:
        return
