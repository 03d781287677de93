"""MessageEntity objects of a call: read from JSON, limited in number, and shown in a message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from botapi.entities import MessageEntity
from botapi.entities_links import date_time_format, link_user_id
from botapi.entities_model import STYLES
from sandbox import strict_json
from sandbox.errors import Refusal
from sandbox.links import LinkRefused, accept_link
from sandbox.model import Json, User
from sandbox.shapes import user_json

MAX_ENTITIES = 100
"""Entities of one message; the rest is dropped silently (TDLib get_input_message_entities)."""

_BARE = {*STYLES, "code", "blockquote", "expandable_blockquote"}
_AUTOMATIC = {
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "url",
    "email",
    "phone_number",
    "bank_card_number",
}


def from_json(value: Any) -> list[MessageEntity]:
    """The entities of an `entities` parameter, without automatic ones; whatever is no list is none.

    Raises Refusal naming the fault.
    """
    if not isinstance(value, list):
        return []
    try:
        return [entity for item in value if (entity := _entity(item)) is not None]
    except Refusal as refusal:
        raise Refusal(f"Can't parse MessageEntity: {refusal}") from None


def _entity(value: Any) -> MessageEntity | None:
    if not isinstance(value, dict):
        raise Refusal("expected an Object")
    offset = strict_json.required_integer(value, "offset")
    length = strict_json.required_integer(value, "length")
    kind = strict_json.required_string(value, "type")
    if not kind:
        raise Refusal("Type is not specified")
    if kind in _AUTOMATIC:
        return None
    entity: MessageEntity = {"type": kind, "offset": offset, "length": length}
    if kind not in _BARE:
        _read_details(entity, value)
    return entity


def _read_details(entity: MessageEntity, value: Json) -> None:
    match entity["type"]:
        case "pre":
            if language := strict_json.optional_string(value, "language"):
                entity["language"] = language
        case "text_link":
            entity["url"] = strict_json.required_string(value, "url")
        case "text_mention":
            user = strict_json.required_object(value, "user")
            entity["user"] = {"id": strict_json.required_integer(user, "id", bits=64)}
        case "custom_emoji":
            emoji_id = strict_json.required_integer(value, "custom_emoji_id", bits=64)
            entity["custom_emoji_id"] = str(emoji_id)
        case "date_time":
            entity["unix_time"] = strict_json.required_integer(value, "unix_time")
            letters = date_time_format(strict_json.optional_string(value, "date_time_format"))
            if letters is None:
                raise Refusal("Invalid date-time format specified")
            entity["date_time_format"] = letters
        case _:
            raise Refusal("Unsupported type specified")


def with_checked_links(entities: Iterable[MessageEntity]) -> list[MessageEntity]:
    """Explicit links as Telegram keeps them. Raises Refusal: unlike parsed ones they are not
    dropped.
    """
    return [_with_checked_link(entity) for entity in entities]


def _with_checked_link(entity: MessageEntity) -> MessageEntity:
    if entity["type"] != "text_link":
        return entity
    checked: MessageEntity = {
        "type": "text_link",
        "offset": entity["offset"],
        "length": entity["length"],
    }
    if user_id := link_user_id(entity["url"]):
        checked["type"] = "text_mention"
        checked["user"] = {"id": user_id}
        return checked
    try:
        checked["url"] = accept_link(entity["url"])
    except LinkRefused as refused:
        raise Refusal(f"Entity {refused}") from None
    return checked


def drop_surplus(entities: Sequence[MessageEntity]) -> tuple[MessageEntity, ...]:
    """At most 100: first those that cannot be split, then styles; custom emoji do not count."""
    if len(entities) <= MAX_ENTITIES:
        return tuple(entities)
    counted = [entity for entity in entities if entity["type"] != "custom_emoji"]
    counted.sort(key=lambda entity: entity["type"] in STYLES)
    kept = {id(entity) for entity in counted[:MAX_ENTITIES]}
    return tuple(
        entity for entity in entities if id(entity) in kept or entity["type"] == "custom_emoji"
    )


def shown(entities: Iterable[MessageEntity], users: dict[int, User]) -> list[Json]:
    """The `entities` of a Message. A mention of somebody unknown is lost in sending."""
    fields: list[Json] = []
    for entity in entities:
        item: Json = {
            "offset": entity["offset"],
            "length": entity["length"],
            "type": entity["type"],
        }
        item |= {name: value for name, value in entity.items() if name not in item}
        if "user" in entity:
            user = users.get(entity["user"]["id"])
            if user is None:
                continue
            item["user"] = user_json(user)
        fields.append(item)
    return fields
