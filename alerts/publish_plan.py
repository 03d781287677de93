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

from alerts.muting.decisions import Muting
from alerts.news import with_news
from alerts.rendering import kinds
from alerts.rendering.actions import Offer, message_keyboard
from alerts.rendering.kinds import NOTHING, Form, Shown, Wanted
from alerts.rendering.muted import audible, listed
from alerts.rendering.view_model import ChannelView, GroupView, RenderedMessage, content_hash
from alerts.sound import Decision, Heard, Muted, Policy, decide
from alerts.templating.faults import TemplateFault
from alerts.templating.message import render_with
from alerts.templating.program import Program
from botapi.keyboards import InlineKeyboard
from botapi.limits import CAPTION_MAX, MESSAGE_TEXT_MAX
from botapi.markup import render, visible
from botapi.markup import text as text_node
from deliveries.calls import Call, Files, notice_call
from languages.speaking import gettext, gettext_noop, speaking

DOCUMENT_MAKER = "group_document"
MOVED = gettext_noop("No longer routed here.")
_PHOTO = "photo"


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a GroupMessage when it is published.

    `params`: what every new message to this channel carries. `picture`: the image to show ("" for
    none) and the ID of its Attachment, when it is new. `is_gone`: Telegram lost the message.
    `unsent`: the first message still waits or died, and what is said now will be sent as it; True
    when it may have been seen, None when it has left or was never made. `muting`: what of the group
    is muted, None for nothing. `template`: a user's, in whose words the group is told, or why that
    can't be used. `rings`: how often an escalation told the channel; `rang`: how many of them it
    has heard. `offer`: the buttons that people may act with, None for none; `menu`: which of their
    menus is open.
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
    muting: Muting | None = None
    template: Program | TemplateFault | None = None
    rings: int = 0
    rang: int = 0
    offer: Offer | None = None
    menu: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A call for the outbox. `makes`: the kind of message that it makes, "" for an edit.
    `target`: which of ours it edits or makes; a notice is made and never edited."""

    call: Call
    target: str
    makes: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order, and what is to be remembered once they are in the outbox. `fault`: why the
    template was not used."""

    steps: tuple[Step, ...]
    shown: Shown
    decision: Decision
    fault: TemplateFault | None = None


def make_plan(situation: Situation) -> Plan:
    """Decide what is said, in the channel's language, and how it sounds. A channel that left the
    route gets a last edit."""
    with speaking(situation.channel.language):
        return _plan(situation)


def _plan(situation: Situation) -> Plan:
    if not situation.is_routed and (situation.is_gone or not situation.was_routed):
        return Plan((), situation.shown, Decision("edit", situation.heard))
    decision = _decision(situation)
    shown = _still_shown(situation)
    content, fault = _rendered(situation, kinds.kind_after(shown, situation.picture))
    buttons = _buttons(situation)
    markup = buttons.as_json() if buttons else None
    wanted = Wanted(
        form=Form(content_hash(content), content.overflow),
        image=situation.picture,
        keyboard=_hash(markup) if markup else "",
        document=situation.document,
    )
    steps = [
        _step(call, situation, content, markup, decision) for call in kinds.plan(shown, wanted)
    ]
    if decision.kind == "reply":
        steps.append(_notice(situation, decision))
    return Plan(tuple(steps), kinds.shown_after(shown, wanted), decision, fault)


def _buttons(situation: Situation) -> InlineKeyboard | None:
    """What left the route has none."""
    if not situation.is_routed:
        return None
    return message_keyboard(
        situation.group,
        listed(situation.group),
        situation.group_message_id,
        situation.offer,
        situation.menu,
    )


def _decision(situation: Situation) -> Decision:
    if not situation.is_routed:
        return Decision("edit", situation.heard)
    heard = situation.heard
    if situation.unsent is not None:
        heard = Heard(None, heard.sounded_at, maybe=situation.unsent)
    if situation.muting is not None:
        return _muted_decision(situation, situation.muting, heard)
    return _heard_decision(situation, situation.group, heard)


