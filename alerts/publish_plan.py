"""One group in one channel: which calls tell it what it does not know yet. Pure.

The outbox's Call is data without ORM; nothing here reads a clock or the database.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alerts.rendering import kinds
from alerts.rendering.keyboard import keyboard
from alerts.rendering.kinds import NOTHING, Form, Shown, Wanted
from alerts.rendering.message import render_group
from alerts.rendering.view_model import ChannelView, GroupView, RenderedMessage, content_hash
from alerts.sound import Decision, Heard, Policy, decide
from botapi.limits import CAPTION_MAX, MESSAGE_TEXT_MAX
from botapi.markup import render, visible
from botapi.markup import text as text_node
from deliveries.calls import Call, Files

DOCUMENT_MAKER = "group_document"
MOVED = "No longer routed here."
_PHOTO = "photo"


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a GroupMessage when it is published.

    `params`: what every new message to this channel carries. `picture`: the image to show ("" for
    none) and the ID of its Attachment, when it is new. `is_gone`: Telegram lost the message.
    `unsent`: the first message still waits or died, and what is said now will be sent as it; True
    when it may have been seen, None when it has left or was never made.
    """

    group_message_id: UUID
    group: GroupView
    document: str
    channel: ChannelView
    policy: Policy
    params: Mapping[str, object]
    shown: Shown
    heard: Heard
    now: datetime
    picture: str = ""
    attachment_id: UUID | None = None
    unsent: bool | None = None
    is_gone: bool = False
    is_document_gone: bool = False
    is_repeat: bool = False
    is_routed: bool = True
    was_routed: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """A call for the outbox. `makes`: the kind of message that it makes, "" for an edit.
    `target`: which of ours it edits or makes; a notice is made and never edited."""

    call: Call
    target: str
    makes: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order, and what is to be remembered once they are in the outbox."""

    steps: tuple[Step, ...]
    shown: Shown
    decision: Decision


def make_plan(situation: Situation) -> Plan:
    """Decide what is said, and how it sounds. A channel that left the route gets a last edit."""
    if not situation.is_routed and (situation.is_gone or not situation.was_routed):
        return Plan((), situation.shown, Decision("edit", situation.heard))
    decision = _decision(situation)
    text, caption = _rendered(situation)
    buttons = keyboard(situation.group) if situation.is_routed else None
    markup = buttons.as_json() if buttons else None
    wanted = Wanted(
        text=Form(content_hash(text), text.overflow),
        caption=Form(content_hash(caption), caption.overflow),
        image=situation.picture,
        keyboard=_hash(markup) if markup else "",
        document=situation.document,
    )
    shown = _still_shown(situation)
    steps = [
        _step(call, situation, text, caption, markup, decision)
        for call in kinds.plan(shown, wanted)
    ]
    if decision.kind == "reply":
        steps.append(_notice(situation, decision))
    return Plan(tuple(steps), kinds.shown_after(shown, wanted), decision)


def _decision(situation: Situation) -> Decision:
    if not situation.is_routed:
        return Decision("edit", situation.heard)
    heard = situation.heard
    if situation.unsent is not None:
        heard = Heard(None, heard.sounded_at, maybe=situation.unsent)
    return decide(
        situation.group,
        heard,
        situation.policy,
        situation.now,
        situation.channel.zone,
        repeat=situation.is_repeat,
    )


def _rendered(situation: Situation) -> tuple[RenderedMessage, RenderedMessage]:
    """As text and as caption; both with a last word when the channel left the route."""
    room = 0 if situation.is_routed else 2 * len(MOVED)
    group, channel = situation.group, situation.channel
    text = render_group(group, channel, MESSAGE_TEXT_MAX - room)
    caption = render_group(group, channel, CAPTION_MAX - room)
    return (text, caption) if situation.is_routed else (_moved(text), _moved(caption))


def _still_shown(situation: Situation) -> Shown:
    shown = NOTHING if situation.is_gone else situation.shown
    if situation.is_repeat and situation.unsent is not None:
        shown = replace(shown, content="")  # what died is tried again, though nothing is new
    if situation.is_document_gone and shown.document:
        return Shown(shown.kind, shown.content, shown.image, shown.keyboard)
    return shown


def _moved(rendered: RenderedMessage) -> RenderedMessage:
    mark = render([text_node(MOVED)], rendered.parse_mode)
    return RenderedMessage(
        text=f"{mark}\n\n{rendered.text}",
        parse_mode=rendered.parse_mode,
        plain_text=f"{MOVED}\n\n{rendered.plain_text}",
        overflow=rendered.overflow,
        alert_ids=rendered.alert_ids,
    )


def _step(
    planned: kinds.Call,
    situation: Situation,
    text: RenderedMessage,
    caption: RenderedMessage,
    markup: Mapping[str, object] | None,
    decision: Decision,
) -> Step:
    if planned.target == "document":
        return _document_step(planned.method, situation)
    params: dict[str, object] = {"reply_markup": markup} if markup else {}
    files: Files = {}
    content = text
    if planned.method == "editMessageReplyMarkup":
        return Step(Call(planned.method, params), "message")
    if planned.method in ("sendMessage", "editMessageText"):
        params |= {
            "text": text.text,
            "link_preview_options": {"is_disabled": not situation.channel.link_previews},
        }
    else:
        content = caption
        params["caption"] = caption.text
    if content.parse_mode:
        params["parse_mode"] = content.parse_mode
    if planned.method == "sendPhoto":
        files = {_PHOTO: _attachment(situation)}
    elif planned.method == "editMessageMedia":
        media: dict[str, object] = {"type": _PHOTO, "media": f"attach://{_PHOTO}"}
        media |= {name: params.pop(name) for name in ("caption", "parse_mode") if name in params}
        params["media"] = media
        files = {_PHOTO: _attachment(situation)}
    sounds = decision.kind == "first" and not decision.disable_notification
    if not planned.method.startswith("send"):
        if situation.unsent is not None:
            params.update(situation.params, disable_notification=not sounds)  # it will be a send
        return Step(Call(planned.method, params, files, content.plain_text), "message")
    params.update(situation.params, disable_notification=not sounds)
    makes = _PHOTO if planned.method == "sendPhoto" else "text"
    return Step(Call(planned.method, params, files, content.plain_text), "message", makes)


def _attachment(situation: Situation) -> dict[str, str]:
    assert situation.attachment_id is not None  # a picture differs from the shown one if fetched
    return {"attachment": str(situation.attachment_id)}


def _document_step(method: str, situation: Situation) -> Step:
    spec = {"render": DOCUMENT_MAKER, "id": str(situation.group_message_id)}
    if method == "deleteMessage":
        return Step(Call(method, {}), "document")
    if method == "sendDocument":
        params = {**situation.params, "disable_notification": True}
        return Step(Call(method, params, {"document": spec}), "document", "document")
    media = {"type": "document", "media": "attach://document"}
    return Step(Call(method, {"media": media}, {"document": spec}), "document")


def _notice(situation: Situation, decision: Decision) -> Step:
    mode = situation.channel.parse_mode
    params: dict[str, object] = {
        **situation.params,
        "text": render(decision.reply, mode),
        "link_preview_options": {"is_disabled": True},
        "disable_notification": decision.disable_notification,
    }
    if mode:
        params["parse_mode"] = mode
    return Step(Call("sendMessage", params, {}, visible(decision.reply)), "notice", "text")


def _hash(value: Any) -> str:
    data = json.dumps(value, sort_keys=True).encode()
    return hashlib.blake2b(data, digest_size=16).hexdigest()
