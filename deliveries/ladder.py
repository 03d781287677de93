"""The ladder: what a refused call leaves out, one step at a time, so that no alert is lost. Pure.

Without keyboard → without media → plain text → without reply → without topic → dead letter. The
step that fits the refusal goes first. A stored call is never changed: its steps are applied at each
send, so that a retry by a person starts from the whole message again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from botapi.limits import CAPTION_MAX, MESSAGE_TEXT_MAX
from deliveries.calls import (
    CAPTION_CONTENT,
    EVERY_MESSAGE,
    KEYBOARD,
    KIND_SENT_BY,
    MEDIA,
    SEND_MEDIA,
    TEXT_CONTENT,
    Call,
    as_send,
    only,
    without,
)
from deliveries.decisions import Refusal


class Step(StrEnum):
    """What is left out."""

    KEYBOARD = "keyboard"
    MEDIA = "media"
    PLAIN = "plain"
    REPLY = "reply"
    TOPIC = "topic"


FITTING = {
    Refusal.KEYBOARD: Step.KEYBOARD,
    Refusal.MEDIA: Step.MEDIA,
    Refusal.MARKUP: Step.PLAIN,
    Refusal.REPLY: Step.REPLY,
    Refusal.TOPIC: Step.TOPIC,
}

CONTENT = frozenset({Refusal.MEDIA, Refusal.MARKUP})
"""Refusals of what the call is there to show."""
WITHOUT_TEXT = KIND_SENT_BY.keys() - SEND_MEDIA.keys() - {"sendMessage"}
"""Polls, places and the like."""


def next_step(
    call: Call, taken: Collection[Step], refusal: Refusal, *, replies: bool
) -> Step | None:
    """The step to take after `taken` were refused; None when nothing is left to leave out.

    `replies` says whether the call answers another message.
    """
    now = apply(call, taken)
    possible = [
        step
        for step in Step
        if step not in taken
        and ((replies and step is Step.REPLY) or apply(call, {*taken, step}) not in (now, None))
    ]
    fitting = FITTING.get(refusal)
    if fitting in possible:
        return fitting
    if refusal in CONTENT and now and now.method in WITHOUT_TEXT:  # it is all there is
        return Step.MEDIA if Step.MEDIA in possible else None
    return possible[0] if possible else None


def apply(call: Call, steps: Collection[Step]) -> Call | None:
    """The call less what `steps` leave out; None when nothing would be left to send."""
    result: Call | None = call
    if Step.KEYBOARD in steps:
        result = replace(call, params=without(call.params, KEYBOARD))
    if Step.MEDIA in steps and result is not None:
        result = _without_media(result)
    if Step.PLAIN in steps and result is not None:
        result = _plain(result)
    if Step.REPLY in steps and result is not None:  # to what a person wrote
        result = replace(result, params=without(result.params, "reply_parameters"))
    if Step.TOPIC in steps and result is not None:
        result = replace(result, params=without(result.params, "message_thread_id"))
    return result


def fit_to(call: Call, kind: str) -> Call:
    """An edit by the method that a message of this kind (text, photo, document) takes."""
    if kind == "text" and call.method == "editMessageCaption":
        send = as_send(call)
        return call if send is None else replace(send, method="editMessageText")
    if kind in MEDIA and call.method == "editMessageText":
        return _as_caption(call)
    return call


def _without_media(call: Call) -> Call | None:
    """A text instead of the media; an edit keeps the media that is shown and changes its text."""
    media = call.params.get("media")
    if call.method == "editMessageMedia" and isinstance(media, dict):
        if not media.get("caption"):
            return None
        params = {**without(call.params, "media"), **only(media, *CAPTION_CONTENT)}
        return Call("editMessageCaption", params, {}, call.plain_text)
    if call.method == "sendMediaGroup":
        text = {"text": call.plain_text}
        kept = {**only(call.params, *EVERY_MESSAGE), **text}
        return Call("sendMessage", kept, {}, call.plain_text) if call.plain_text else None
    if call.method not in SEND_MEDIA:
        return call
    if not call.params.get("caption"):
        if not call.plain_text:
            return None
        caption = {"caption": call.plain_text}
        call = replace(call, params={**without(call.params, "parse_mode"), **caption})
    params = only(call.params, *EVERY_MESSAGE, *CAPTION_CONTENT, "link_preview_options")
    return as_send(Call("editMessageCaption", params, {}, call.plain_text))


def _plain(call: Call) -> Call:
    """The plain text without markup, within the limit."""
    media = call.params.get("media")
    if call.method == "editMessageMedia" and isinstance(media, dict):
        return replace(call, params={**call.params, "media": _plain_caption(media, call)})
    if call.method in SEND_MEDIA or call.method == "editMessageCaption":
        return replace(call, params=_plain_caption(call.params, call))
    if "text" not in call.params:
        return call
    text = call.plain_text or str(call.params["text"])
    params = without(call.params, *TEXT_CONTENT)
    return replace(call, params={**params, "text": text[:MESSAGE_TEXT_MAX]})


def _plain_caption(params: Mapping[str, object], call: Call) -> dict[str, object]:
    text = call.plain_text or str(params.get("caption", ""))
    bare = without(params, "caption", "parse_mode", "caption_entities")
    return {**bare, "caption": text[:CAPTION_MAX]} if text else bare


def _as_caption(call: Call) -> Call:
    params = without(call.params, *TEXT_CONTENT)
    params["caption"] = call.params.get("text", "")
    for text_name, caption_name in (("parse_mode", "parse_mode"), ("entities", "caption_entities")):
        if text_name in call.params:
            params[caption_name] = call.params[text_name]
    return replace(call, method="editMessageCaption", params=params)


def steps_of(ladder: Sequence[dict[str, object]]) -> list[Step]:
    """The steps recorded in `Delivery.ladder`."""
    return [Step(str(entry["step"])) for entry in ladder]
