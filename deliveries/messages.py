"""Messages that scripts send through a channel, of every kind; a stream for each."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.models import Organization
from channels_app.models import Chat, NotificationChannel
from deliveries import clock, outbox
from deliveries import files as stored_files
from deliveries.drafts import Draft, draft, parameters_for
from deliveries.kinds import KINDS, Circumstances
from deliveries.models import Delivery, SentMessage
from deliveries.uploads import Upload


@dataclass(frozen=True, slots=True)
class Address:
    """Where and how a message is shown. What is None is as the channel says: `silent`,
    `protect_content`, `message_thread_id` (a topic). `reply_to`: a message that is shown there."""

    silent: bool | None = None
    protect_content: bool | None = None
    message_thread_id: int | None = None
    reply_to: SentMessage | None = None


AS_CHANNEL = Address()


def send_text(channel: NotificationChannel, text: str) -> Delivery:
    """Put a text without markup in the outbox. Raises DraftRefused for one that is too long."""
    return send_message(channel, draft(KINDS["text"], {"text": text}, {}, circumstances(channel)))


def circumstances(channel: NotificationChannel) -> Circumstances:
    """What a draft for this channel is judged by. Positive chat IDs are those of people."""
    chat = channel.chat
    is_person = not chat.type and chat.chat_id is not None and chat.chat_id > 0
    chat_type = Chat.Type.PRIVATE if is_person else chat.type
    return Circumstances(str(chat_type), clock.now().timestamp())


def send_message(
    channel: NotificationChannel, message: Draft, address: Address = AS_CHANNEL
) -> Delivery:
    """Put it in the outbox as a stream of its own; nothing is sent here."""
    params = _params(channel, message, address)
    with transaction.atomic():
        files = kept_files(channel.organization, message)
        call = outbox.Call(message.kind.method, params, files, message.plain_text)
        stream = outbox.open_stream(channel.organization_id, channel.chat)
        purpose, priority = Delivery.Purpose.MESSAGE, Delivery.Priority.NORMAL
        if call.stands_alone:
            return outbox.act(
                stream,
                call,
                channel=channel,
                purpose=purpose,
                priority=priority,
                due_at=clock.now(),
            )
        sent = outbox.send(
            stream,
            call,
            channel=channel,
            purpose=purpose,
            priority=priority,
            kind=SentMessage.Kind(message.kind.name),
            due_at=clock.now(),
            reply_to=address.reply_to,
        )
        return Delivery.objects.for_organization(channel.organization_id).get(target=sent)


def channel_params(channel: NotificationChannel) -> dict[str, Any]:
    """What every new message to this channel carries; sending adds chat and reply."""
    params: dict[str, Any] = {}
    if channel.message_thread_id:
        params["message_thread_id"] = channel.message_thread_id
    if channel.protect_content:
        params["protect_content"] = True
    return params


def with_previews(channel: NotificationChannel, message: Draft) -> dict[str, Any]:
    """The parameters; a text shows previews of its links as the channel says."""
    params = dict(message.params)
    if message.kind.name == "text":
        params.setdefault("link_preview_options", {"is_disabled": not channel.link_previews})
    return params


def _params(channel: NotificationChannel, message: Draft, address: Address) -> dict[str, Any]:
    params = channel_params(channel)
    if address.message_thread_id is not None:
        params["message_thread_id"] = address.message_thread_id
    if address.protect_content is not None:
        params["protect_content"] = address.protect_content
    silent = address.silent
    if silent is None:
        silent = channel.silent == NotificationChannel.Silent.ALWAYS
    if silent:
        params["disable_notification"] = True
    return parameters_for(message.kind.method, params) | with_previews(channel, message)


def kept_files(organization: Organization, message: Draft) -> dict[str, dict[str, str]]:
    """The files as a Call names them: uploads are kept until they are sent."""
    specs: dict[str, dict[str, str]] = {}
    for part, file in message.files.items():
        if isinstance(file, Upload):
            kept = stored_files.store(organization, file.name, file.content, file.media_type)
            specs[part] = {"attachment": str(kept.pk)}
        else:
            specs[part] = {"url": file.url, "rule": file.rule}
    return specs
