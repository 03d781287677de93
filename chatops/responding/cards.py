"""Alert groups as results of an inline query (Bot API "InlineQueryResultArticle"). Pure."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any
from uuid import UUID

from alerts.rendering.digest import digest
from alerts.rendering.headline import headline
from alerts.rendering.keyboard import keyboard
from alerts.rendering.message import render_group
from alerts.rendering.times import Times
from alerts.rendering.view_model import ChannelView, GroupView
from botapi.markup import ParseMode
from languages.speaking import gettext

CARD_MAX = 1_200
"""Characters of a card: somebody wants to show an alert, not all that is known of it."""
_HTML: ParseMode = "HTML"


def card(group_id: UUID, group: GroupView, zone: tzinfo) -> Mapping[str, Any]:
    """What the list shows of the group, and what is posted when it is chosen."""
    found = digest(group)
    first = headline(group, found.status, found.leading, found.where)
    times = Times(zone, group.opened_at)
    channel = ChannelView(parse_mode=_HTML, zone=zone, link_previews=False)
    result: dict[str, Any] = {
        "type": "article",
        "id": result_id(group_id),
        "title": first.text,
        "description": f"{group.organization} · {_lasted(group, times)}",
        "input_message_content": {
            "message_text": render_group(group, channel, CARD_MAX).text,
            "parse_mode": _HTML,
            "link_preview_options": {"is_disabled": True},
        },
    }
    if links := keyboard(group):
        result["reply_markup"] = links.as_json()
    return result


def _lasted(group: GroupView, times: Times) -> str:
    began = times.show(group.opened_at)
    if group.closed_at is None:
        return gettext("since {time}").format(time=began)
    over = times.show(group.closed_at)
    return gettext("since {began}, over since {over}").format(began=began, over=over)


def result_id(group_id: UUID) -> str:
    """1 to 64 bytes (Bot API InlineQueryResultArticle.id)."""
    return f"1g{group_id.hex}"


def group_of_result(text: str) -> UUID | None:
    """The group of a result that somebody chose; None for what is none of ours."""
    if not text.startswith("1g"):
        return None
    try:
        return UUID(hex=text[2:])
    except ValueError:
        return None
