"""The message that shows a run: what it says, and how often it is edited."""

from datetime import datetime, timedelta

from botapi.callback_data import pack
from botapi.keyboards import CallbackButton, InlineKeyboard
from channels_app.bots import bots_usable_by
from chatops.actions.endings import Why
from chatops.actions.words import Shown, shown
from chatops.linking.chat_language import chat_language
from chatops.models import ActionRun
from chatops.replies import NO_PREVIEW, plain_of, tell_chat
from deliveries import clock, outbox
from deliveries.models import Delivery
from languages.speaking import pgettext, speaking

VERB = "or"
"""Of the buttons below a run that is to be confirmed."""
RUN, CANCEL = "run", "cancel"
PACE = timedelta(seconds=5)
"""Between two edits that show progress: a group's 20 calls a minute are for alerts, too. What is
said meanwhile is told by the next one, the last word alone."""


def words_of(run: ActionRun, said: str | None = None) -> str:
    """HTML. `said`: what stands below in place of the run's own text."""
    text = run.text if said is None else said
    return shown(Shown(run.name, run.argument, run.asked_by, run.state, text, run.progress))


def keyboard_of(run: ActionRun) -> InlineKeyboard | None:
    """Run and Cancel, while it is to be confirmed."""
    if run.state != ActionRun.State.ASKED:
        return None
    buttons = ((pgettext("button", "Run"), RUN), (pgettext("button", "Cancel"), CANCEL))
    return InlineKeyboard(
        (tuple(CallbackButton(label, pack(VERB, run.pk, what)) for label, what in buttons),)
    )


def next_edit(shown_at: datetime | None, now: datetime) -> datetime:
    """When progress is shown next; `shown_at`: when it was, or is about to be."""
    if shown_at is None or shown_at > now:
        return shown_at or now
    return max(now, shown_at + PACE)


def show(run: ActionRun, due_at: datetime | None = None, said: Why | None = None) -> None:
    """Have its message say what is the case, in its chat's language; at once, unless it shows
    progress. `said`: in place of the run's text, which is English where it is ours. An end is told
    anew where the message is gone; nobody where the chat is another organization's by now."""
    if run.message is None or not _may_still_tell(run):
        return
    with speaking(chat_language(run.chat, run.organization)):
        text = words_of(run, said() if said is not None else None)
    params = {"text": text, "parse_mode": "HTML", "link_preview_options": NO_PREVIEW}
    priority = Delivery.Priority.LOW if due_at else Delivery.Priority.INTERACTIVE
    try:
        outbox.change(
            run.message,
            outbox.Call("editMessageText", params, plain_text=plain_of(text)),
            channel=None,
            purpose=Delivery.Purpose.ANSWER,
            priority=priority,
            due_at=due_at or clock.now(),
        )
    except outbox.MessageGone:
        if run.settled_at is not None and run.chat is not None:
            thread = run.message_thread_id
            run.message = tell_chat(run.organization_id, run.chat, thread, text, None)
            run.save(update_fields=["message"])


def _may_still_tell(run: ActionRun) -> bool:
    """While the chat is the organization's, and the bot serves it: what comes of a run is nothing
    to whose the chat is by now."""
    chat, owner = run.chat, run.organization_id
    if chat is None or chat.organization_id != owner:
        return False
    return bots_usable_by(owner).filter(pk=chat.bot_id).exists()
