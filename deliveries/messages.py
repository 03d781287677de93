"""Messages that scripts send through a channel: text, a photo or a document."""

import re
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from botapi import limits
from botapi.entities import ParseError, as_sent
from botapi.markup import ParseMode
from channels_app.models import NotificationChannel
from deliveries import files as stored_files
from deliveries import outbox
from deliveries.models import Delivery, SentMessage
from deliveries.pictures import read_picture

MEDIA_TYPE = re.compile(r"[\w.+-]{1,48}/[\w.+-]{1,48}", re.ASCII)

ENDINGS = {"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ""}
"""TDLib (PhotoSize.cpp) refuses photos called .webp, and takes any without an ending."""


class MessageRefused(ValueError):
    """Telegram would refuse this: `field` says what, the text why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class MessageTooLarge(MessageRefused):
    """The file has more bytes than Telegram takes."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file from a request."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is the message, or the caption of the photo or document.

    What is None is as the channel says: `silent`, `protect_content`, `message_thread_id` (a topic).
    """

    text: str = ""
    parse_mode: ParseMode = ""
    photo: Upload | None = None
    document: Upload | None = None
    silent: bool | None = None
    protect_content: bool | None = None
    message_thread_id: int | None = None


def send_message(channel: NotificationChannel, message: Message) -> Delivery:
    """Put it in the outbox as a stream of its own; nothing is sent here.

    Raises MessageRefused for what Telegram is known to refuse.
    """
    kind, upload = _kind(message)
    plain = _check_text(message, limits.MESSAGE_TEXT_MAX if upload is None else limits.CAPTION_MAX)
    params = _params(channel, message, upload)
    with transaction.atomic():
        files = {}
        if upload is not None:
            attachment = stored_files.store(
                channel.organization, _filename(upload), upload.content, _media_type(upload)
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


def _params(
    channel: NotificationChannel, message: Message, upload: Upload | None
) -> dict[str, Any]:
    params = channel_params(channel)
    if message.message_thread_id is not None:
        params["message_thread_id"] = message.message_thread_id
    if message.protect_content is not None:
        params["protect_content"] = message.protect_content
    silent = message.silent
    if silent is None:
        silent = channel.silent == NotificationChannel.Silent.ALWAYS
    if silent:
        params["disable_notification"] = True
    if message.text:
        params["text" if upload is None else "caption"] = message.text
        if message.parse_mode:
            params["parse_mode"] = message.parse_mode
    if upload is None:
        params["link_preview_options"] = {"is_disabled": not channel.link_previews}
    return params


def _filename(upload: Upload) -> str:
    """At most 255 letters, its ending kept."""
    stem, dot, ending = upload.filename.rpartition(".")
    if len(upload.filename) <= 255 or not dot or len(ending) > 20:
        return upload.filename[:255]
    return f"{stem[: 254 - len(ending)]}.{ending}"


def _media_type(upload: Upload) -> str:
    return upload.content_type if MEDIA_TYPE.fullmatch(upload.content_type) else ""


def _kind(message: Message) -> tuple[SentMessage.Kind, Upload | None]:
    if message.photo and message.document:
        raise MessageRefused("document", "Send a photo or a document, not both in one message.")
    if message.photo:
        return SentMessage.Kind.PHOTO, _checked_photo(message.photo)
    if message.document:
        if not message.document.content:
            raise MessageRefused("document", "The file is empty; Telegram takes no empty files.")
        if len(message.document.content) > limits.DOCUMENT_BYTES_MAX:
            raise MessageTooLarge("document", "Telegram takes documents of at most 50 MB.")
        return SentMessage.Kind.DOCUMENT, message.document
    if not message.text.strip():
        raise MessageRefused("text", "Give a text, a photo or a document.")
    return SentMessage.Kind.TEXT, None


def _checked_photo(photo: Upload) -> Upload:
    """The photo under a name that Telegram takes: TDLib looks at the ending before the content.

    Bot API sendPhoto: 10 MB, width and height together 10,000, at most 20 times as long.
    """
    if len(photo.content) > limits.PHOTO_BYTES_MAX:
        raise MessageTooLarge(
            "photo", "Telegram takes photos of at most 10 MB. Send it as a document."
        )
    picture = read_picture(photo.content)
    if picture is None:
        raise MessageRefused(
            "photo",
            "This is no PNG, JPEG, GIF or WebP picture. Send it as a document.",
        )
    width, height = picture.width, picture.height
    short, long = min(width, height), max(width, height)
    if (
        not short
        or width + height > limits.PHOTO_SIDES_SUM_MAX
        or long > limits.PHOTO_RATIO_MAX * short
    ):
        raise MessageRefused(
            "photo",
            f"Telegram takes photos whose width and height together are at most "
            f"{limits.PHOTO_SIDES_SUM_MAX}, and at most {limits.PHOTO_RATIO_MAX} times as long as "
            f"wide. This one is {width} × {height}: send it as a document.",
        )
    name = photo.filename.rpartition(".")[0] or photo.filename
    return Upload(name + ENDINGS[picture.media_type], picture.media_type, photo.content)


def _check_text(message: Message, limit: int) -> str:
    """The visible text. Telegram's own words say what is wrong with the markup."""
    if len(message.text.encode("utf-8", "replace")) > limits.RAW_TEXT_BYTES_MAX:
        raise MessageRefused("text", "The text has more than 32,768 bytes, markup included.")
    if not message.text:
        return ""
    try:
        plain = as_sent(message.text, message.parse_mode).text
    except ParseError as error:
        fix = "Change the text, or leave parse_mode out to send it as it is."
        raise MessageRefused("text", f"Telegram would say: {error}. {fix}") from None
    if len(plain) > limit:
        raise MessageRefused(
            "text",
            f"The text has {len(plain)} characters after formatting; Telegram takes {limit}. "
            "Shorten it, or send it as a document.",
        )
    return plain
