"""Uploaded files, checked before they are queued and given names that Telegram takes. Pure.

The server and TDLib look at a file's name before its content.
"""

import re
from dataclasses import dataclass
from typing import Final

from botapi import limits
from botapi.spec import Fault
from deliveries.kinds import FileRule
from deliveries.pictures import read_picture

MEDIA_TYPE: Final = re.compile(r"[\w.+-]{1,48}/[\w.+-]{1,48}", re.ASCII)
ENDINGS: Final = {"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ""}
"""TDLib (PhotoSize.cpp) refuses photos called .webp, and takes any without an ending."""
THUMBNAIL_SIDE_MAX: Final = 320
STICKERS: Final = {b"RIFF": ".webp", b"\x1f\x8b": ".tgs", b"\x1a\x45\xdf\xa3": ".webm"}
"""How each begins → its ending."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file from a request, or loaded from a URL."""

    filename: str
    content_type: str
    content: bytes

    @property
    def name(self) -> str:
        """At most 255 letters, its ending kept."""
        stem, dot, ending = self.filename.rpartition(".")
        if len(self.filename) <= 255 or not dot or len(ending) > 20:
            return self.filename[:255]
        return f"{stem[: 254 - len(ending)]}.{ending}"

    @property
    def media_type(self) -> str:
        """What it was sent as, where that is one; "" for the rest."""
        return self.content_type if MEDIA_TYPE.fullmatch(self.content_type) else ""


def upload_faults(rule: FileRule, upload: Upload) -> tuple[list[Fault], Upload]:
    """What Telegram would refuse of it, and the file under a name that it takes."""
    if not upload.content:
        return [Fault((), "The file is empty; Telegram takes no empty files.", "empty")], upload
    if len(upload.content) > rule.bytes_max:
        return [_too_large(rule)], upload
    if rule.name == "photo":
        return _photo(upload)
    if rule.name == "thumbnail":
        return _thumbnail(upload), upload
    if rule.name == "sticker":
        return _sticker(upload)
    return [], upload


def _too_large(rule: FileRule) -> Fault:
    size = (
        f"{rule.bytes_max // 1_000_000} MB"
        if rule.bytes_max >= 1_000_000
        else f"{rule.bytes_max // 1000} kB"
    )
    fix = " Send it as a document." if rule.name == "photo" else ""
    return Fault((), f"Telegram takes a {rule.noun} of at most {size}.{fix}", "too_large")


def _photo(photo: Upload) -> tuple[list[Fault], Upload]:
    """Bot API sendPhoto: width and height together 10,000, at most 20 times as long."""
    picture = read_picture(photo.content)
    if picture is None:
        words = "This is no PNG, JPEG, GIF or WebP picture. Send it as a document."
        return [Fault((), words)], photo
    width, height = picture.width, picture.height
    short, long = min(width, height), max(width, height)
    if (
        not short
        or width + height > limits.PHOTO_SIDES_SUM_MAX
        or long > limits.PHOTO_RATIO_MAX * short
    ):
        words = (
            f"Telegram takes photos whose width and height together are at most "
            f"{limits.PHOTO_SIDES_SUM_MAX}, and at most {limits.PHOTO_RATIO_MAX} times as long as "
            f"wide. This one is {width} × {height}: send it as a document."
        )
        return [Fault((), words)], photo
    name = photo.filename.rpartition(".")[0] or photo.filename
    ending = ENDINGS[picture.media_type]
    return [], Upload(name + ending, picture.media_type, photo.content)


def _thumbnail(upload: Upload) -> list[Fault]:
    """Bot API sendDocument.thumbnail."""
    picture = read_picture(upload.content)
    if (
        picture is None
        or picture.media_type != "image/jpeg"
        or max(picture.width, picture.height) > THUMBNAIL_SIDE_MAX
    ):
        side = THUMBNAIL_SIDE_MAX
        return [Fault((), f"Give a JPEG whose width and height are at most {side}.")]
    return []


def _sticker(upload: Upload) -> tuple[list[Fault], Upload]:
    for begin, ending in STICKERS.items():
        if upload.content.startswith(begin):
            stem = upload.filename.rpartition(".")[0] or upload.filename
            return [], Upload(stem + ending, upload.content_type, upload.content)
    return [Fault((), "This is no WEBP, TGS or WEBM file, which stickers are.")], upload
