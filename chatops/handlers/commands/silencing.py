"""/silence and /unsilence."""

from typing import Any

from alerts.models import AlertGroup, Silence
from alerts.muting.silences import expire_silence
from botapi import callback_data
from botapi.keyboards import CallbackButton, keyboard
from botapi.markup import code, filled, text
from chatops.context import Context
from chatops.conversations.engine import begin
from chatops.conversations.silence import SILENCE, SeveralMeant, read_subject
from chatops.handled import Handled
from chatops.handlers.commands.asked import Asked
from chatops.replies import reply
from chatops.responding import policy, silencing, targets, told
from chatops.responding.acting import Done, undo
from chatops.responding.pressing import actor_of
from chatops.responding.reach import open_here
from chatops.responding.silence_words import (
    Time,
    TimeRefused,
    TimeUnclear,
    Words,
    read_time,
    take_apart,
)
from chatops.responding.silences_here import holding_for, silences_here
from chatops.responding.wanted_groups import NotUnderstood, is_matchers, read
from languages.speaking import gettext, gettext_noop, ngettext

END = "ce"
CHOICES = 10
NONE_HERE = gettext_noop("Nothing is silenced here.")


def silence(asked: Asked) -> Handled:
    """At once where all is told; else what is missing is asked."""
    context = asked.context
    known: dict[str, Any] = {}
    try:
        words = take_apart(asked.rest)
        time = _time(context, words, known)
        subject = _subject(context, words, known)
    except SeveralMeant as several:
        known["among"] = several.groups
        return begin(context, SILENCE, known)
    except (NotUnderstood, TimeRefused, TimeUnclear) as why:
        reply(context, told.html([text(str(why))]))
        return Handled("/silence: not understood")
    if subject is None:
        return begin(context, SILENCE, known)
    if time is None:
        return begin(context, SILENCE, known | {"which": subject})
    done = silencing.make(context, subject, time, known.get("comment", ""))
    reply(context, done.text, done.keyboard)
    return Handled(done.outcome)


def _time(context: Context, words: Words, known: dict[str, Any]) -> Time | None:
    """What was said of it goes into `known`; None where it has to be asked. Raises TimeRefused."""
    if words.comment:
        known["comment"] = words.comment
    if not words.when:
        return None
    try:
        time = read_time(words.when, context.zone, context.now)
    except TimeUnclear as unclear:
        known["ways"] = list(unclear.ways)
        return None
    known["time"] = time.to_json()
    return time


def _subject(context: Context, words: Words, known: dict[str, Any]) -> silencing.Subject | None:
    """None where it has to be asked. Raises NotUnderstood."""
    group = targets.replied_group(context)
    if group is not None:
        if words.subject:  # a reply names the alert, so the rest is why
            known["comment"] = " ".join((words.subject, words.comment)).strip()
        return silencing.subject_of_group(group)
    if not words.subject:
        only = targets.find(context, "", open_here(context), "").sure if _any(context) else None
        return silencing.subject_of_group(only) if only else None
    return read_subject(context, words.subject)


def _any(context: Context) -> bool:
    return open_here(context).exists()


def unsilence(asked: Asked) -> Handled:
    """End the silence that is meant: the only one, or one of several. For members: it may keep
    quiet what other chats are told."""
    context = asked.context
    if not policy.is_member(context):
        reply(context, told.html([text(policy.why_not(context))]))
        return Handled("/unsilence: refused")
    try:
        found = _meant(context, asked.rest)
    except NotUnderstood as why:
        reply(context, told.html([text(str(why))]))
        return Handled("/unsilence: nothing meant")
    if len(found) == 1:
        done = end(context, found[0])
        reply(context, done.text, done.keyboard)
        return Handled(done.outcome)
    buttons = [
        [
            CallbackButton(
                told.label_of(told.matchers_text(one.matchers)), callback_data.pack(END, one.pk)
            )
        ]
        for one in found[:CHOICES]
    ]
    words = gettext("Which silence shall end?")
    if (more := len(found) - CHOICES) > 0:
        also = ngettext("{count} more: name it.", "{count} more: name it.", more)
        words += " " + also.format(count=more)
    reply(context, told.html([text(words)]), keyboard(*buttons))
    return Handled("/unsilence: asked which")


def _meant(context: Context, words: str) -> list[Silence]:
    silences = silences_here(context)
    if not silences:
        raise NotUnderstood(gettext(NONE_HERE))
    group = targets.replied_group(context)
    if group is not None:
        rows = AlertGroup.objects.for_organization(group.organization_id).filter(pk=group.pk)
        silences = holding_for(silences, rows)
    elif words and is_matchers(words):
        wanted = {str(one) for one in read(words)}
        silences = [one for one in silences if wanted <= _written(one)]
    elif words:
        low = words.lower()
        silences = [one for one in silences if low in told.matchers_text(one.matchers).lower()]
    if not silences:
        raise NotUnderstood(gettext("No silence here is about that. /silences lists them."))
    return silences


def _written(silence: Silence) -> set[str]:
    return {str(one) for one in told.matchers_of(silence.matchers)}


def end(context: Context, silence: Silence) -> Done:
    """It ends now; taking that back makes it anew until when it was to last."""
    until = int(silence.ends_at.timestamp())
    what = code(told.matchers_text(silence.matchers))
    if not expire_silence(actor_of(context), silence):
        return Done(
            "a silence that was over",
            told.html(filled(gettext("Over already: {matchers}"), matchers=what)),
        )
    nodes = filled(gettext("🔔 No longer silenced: {matchers}"), matchers=what)
    return Done("unsilenced", told.html(nodes), undo(silence.pk, f"unsilence.{until}"))
