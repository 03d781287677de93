"""Uploaded files: their bytes in memory or in a folder, their IDs, and what a bot may name them by.

A `file_id` is valid for the bot that got it; `file_unique_id` is the same for all (Bot API,
"Sending files").
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections import OrderedDict
from pathlib import Path

from sandbox.model import FileKind, StoredFile

KEPT_BYTES = 256 * 2**20
MAX_DOWNLOAD_SIZE = 20 * 2**20
"""getFile's limit (telegram-bot-api Client.cpp, MAX_DOWNLOAD_FILE_SIZE)."""

_PREFIX: dict[FileKind, bytes] = {
    "thumbnail": b"\x01",
    "photo": b"\x02",
    "voice": b"\x03",
    "video": b"\x04",
    "document": b"\x05",
    "sticker": b"\x08",
    "audio": b"\x09",
    "animation": b"\x0a",
    "video_note": b"\x0d",
}
"""TDLib FileType.h."""


class FileStore:
    """Without `folder`, bytes stay in memory and the oldest are dropped beyond `KEPT_BYTES`."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.by_id: dict[str, StoredFile] = {}
        self.by_path: dict[tuple[int, str], StoredFile] = {}
        self._by_unique_id: dict[str, list[StoredFile]] = {}
        self._contents: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._count = 0

    def next_number(self) -> int:
        """The number in the next file's path."""
        self._count += 1
        return self._count - 1

    def add(self, file: StoredFile, content: bytes) -> None:
        self.register(file)
        if self.folder is not None:
            path = self.folder / file.file_unique_id
            if not path.exists():
                path.write_bytes(content)
            return
        if file.file_unique_id not in self._contents:
            self._contents[file.file_unique_id] = content
            self._size += len(content)
        while self._size > KEPT_BYTES:
            unique_id, oldest = self._contents.popitem(last=False)
            self._size -= len(oldest)
            for dropped in self._by_unique_id.pop(unique_id):
                del self.by_id[dropped.file_id]
                del self.by_path[dropped.bot_id, dropped.file_path]

    def register(self, file: StoredFile) -> None:
        """Know a file whose bytes are stored already."""
        self.by_id[file.file_id] = file
        self.by_path[file.bot_id, file.file_path] = file
        self._by_unique_id.setdefault(file.file_unique_id, []).append(file)
        number = int(file.file_path.rpartition("_")[2].partition(".")[0])
        self._count = max(self._count, number + 1)

    def content(self, file: StoredFile) -> bytes | None:
        """The bytes, or None when they were dropped."""
        if self.folder is not None:
            path = self.folder / file.file_unique_id
            return path.read_bytes() if path.exists() else None
        return self._contents.get(file.file_unique_id)

    def by_unique_id(self, file_unique_id: str) -> StoredFile | None:
        files = self._by_unique_id.get(file_unique_id)
        return files[0] if files else None

    def clear(self) -> None:
        self.by_id.clear()
        self.by_path.clear()
        self._by_unique_id.clear()
        self._contents.clear()
        self._size = 0
        if self.folder is not None:
            for path in self.folder.iterdir():
                path.unlink()


def make_file_id(kind: FileKind, bot_id: int) -> str:
    """Opaque base64url without a dot: a file_id with a dot would be taken for a URL."""
    return _base64url(
        _PREFIX[kind] + b"\x02" + bot_id.to_bytes(8, "big") + secrets.token_bytes(29) + b"\x04"
    )


def make_unique_id(kind: FileKind, content: bytes) -> str:
    return _base64url(_PREFIX[kind] + b"\x00" + hashlib.sha256(content).digest()[:13])


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