def _heard_decision(situation: Situation, group: GroupView, heard: Heard) -> Decision:
    return decide(
        group,
        heard,
        situation.policy,
        situation.now,
        situation.channel.zone,
        repeat=situation.is_repeat,
        escalated=situation.rings > situation.rang,
    )


def _muted_decision(situation: Situation, muting: Muting, heard: Heard) -> Decision:
    """What is muted is not heard of, and forgotten where it was: once it may be heard again, it is
    news. What its route keeps quiet stays as it was heard."""
    group = audible(situation.group)
    is_first = heard.told is None
    if not muting.is_timed and group.alerts and not (is_first and muting.is_whole):
        decision = _heard_decision(situation, group, heard)
    elif is_first:
        decision = Decision("first", Heard({}, situation.now), disable_notification=True)
    elif muting.is_timed:
        decision = Decision("edit", heard)
    else:
        decision = Decision("edit", Heard({}, heard.sounded_at))
    times = [at for at in (decision.sound_due_at, muting.until) if at is not None]
    knows = replace(decision.heard, muted=_known_of_muted(heard, decision.heard, muting))
    return replace(decision, heard=knows, sound_due_at=min(times, default=None))


def _known_of_muted(before: Heard, after: Heard, muting: Muting) -> dict[str, Muted]:
    """What the chat knew of what is muted now, and what still waits to be told as no longer so."""
    known = {pk: muted for pk, muted in before.muted.items() if pk in muting.mutes}
    for pk, told in (before.told or {}).items():
        if pk in muting.mutes and told.status != "resolved":
            known[pk] = Muted(told.episode, muting.mutes[pk].how)
    return {**after.muted, **known}


def _rendered(situation: Situation, kind: str) -> tuple[RenderedMessage, TemplateFault | None]:
    """As a text or as a photo's caption; with a last word when the channel left the route."""
    limit = CAPTION_MAX if kind == "photo" else MESSAGE_TEXT_MAX
    room = 0 if situation.is_routed else 2 * len(gettext(MOVED))
    group = listed(situation.group)
    if situation.muting is None and situation.is_routed:
        group = with_news(group, situation.heard)
    rendered, fault = render_with(situation.template, group, situation.channel, limit - room)
    return rendered if situation.is_routed else _moved(rendered), fault


def _still_shown(situation: Situation) -> Shown:
    shown = NOTHING if situation.is_gone else situation.shown
    if situation.is_repeat and situation.unsent is not None:
        shown = replace(shown, content="")  # what died is tried again, though nothing is new
    if situation.is_document_gone and shown.document:
        return Shown(shown.kind, shown.content, shown.image, shown.keyboard)
    return shown


def _moved(rendered: RenderedMessage) -> RenderedMessage:
    moved = gettext(MOVED)
    mark = render([text_node(moved)], rendered.parse_mode)
    return RenderedMessage(
        text=f"{mark}\n\n{rendered.text}",
        parse_mode=rendered.parse_mode,
        plain_text=f"{moved}\n\n{rendered.plain_text}",
        overflow=rendered.overflow,
        alert_ids=rendered.alert_ids,
    )


def _step(
    planned: kinds.Call,
    situation: Situation,
    content: RenderedMessage,
    markup: Mapping[str, object] | None,
    decision: Decision,
) -> Step:
    if planned.target == "document":
        return _document_step(planned.method, situation)
    params: dict[str, object] = {"reply_markup": markup} if markup else {}
    files: Files = {}
    if planned.method == "editMessageReplyMarkup":
        return Step(Call(planned.method, params), "message")
    if planned.method in ("sendMessage", "editMessageText"):
        params |= {
            "text": content.text,
            "link_preview_options": {"is_disabled": not situation.channel.link_previews},
        }
    else:
        params["caption"] = content.text
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
    call = notice_call(
        situation.params,
        render(decision.reply, mode),
        mode,
        visible(decision.reply),
        silent=decision.disable_notification,
    )
    return Step(call, "notice", "text")


def _hash(value: Any) -> str:
    data = json.dumps(value, sort_keys=True).encode()
    return hashlib.blake2b(data, digest_size=16).hexdigest()
