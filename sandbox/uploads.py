"""Files in calls: uploaded parts, `attach://` names, file IDs and URLs, turned into photo and
document fields.

Errors follow telegram-bot-api Client.cpp (get_input_file) and TDLib FileManager.cpp
(from_persistent_id).
"""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import unquote, urlsplit

from sandbox.errors import bad_request
from sandbox.files import make_file_id, make_unique_id
from sandbox.images import Image, read_image
from sandbox.model import Bot, FileKind, Json, StoredFile
from sandbox.parameters import Parameters, UploadedFile
from sandbox.shapes import document_json, photo_size_json
from sandbox.tokens import is_strict_base64url
from sandbox.world import World

MAX_PHOTO_BYTES = 10 * 2**20
MAX_PHOTO_SIDES = 10_000
MAX_PHOTO_RATIO = 20
MAX_THUMBNAIL_BYTES = 200_000
MAX_THUMBNAIL_SIDE = 320
_PREVIEW_SIDES = (90, 320, 800, 1280)
_PHOTO_EXTENSIONS = {"", ".jpg", ".jpeg", ".gif", ".png", ".tif", ".tiff", ".bmp"}
_TYPES: dict[FileKind, str] = {
    "photo": "Photo",
    "document": "Document",
    "thumbnail": "Thumbnail",
    "audio": "Audio",
    "video": "Video",
    "voice": "VoiceNote",
    "video_note": "VideoNote",
    "animation": "Animation",
    "sticker": "Sticker",
}
_OWN_FILE = re.compile(r"/file/bot([^/]+)/(.+)")
_ATTACHED = "attach://"


@dataclass(frozen=True, slots=True)
class InputFile:
    """Either uploaded bytes or a reference: a file ID or a URL."""

    uploaded: UploadedFile | None
    reference: str


def input_file(
    parameters: Parameters, field: str, value: str, *, only_upload: bool = False
) -> InputFile | None:
    """What `value` of the parameter `field` stands for; without a value, the part named `field`."""
    if value.startswith(_ATTACHED):
        field = value.removeprefix(_ATTACHED)
    elif value and not only_upload:
        return InputFile(None, value)
    uploaded = parameters.files.get(field)
    return None if uploaded is None else InputFile(uploaded, "")


def input_thumbnail(parameters: Parameters, value: str) -> InputFile | None:
    """Thumbnails can only be uploaded."""
    return input_file(parameters, "thumbnail", value, only_upload=True) or input_file(
        parameters, "thumb", "", only_upload=True
    )


def photo_fields(world: World, bot: Bot, file: InputFile) -> Json:
    """The `photo` field. Raises 400 for what is no photo."""
    if file.uploaded is None:
        return {"photo": referenced(world, bot, file.reference, "photo").sizes}
    return {"photo": _store_photo(world, bot, file.uploaded)}


def document_fields(world: World, bot: Bot, file: InputFile, thumbnail: InputFile | None) -> Json:
    """The `document` field. Raises 400 for an empty file or a wrong reference."""
    if file.uploaded is None:
        return {"document": document_json(referenced(world, bot, file.reference, "document"))}
    uploaded = file.uploaded
    if not uploaded.content:
        raise bad_request("file must be non-empty")
    mime_type = mimetypes.guess_type(uploaded.file_name)[0] or "application/octet-stream"
    stored = new_file(world, bot, "document", uploaded, PurePath(uploaded.file_name).suffix)
    stored.mime_type = mime_type
    if thumbnail is not None and thumbnail.uploaded is not None:
        stored.thumbnail = store_thumbnail(world, bot, thumbnail.uploaded)
    world.files.add(stored, uploaded.content)
    world.note("files", stored.file_id)
    return {"document": document_json(stored)}


def _store_photo(world: World, bot: Bot, uploaded: UploadedFile) -> list[Json]:
    """PhotoSizes, smallest first. The smaller ones name scaled sizes but hold the original bytes
    (simulated).
    """
    image = _checked_photo(uploaded)
    sides = [side for side in _PREVIEW_SIDES if side < max(image.width, image.height)]
    sizes: list[Json] = []
    for side in [*sides, max(image.width, image.height)]:
        scale = side / max(image.width, image.height)
        stored = new_file(world, bot, "photo", uploaded, mimetypes.guess_extension(image.mime_type))
        stored.mime_type = image.mime_type
        stored.width = max(1, round(image.width * scale))
        stored.height = max(1, round(image.height * scale))
        stored.sizes = sizes
        sizes.append(photo_size_json(stored))
        world.files.add(stored, uploaded.content)
        world.note("files", stored.file_id)
    return sizes


