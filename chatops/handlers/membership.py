"""What Telegram says of chats and of the bot's place in them."""

from chatops.context import Context
from chatops.handled import Handled
from chatops.handlers import chats
from chatops.linking import standing
from chatops.linking.membership import read_change


def note(context: Context) -> Handled | None:
    """Any update of a chat shows how it is called now; the update itself is for others."""
    standing.note_chat(context)
    return None


def handle(context: Context) -> Handled | None:
    """The bot was added, removed, promoted, muted; a group became a supergroup."""
    incoming = context.incoming
    if incoming.chat is None:
        return None
    change = read_change(incoming)
    if change is not None:
        outcome = standing.apply(context, incoming.chat, change)
        if outcome == standing.ARRIVED and incoming.chat.type == "channel":
            chats.ask_who_added(context, incoming.chat)
        return Handled(outcome)
    if incoming.kind == "message":
        new, old = (
            incoming.body.get(name) for name in ("migrate_to_chat_id", "migrate_from_chat_id")
        )
        if isinstance(new, int):
            return Handled(standing.migrate(context, incoming.chat.id, new))
        if isinstance(old, int):
            return Handled(standing.migrate(context, old, incoming.chat.id))
    return None
