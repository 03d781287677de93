"""Changes to messages that scripts sent: another text or file, a live location's next place, a
poll's end.

They leave in order: behind what waits of the same message, or merged into it.
"""

from django.db import transaction

from deliveries import clock, outbox
from deliveries.calls import KIND_SENT_BY
from deliveries.drafts import Draft
from deliveries.kinds import CHANGEABLE
from deliveries.messages import kept_files, with_previews
from deliveries.models import Delivery, SentMessage

State = Delivery.State
INLINE = "inline_keyboard"


class NotChangeable(Exception):
    """The state of the message forbids this change; the text says why."""


def change_message(sending: Delivery, change: Draft) -> Delivery:
    """Have the message that `sending` makes changed; the delivery that will show it.

    Raises NotChangeable.
    """
    message = _message(sending)
    kind = _kind(sending, message)
    _check(sending, message, kind, change)
    channel = sending.channel
    assert channel is not None  # checked
    method = change.kind.method
    if kind == "album" and change.kind.name == "delete":
        method = "deleteMessages"
    with transaction.atomic():
        files = kept_files(channel.organization, change)
        call = outbox.Call(method, with_previews(channel, change), files, change.plain_text)
        try:
            return outbox.change(
                message,
                call,
                channel=channel,
                purpose=Delivery.Purpose.MESSAGE,
                priority=Delivery.Priority.NORMAL,
                due_at=clock.now(),
            )
        except outbox.MessageGone:
            raise NotChangeable("The message is gone: it was deleted. Send a new one.") from None


def _message(sending: Delivery) -> SentMessage:
    is_sending = sending.purpose == Delivery.Purpose.MESSAGE and sending.method in KIND_SENT_BY
    if not is_sending or sending.target is None:
        raise NotChangeable(
            "Only messages sent by this API can be changed, under the delivery that sent them."
        )
    return sending.target


def _kind(sending: Delivery, message: SentMessage) -> str:
    """As what it was sent, or what it was changed to since; a change that died made nothing of it.

    Not as what is in the chat: of what was sent without its file all that fits can be changed.
    """
    changed = (
        Delivery.objects.for_organization(message.organization_id)
        .filter(target=message, method="editMessageMedia")
        .exclude(state__in=(State.DEAD, State.SUPERSEDED))
        .order_by("-sequence")
        .first()
    )
    if changed is None:
        return KIND_SENT_BY[sending.method]
    return str(changed.params["media"]["type"])


def _check(sending: Delivery, message: SentMessage, kind: str, change: Draft) -> None:
    name = change.kind.name
    if sending.channel is None:
        raise NotChangeable("The channel of the message was deleted.")
    if kind not in CHANGEABLE[name]:
        fitting = ", ".join(CHANGEABLE[name])
        raise NotChangeable(f"{name} fits {fitting}; this message is of kind {kind}.")
    if message.message_id is None and sending.state in (State.DEAD, State.SUPERSEDED):
        raise NotChangeable("The message was never sent. Retry the delivery first.")
    markup = sending.params.get("reply_markup")
    if name != "delete" and isinstance(markup, dict) and INLINE not in markup:
        raise NotChangeable(
            "Telegram edits no message that was sent with a reply keyboard. Send a new one."
        )
    if name.endswith("live_location") and "live_period" not in sending.params:
        raise NotChangeable("The location was sent without a live_period, so it stays.")
