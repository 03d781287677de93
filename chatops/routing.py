"""Which handler an update is for: the first that takes it. The order is this file."""

from collections.abc import Callable

from chatops.context import Context
from chatops.handled import Handled
from chatops.handlers import (
    approvals,
    callbacks,
    chats,
    comments,
    conversing,
    inline,
    linking,
    membership,
    own_actions,
    polls,
    pressed,
    reminders,
    start,
    unasked,
)
from chatops.handlers.commands import dispatch

Handler = Callable[[Context], Handled | None]
"""Runs in a transaction, and may run again (context.Ask). None: not for me."""

HANDLERS: tuple[Handler, ...] = (
    membership.note,
    linking.channel_added,
    membership.handle,
    linking.handle,
    chats.handle,
    chats.pressed,
    start.handle,
    dispatch.handle,
    comments.handle,
    conversing.handle,
    approvals.handle,
    own_actions.handle,
    reminders.handle,
    pressed.handle,
    callbacks.handle,
    inline.handle,
    polls.handle,
    unasked.handle,
)
