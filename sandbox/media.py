"""Audio, video, voice, video notes, animations and stickers: what the Message tells of them.

The fields follow telegram-bot-api Client.cpp (JsonAudio and its neighbours). Nothing is decoded:
a file is what it is sent as (simulated), and sizes and durations are those of the call.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping
from pathlib import PurePath

from sandbox.errors import bad_request
from sandbox.model import Bot, Json, MediaKind, StoredFile
from sandbox.shapes import document_json, file_json
from sandbox.uploads import InputFile, new_file, referenced, store_thumbnail
from sandbox.world import World

MAX_DURATION = 86_400
MAX_SIDE = 10_000
_STICKER_SIDE = 512
_DEFAULT_TYPES = {
    "audio": "audio/mpeg",
    "video": "video/mp4",
    "voice": "audio/ogg",
    "video_note": "video/mp4",
    "animation": "video/mp4",
    "sticker": "image/webp",
}


def media_fields(
    world: World,
    bot: Bot,
    kind: MediaKind,
    file: InputFile,
    thumbnail: InputFile | None,
    details: Mapping[str, object],
) -> Json:
    """The fields of the content, without the caption. `details`: of an uploaded file, as the call
    gave them; a stored one keeps its own. Raises 400 for an empty file or a wrong reference."""
    if file.uploaded is None:
        stored = referenced(world, bot, file.reference, kind)
        return _shown(kind, stored)
    uploaded = file.uploaded
    if not uploaded.content:
        raise bad_request("file must be non-empty")
    stored = new_file(world, bot, kind, uploaded, PurePath(uploaded.file_name).suffix)
    guessed = mimetypes.guess_type(uploaded.file_name)[0] or ""
    fits = guessed.partition("/")[0] == _DEFAULT_TYPES[kind].partition("/")[0]
    stored.mime_type = guessed if fits else _DEFAULT_TYPES[kind]
    stored.details = {name: value for name, value in details.items() if value}
    if thumbnail is not None and thumbnail.uploaded is not None:
        stored.thumbnail = store_thumbnail(world, bot, thumbnail.uploaded)
    world.files.add(stored, uploaded.content)
    world.note("files", stored.file_id)
    return _shown(kind, stored)


def _shown(kind: MediaKind, stored: StoredFile) -> Json:
    if kind == "animation":  # the Message has both (Client.cpp)
        return {"animation": _animation(stored), "document": document_json(stored)}
    return {kind: _OBJECTS[kind](stored)}


def _number(stored: StoredFile, name: str) -> int:
    return int(stored.details.get(name, 0))


def _optional(stored: StoredFile, *names: str) -> Json:
    return {name: stored.details[name] for name in names if stored.details.get(name)}


def _named(stored: StoredFile) -> Json:
    fields: Json = {"file_name": stored.file_name} if stored.file_name else {}
    return fields | {"mime_type": stored.mime_type}


def _with_file(fields: Json, stored: StoredFile) -> Json:
    if stored.thumbnail:
        fields["thumbnail"] = fields["thumb"] = stored.thumbnail
    return fields | file_json(stored)


def _sides(stored: StoredFile) -> Json:
    return {"width": _number(stored, "width"), "height": _number(stored, "height")}


def _audio(stored: StoredFile) -> Json:
    fields = {"duration": _number(stored, "duration")} | _named(stored)
    return _with_file(fields | _optional(stored, "title", "performer"), stored)


def _video(stored: StoredFile) -> Json:
    fields: Json = {"duration": _number(stored, "duration")} | _sides(stored) | _named(stored)
    return _with_file(fields | _optional(stored, "start_timestamp"), stored)


def _animation(stored: StoredFile) -> Json:
    fields: Json = _named(stored) | {"duration": _number(stored, "duration")} | _sides(stored)
    return _with_file(fields, stored)


def _voice(stored: StoredFile) -> Json:
    fields: Json = {"duration": _number(stored, "duration"), "mime_type": stored.mime_type}
    return fields | file_json(stored)


def _video_note(stored: StoredFile) -> Json:
    fields: Json = {"duration": _number(stored, "duration"), "length": _number(stored, "length")}
    return _with_file(fields, stored)


def _sticker(stored: StoredFile) -> Json:
    ending = PurePath(stored.file_name).suffix.lower()
    fields: Json = {"width": _STICKER_SIDE, "height": _STICKER_SIDE}
    fields |= _optional(stored, "emoji")
    fields |= {"is_animated": ending == ".tgs", "is_video": ending == ".webm", "type": "regular"}
    return _with_file(fields, stored)


_OBJECTS: dict[MediaKind, Callable[[StoredFile], Json]] = {
    "audio": _audio,
    "video": _video,
    "voice": _voice,
    "video_note": _video_note,
    "sticker": _sticker,
}
