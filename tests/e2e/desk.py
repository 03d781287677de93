"""A program that uses the REST API beside the stage: it sends, changes and asks."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from playwright.sync_api import Page

from tests.e2e.conftest import WAIT, Installation
from tests.e2e.talking import ALONE, Scene, set_stage


@dataclass(frozen=True)
class Desk:
    """The stage, with a key for the REST API and a channel to Tess's private chat."""

    scene: Scene
    key: str

    def get(self, path: str) -> Any:
        """The answer to a GET of the REST API."""
        return self._ask(path, None, {})

    def post(self, path: str, body: Any, media_type: str = "application/json") -> Any:
        """The answer to a POST to the REST API."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._ask(path, data, {"Content-Type": media_type})

    def _ask(self, path: str, data: bytes | None, headers: dict[str, str]) -> Any:
        headers |= {"Authorization": f"Bearer {self.key}"}
        request = Request(f"{self.scene.installation.url}/api/v1/{path}", data, headers)
        with urlopen(request, timeout=WAIT / 1000) as answer:
            return json.loads(answer.read())

    def channel(self, name: str) -> str:
        """Its ID."""
        rows = self.scene.installation.query(
            "SELECT id FROM channels_app_notificationchannel WHERE name = ?", name
        )
        return str(rows[0][0])

    def send(self, kind: str, **fields: Any) -> str:
        """A message of this kind to Tess; the ID of its delivery."""
        sent = self.post(f"channels/{self.channel(ALONE)}/messages/", {"kind": kind, **fields})
        return str(sent["id"])

    def change(self, delivery: str, kind: str, **fields: Any) -> None:
        """Of what was sent."""
        self.post(f"deliveries/{delivery}/changes/", {"kind": kind, **fields})

    def upload(self, kind: str, name: str, content: bytes, **fields: str) -> None:
        """A file to her."""
        self.upload_all(kind, {kind: (name, content)}, **fields)

    def upload_all(self, kind: str, files: dict[str, tuple[str, bytes]], **fields: str) -> None:
        """Files to her, by their parameters, as curl's -F sends them."""
        values = fields | {"kind": kind}
        parts = [f'name="{key}"\r\n\r\n{value}'.encode() for key, value in values.items()]
        for key, (name, content) in files.items():
            parts.append(f'name="{key}"; filename="{name}"\r\n\r\n'.encode() + content)
        head = b"--x\r\nContent-Disposition: form-data; "
        body = b"".join(head + part + b"\r\n" for part in parts) + b"--x--\r\n"
        path = f"channels/{self.channel(ALONE)}/messages/"
        self.post(path, body, "multipart/form-data; boundary=x")

    def open(self) -> None:
        """Her private chat, anew."""
        self.scene.chat.failures.clear()
        self.scene.chat.page.goto("/")
        self.scene.private()


def set_desk(installation: Installation, open_windows: Callable[..., Page]) -> Desk:
    """With a key that is made at the console."""
    scene = set_stage(installation, open_windows)
    console = scene.console
    console.goto("/accounts/apikey/add/")
    console.fill("[name=name]", "Deploys")
    console.select_option("[name=role]", "admin")
    console.click("[name=_save]")
    return Desk(scene, console.input_value("#secret"))
