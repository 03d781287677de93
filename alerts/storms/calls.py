"""The Bot API calls of a storm: its digest, its document, both as one message, and its replies."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from alerts.rendering.view_model import RenderedMessage
from botapi.markup import Node, render, visible
from channels_app.models import NotificationChannel
from deliveries.calls import Call, notice_call
from deliveries.messages import channel_params

DOCUMENT_MAKER = "storm_document"


def send_digest(text: RenderedMessage, channel: NotificationChannel, *, silent: bool) -> Call:
    """A text."""
    return notice_call(
        channel_params(channel), text.text, text.parse_mode, text.plain_text, silent=silent
    )


def edit_digest(
    text: RenderedMessage, channel: NotificationChannel, *, silent: bool, unsent: bool
) -> Call:
    """An edit; `unsent`: it will be the send, with all that one carries."""
    call = send_digest(text, channel, silent=silent)
    if not unsent:
        kept = ("text", "parse_mode", "link_preview_options")
        call = replace(
            call, params={name: call.params[name] for name in kept if name in call.params}
        )
    return replace(call, method="editMessageText")


def send_one(
    text: RenderedMessage, storm_id: UUID, channel: NotificationChannel, *, silent: bool
) -> Call:
    """The document with the digest as its caption."""
    params = {**channel_params(channel), **_caption(text), "disable_notification": silent}
    return Call("sendDocument", params, _file(storm_id), text.plain_text)


def edit_one(
    text: RenderedMessage,
    storm_id: UUID,
    channel: NotificationChannel,
    *,
    silent: bool,
    unsent: bool,
) -> Call:
    """The same of both; also makes one of a digest that has not left."""
    media = {"type": "document", "media": "attach://document", **_caption(text)}
    params: dict[str, object] = {"media": media}
    if unsent:
        params |= {**channel_params(channel), "disable_notification": silent}
    return Call("editMessageMedia", params, _file(storm_id), text.plain_text)


def send_document(storm_id: UUID, channel: NotificationChannel) -> Call:
    """Without a sound: the digest has it."""
    params = {**channel_params(channel), "disable_notification": True}
    return Call("sendDocument", params, _file(storm_id))


def edit_document(storm_id: UUID) -> Call:
    """The document anew."""
    media = {"type": "document", "media": "attach://document"}
    return Call("editMessageMedia", {"media": media}, _file(storm_id))


def send_notice(words: Sequence[Node], channel: NotificationChannel, *, silent: bool) -> Call:
    """A short text."""
    mode = cast("Any", channel.parse_mode)
    return notice_call(
        channel_params(channel), render(words, mode), mode, visible(words), silent=silent
    )


def _caption(text: RenderedMessage) -> dict[str, object]:
    caption: dict[str, object] = {"caption": text.text}
    if text.parse_mode:
        caption["parse_mode"] = text.parse_mode
    return caption


def _file(storm_id: UUID) -> dict[str, dict[str, str]]:
    return {"document": {"render": DOCUMENT_MAKER, "id": str(storm_id)}}