def _checked_photo(uploaded: UploadedFile) -> Image:
    if PurePath(uploaded.file_name).suffix.lower() not in _PHOTO_EXTENSIONS:
        raise bad_request(
            "Photo has unsupported extension. Use one of .jpg, .jpeg, .gif, .png, .tif or .bmp"
        )
    size = len(uploaded.content)
    if not size:
        raise bad_request("file must be non-empty")
    if size > MAX_PHOTO_BYTES:
        raise bad_request(
            f"file of size {size} bytes is too big for a photo; "
            f"the maximum size is {MAX_PHOTO_BYTES} bytes"
        )
    image = read_image(uploaded.content)
    if image is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    long, short = max(image.width, image.height), min(image.width, image.height)
    if long + short > MAX_PHOTO_SIDES or long > short * MAX_PHOTO_RATIO:
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return image


def store_thumbnail(world: World, bot: Bot, uploaded: UploadedFile) -> Json | None:
    """A thumbnail that breaks the documented limits is ignored."""
    image = read_image(uploaded.content)
    if (
        image is None
        or image.mime_type != "image/jpeg"
        or len(uploaded.content) > MAX_THUMBNAIL_BYTES
        or max(image.width, image.height) > MAX_THUMBNAIL_SIDE
    ):
        return None
    stored = new_file(world, bot, "thumbnail", uploaded, ".jpg")
    stored.mime_type, stored.width, stored.height = image.mime_type, image.width, image.height
    world.files.add(stored, uploaded.content)
    world.note("files", stored.file_id)
    return photo_size_json(stored)


def new_file(
    world: World,
    bot: Bot,
    kind: FileKind,
    uploaded: UploadedFile,
    extension: str | None,
) -> StoredFile:
    number = world.files.next_number()
    return StoredFile(
        file_id=make_file_id(kind, bot.id),
        file_unique_id=make_unique_id(kind, uploaded.content),
        bot_id=bot.id,
        kind=kind,
        file_path=f"{kind}s/file_{number}{extension or ''}",
        file_name=uploaded.file_name,
        mime_type="",
        size=len(uploaded.content),
    )


def referenced(world: World, bot: Bot, reference: str, kind: FileKind) -> StoredFile:
    """The stored file that a file ID or one of the sandbox's own file URLs names."""
    if "." in reference:
        return _own_file(world, bot, reference, kind)
    file = world.files.by_id.get(reference)
    if file is None or file.bot_id != bot.id:
        raise bad_request(_complaint_about(reference))
    if file.kind != kind:
        raise bad_request(f"Can't use file of type {_TYPES[file.kind]} as {_TYPES[kind]}")
    return file


def _own_file(world: World, bot: Bot, url: str, kind: FileKind) -> StoredFile:
    """Nothing is fetched from elsewhere: the sandbox works without a network."""
    if "://" in url and not url.lower().startswith(("http://", "https://")):
        raise bad_request("Invalid file HTTP URL specified: Unsupported URL protocol")
    match = _OWN_FILE.fullmatch(unquote(urlsplit(url).path))
    owner = world.bots_by_token.get(match[1]) if match else None
    source = world.files.by_path.get((owner.id, match[2])) if match and owner else None
    content = world.files.content(source) if source else None
    if source is None or content is None:
        raise bad_request("Failed to get HTTP URL content")
    uploaded = UploadedFile(PurePath(source.file_path).name, content, source.mime_type)
    fresh = InputFile(uploaded, "")
    if kind == "photo":
        sizes = photo_fields(world, bot, fresh)["photo"]
        return world.files.by_id[sizes[-1]["file_id"]]
    if kind != "document":
        copy = new_file(world, bot, kind, uploaded, PurePath(source.file_path).suffix)
        copy.mime_type, copy.details = source.mime_type, source.details
        world.files.add(copy, content)
        world.note("files", copy.file_id)
        return copy
    document = document_fields(world, bot, fresh, None)["document"]
    return world.files.by_id[document["file_id"]]


def _complaint_about(file_id: str) -> str:
    wrong = "Wrong remote file identifier specified: "
    if len(file_id) % 4 == 1:
        return wrong + "Wrong string length"
    if re.search(r"[^A-Za-z0-9_-]", file_id):
        return wrong + "Wrong character in the string"
    if not is_strict_base64url(file_id):
        return wrong + "Wrong padding in the string"
    if len(file_id) < 40:
        return wrong + "can't unserialize it. Wrong last symbol"
    return "Wrong file identifier/HTTP URL specified"
