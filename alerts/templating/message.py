"""A group as a user's template tells it, made to fit a message. Pure, as all of rendering.

What the template writes is read by Telegram's own parser, so that nothing is sent that Telegram
would refuse. What fits is sent as it was written. Where it does not, the template is run again and
told less of the group, and what is still too long is shortened in the tree that was parsed. Then a
document tells the rest.
"""

import re
import time

from alerts.rendering.message import render_group
from alerts.rendering.view_model import ChannelView, GroupView, RenderedMessage
from alerts.templating.budget import TooLong
from alerts.templating.context import ALL, Portion, context_of
from alerts.templating.faults import NOWHERE, Place, TemplateFault
from alerts.templating.program import Program
from botapi import entities
from botapi.entities import MessageEntity, Parsed, ParseError
from botapi.limits import ENTITIES_MAX, MESSAGE_TEXT_MAX, RAW_TEXT_BYTES_MAX
from botapi.markup import MAX_ENTITY_BYTES, render, shorten, visible

_PORTIONS = (ALL, Portion(alerts=20, text=1_000), Portion(alerts=5, text=240))
"""From everything to the least; the first that fits is shown."""
_RAW_BYTES_MAX = RAW_TEXT_BYTES_MAX - 256
"""Less than Telegram takes: a last word may come before it."""
_BYTES_PER_ENTITY = 16
SECONDS_SLOW = 0.25
"""Of a core's time, for one message: several times what the costliest take, as Python may tidy up
in the meantime."""
_SLOW = "The template takes too long. Use fewer or smaller loops."
_ENTITIES_READ_MAX = 1_000
"""Ten times what a message shows of them: to put more in order takes the square of their number."""


def render_templated(
    program: Program, group: GroupView, channel: ChannelView, limit: int = MESSAGE_TEXT_MAX
) -> RenderedMessage:
    """The group in the template's words, as a message of at most `limit` code points in the
    template's parse mode and the channel's zone. Raises TemplateFault; the caller then tells the
    group in the usual way."""
    ids = tuple([alert.alert_id for alert in group.alerts])
    for portion in _PORTIONS:
        try:
            written = program.run(context_of(group, portion), channel.zone)
        except TooLong:
            if portion is _PORTIONS[-1]:
                raise
            continue
        told = read(written, program)
        if _fits(told, written, limit):
            is_less = portion is not ALL or len(group.alerts) > portion.alerts
            return RenderedMessage(written, program.parse_mode, told.text, is_less, ids)
    tree = shorten(
        entities.entities_to_nodes(told.text, told.entities), limit, parse_mode=program.parse_mode
    )
    text = render(tree, program.parse_mode)
    return RenderedMessage(text, program.parse_mode, visible(tree), overflow=True, alert_ids=ids)


def render_with(
    template: Program | TemplateFault | None,
    group: GroupView,
    channel: ChannelView,
    limit: int = MESSAGE_TEXT_MAX,
) -> tuple[RenderedMessage, TemplateFault | None]:
    """The group in the template's words; in the usual way where there is none, or where it fails:
    then with why. One that succeeds slowly has a fault as well: it is to rest, since a storm tells
    thousands of groups by it."""
    if isinstance(template, Program):
        began = time.thread_time()
        try:
            told = render_templated(template, group, channel, limit)
        except TemplateFault as fault:
            template = fault
        else:
            is_slow = time.thread_time() - began > SECONDS_SLOW
            return told, TemplateFault("limit", _SLOW) if is_slow else None
    return render_group(group, channel, limit), template


def read(written: str, program: Program) -> Parsed:
    """What Telegram makes of what was written: the text that is shown. Raises TemplateFault."""
    try:
        parsed = entities.parse_text(written, program.parse_mode)
        if len(parsed.entities) > _ENTITIES_READ_MAX:
            said = f"The message has more than {_ENTITIES_READ_MAX:,} pieces of markup."
            raise TemplateFault("limit", said)
        return entities.normalize(parsed)
    except ParseError as error:
        reason = error.description.removeprefix("Bad Request: ")
        if reason == "text must be non-empty":
            raise TemplateFault("markup", "The message would be empty.") from None
        place = _place_in(program.body, written, reason)
        raise TemplateFault("markup", f"Telegram refuses it: {reason}.", place) from None


def _fits(told: Parsed, written: str, limit: int) -> bool:
    if len(told.text) > limit or len(written.encode()) > _RAW_BYTES_MAX:
        return False
    if len(told.entities) > ENTITIES_MAX:
        return False
    return sum(map(_bytes_of, told.entities)) <= MAX_ENTITY_BYTES


def _bytes_of(entity: MessageEntity) -> int:
    return _BYTES_PER_ENTITY + len(entity.get("url", "").encode())


# --- where in the template it is -----------------------------------------------------------------

_TAGS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_RESERVED = re.compile(r"character '(.)' is reserved", re.IGNORECASE)
_OFFSET = re.compile(r"byte offset (\d+)")
_UNCLOSED = re.compile(r'start tag "?<?([\w-]+)')
_FRAGMENT_MAX = 24


def _place_in(body: str, written: str, reason: str) -> Place:
    """Where the markup stands that is refused, as far as the reason tells."""
    literal = _TAGS.sub(lambda found: "\0" * len(found[0]), body)
    if found := _RESERVED.search(reason):
        match = re.search(rf"(?<!\\){re.escape(found[1])}", literal)
        return _place_at(body, match.start() if match else -1)
    if found := _OFFSET.search(reason):
        rest = written.encode()[int(found[1]) :].decode(errors="ignore")
        fragment = rest.partition("\n")[0][:_FRAGMENT_MAX]
        for length in range(len(fragment), 0, -1):
            if (start := literal.find(fragment[:length])) >= 0:
                return _place_at(body, start)
    if found := _UNCLOSED.search(reason):
        return _place_at(body, literal.find(f"<{found[1]}"))
    return NOWHERE


def _place_at(body: str, position: int) -> Place:
    if position < 0:
        return NOWHERE
    before = body[:position]
    return Place(before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)
