"""Width and height of PNG, JPEG, GIF and BMP pictures, read from their headers.

Sources: PNG (W3C) 11.2.2, GIF89a 18, ITU-T T.81 B.2.2, the BITMAPINFOHEADER layout.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class Image:
    mime_type: str
    width: int
    height: int


def read_image(content: bytes) -> Image | None:
    """The picture's type and size in pixels, or None when the bytes are no picture of a known
    type.
    """
    size: tuple[int, int] | None = None
    mime_type = ""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        mime_type, size = "image/png", _unpack(">II", content, 16)
    elif content[:6] in {b"GIF87a", b"GIF89a"}:
        mime_type, size = "image/gif", _unpack("<HH", content, 6)
    elif content.startswith(b"\xff\xd8\xff"):
        mime_type, size = "image/jpeg", _jpeg_size(content)
    elif content.startswith(b"BM"):
        mime_type, size = "image/bmp", _unpack("<ii", content, 18)
    if size is None or size[0] <= 0 or size[1] == 0:
        return None
    return Image(mime_type, size[0], abs(size[1]))


def _unpack(layout: str, content: bytes, offset: int) -> tuple[int, int] | None:
    if len(content) < offset + struct.calcsize(layout):
        return None
    first, second = struct.unpack_from(layout, content, offset)
    return first, second


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 4 <= len(content):
        if content[position] != 0xFF:
            return None
        marker = content[position + 1]
        if marker == 0xFF or marker in _STANDALONE:
            position += 1 if marker == 0xFF else 2
            continue
        if marker in _START_OF_FRAME:
            size = _unpack(">HH", content, position + 5)
            return None if size is None else (size[1], size[0])
        position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return None
