"""Messages that scripts send through a channel: text, a photo or a document."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from botapi import limits
from botapi.entities import ParseError, parse_text
from botapi.markup import ParseMode
from channels_app.models import NotificationChannel
from deliveries import files as stored_files
from deliveries import outbox
from deliveries.models import Delivery, SentMessage


class MessageRefused(ValueError):
    """Telegram would refuse this: `field` says what, the text why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Upload:
    """A file from a request."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is the message, or the caption of the photo or document."""

    text: str = ""
    parse_mode: ParseMode = ""
    photo: Upload | None = None
    document: Upload | None = None
    silent: bool | None = None


def send_message(channel: NotificationChannel, message: Message) -> Delivery:
    """Put it in the outbox as a stream of its own; nothing is sent here.

    Raises MessageRefused for what Telegram is known to refuse.
    """
    kind, upload = _kind(message)
    plain = _check_text(message, limits.MESSAGE_TEXT_MAX if upload is None else limits.CAPTION_MAX)
    params: dict[str, Any] = channel_params(channel)
    if message.silent is not None:
        params["disable_notification"] = message.silent
    if message.text:
        params["text" if upload is None else "caption"] = message.text
        if message.parse_mode:
            params["parse_mode"] = message.parse_mode
    if upload is None:
        params["link_preview_options"] = {"is_disabled": not channel.link_previews}
    with transaction.atomic():
        files = {}
        if upload is not None:
            attachment = stored_files.store(
                channel.organization, upload.filename[:255], upload.content, upload.content_type
            )
            files = {kind.value: {"attachment": str(attachment.pk)}}
        stream = outbox.open_stream(channel.organization_id, channel.chat)
        sent = outbox.send(
            stream,
            outbox.Call(f"send{_METHOD[kind]}", params, files, plain),
            channel=channel,
            purpose=Delivery.Purpose.MESSAGE,
            priority=Delivery.Priority.NORMAL,
            kind=kind,
            due_at=timezone.now(),
        )
        return Delivery.objects.for_organization(channel.organization_id).get(target=sent)


_METHOD = {
    SentMessage.Kind.TEXT: "Message",
    SentMessage.Kind.PHOTO: "Photo",
    SentMessage.Kind.DOCUMENT: "Document",
}


def channel_params(channel: NotificationChannel) -> dict[str, Any]:
    """What every new message to this channel carries; sending adds chat and reply."""
    params: dict[str, Any] = {}
    if channel.message_thread_id:
        params["message_thread_id"] = channel.message_thread_id
    if channel.protect_content:
        params["protect_content"] = True
    return params


def _kind(message: Message) -> tuple[SentMessage.Kind, Upload | None]:
    if message.photo and message.document:
        raise MessageRefused("document", "Send a photo or a document, not both in one message.")
    if message.photo:
        if len(message.photo.content) > limits.PHOTO_BYTES_MAX:
            raise MessageRefused(
                "photo", "Telegram takes photos of at most 10 MB. Send it as a document."
            )
        return SentMessage.Kind.PHOTO, message.photo
    if message.document:
        if len(message.document.content) > limits.DOCUMENT_BYTES_MAX:
            raise MessageRefused("document", "Telegram takes documents of at most 50 MB.")
        return SentMessage.Kind.DOCUMENT, message.document
    if not message.text.strip():
        raise MessageRefused("text", "Give a text, a photo or a document.")
    return SentMessage.Kind.TEXT, None


def _check_text(message: Message, limit: int) -> str:
    """The visible text. Telegram's own words say what is wrong with the markup."""
    if len(message.text.encode("utf-8", "replace")) > limits.RAW_TEXT_BYTES_MAX:
        raise MessageRefused("text", "The text has more than 32,768 bytes, markup included.")
    try:
        parsed = parse_text(message.text, message.parse_mode)
    except ParseError as error:
        raise MessageRefused("text", f"Telegram would say: {error}") from None
    if len(parsed.text) > limit:
        raise MessageRefused(
            "text",
            f"The text has {len(parsed.text)} characters after formatting; Telegram takes {limit}. "
            "Send the rest as a document.",
        )
    return parsed.text
