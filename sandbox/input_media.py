"""InputMedia objects, of editMessageMedia and of albums (telegram-bot-api Client.cpp,
get_input_media).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from sandbox import formatting, media, strict_json, uploads
from sandbox.call import Call
from sandbox.errors import BotApiError, Refusal, bad_request
from sandbox.formatting import ParsedText
from sandbox.model import Content, ContentKind, InputMediaKind, Json
from sandbox.parameters import Parameters
from sandbox.uploads import InputFile, input_file

ALBUM_MAX = 10
_NUMBERS = ("duration", "width", "height", "start_timestamp")
_TEXTS = ("performer", "title")


@dataclass(frozen=True, slots=True)
class InputMedia:
    """One file with its caption."""

    kind: InputMediaKind
    file: InputFile
    thumbnail: InputFile | None
    caption: ParsedText
    shows_caption_above: bool
    has_spoiler: bool
    details: Json


def one_media(parameters: Parameters) -> InputMedia:
    """The `media` of editMessageMedia."""
    text = parameters.text("media")
    if not text:
        raise Refusal('Parameter "media" is required')
    value = strict_json.decode(text, "Can't parse input media JSON object")
    return _parsed(parameters, value, album=False)


def album(parameters: Parameters) -> list[InputMedia]:
    """The `media` of sendMediaGroup. Raises Refusal in TDLib's words for what makes no album."""
    text = parameters.text("media")
    if not text:
        raise Refusal('Parameter "media" is required')
    value = strict_json.decode(text, "Can't parse media JSON object")
    if not isinstance(value, list):
        raise bad_request("Expected an Array of InputMedia")
    found = [_parsed(parameters, item, album=True) for item in value]
    if not found:
        raise bad_request("There are no messages to send")
    if len(found) > ALBUM_MAX:
        raise bad_request("Too many messages to send as an album")
    for kind in ("audio", "document"):
        if len(found) > 1 and {kind} < {item.kind for item in found}:
            raise bad_request(f"{kind.capitalize()} can't be mixed with other media types")
    if len({item.shows_caption_above for item in found}) > 1:
        raise bad_request("Parameter show_caption_above_media must be the same for all messages")
    return found


def content_of(call: Call, item: InputMedia) -> Content:
    """What the Message shows of it. Raises 400 for a file that can't be used."""
    world, bot = call.world, call.bot
    if item.kind == "document":
        fields = uploads.document_fields(world, bot, item.file, item.thumbnail)
    elif item.kind == "photo":
        fields = uploads.photo_fields(world, bot, item.file)
    else:
        fields = media.media_fields(world, bot, item.kind, item.file, item.thumbnail, item.details)
    fields |= formatting.finished_caption(world, item.caption)
    return Content(
        item.kind,
        fields
        | media_flags(item.kind, fields, above=item.shows_caption_above, spoiler=item.has_spoiler),
    )


def album_contents(call: Call, items: list[InputMedia]) -> list[Content]:
    """As `content_of`, in the words for albums."""
    contents = []
    for number, item in enumerate(items, 1):
        try:
            contents.append(content_of(call, item))
        except (BotApiError, Refusal) as error:
            said = str(getattr(error, "description", error)).removeprefix("Bad Request: ")
            raise bad_request(
                f'Failed to send message #{number} with the error message "{said}"'
            ) from None
    return contents


def media_flags(kind: ContentKind, fields: Json, *, above: bool, spoiler: bool) -> Json:
    """The flags of pictures and films; a caption that is not there is not shown above."""
    flags: Json = {}
    if kind not in {"photo", "video", "animation"}:
        return flags
    if above and "caption" in fields:
        flags["show_caption_above_media"] = True
    if spoiler:
        flags["has_media_spoiler"] = True
    return flags


def _parsed(parameters: Parameters, value: Any, *, album: bool) -> InputMedia:
    try:
        return _from_json(parameters, value, album=album)
    except Refusal as refusal:
        raise Refusal(f"Can't parse InputMedia: {refusal}") from None


def _from_json(parameters: Parameters, value: Any, *, album: bool) -> InputMedia:
    if not isinstance(value, dict):
        raise Refusal("expected an Object")
    caption = formatting.parse_text(
        strict_json.optional_string(value, "caption"),
        strict_json.optional_string(value, "parse_mode"),
        value.get("caption_entities"),
    )
    above = strict_json.optional_boolean(value, "show_caption_above_media")
    has_spoiler = strict_json.optional_boolean(value, "has_spoiler")
    kind = strict_json.required_string(value, "type")
    file = input_file(parameters, "", strict_json.optional_string(value, "media"))
    if file is None:
        raise Refusal("media not found")
    thumbnail = strict_json.optional_string(value, "thumbnail")
    if kind not in get_args(InputMediaKind):
        raise Refusal(f'type "{kind}" is unsupported')
    if album and kind == "animation":
        raise Refusal('type "animation" can\'t be used in sendMediaGroup')
    details: Json = {name: strict_json.optional_integer(value, name) for name in _NUMBERS}
    details |= {name: strict_json.optional_string(value, name) for name in _TEXTS}
    return InputMedia(
        next(one for one in get_args(InputMediaKind) if one == kind),
        file,
        input_file(parameters, "", thumbnail, only_upload=True),
        caption,
        above,
        has_spoiler,
        details,
    )
