"""The REST API as its callers use it: JSON over HTTP with a key."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.api_keys import create_key
from accounts.audit import COMMAND_LINE
from accounts.models import Organization, Role
from tests.factories import make_organization

ROOT = "/api/v1/"


@dataclass
class Api:
    """A key of an organization. Paths are below /api/v1/ unless they begin with a slash."""

    organization: Organization = field(default_factory=make_organization)
    role: str = Role.OWNER
    key: str = ""

    def __post_init__(self) -> None:
        if not self.key:
            _, self.key = create_key(
                COMMAND_LINE, Role.OWNER, self.organization, f"{self.role} key", self.role
            )
        self.client = Client(raise_request_exception=False)

    def ask(self, method: str, path: str, body: Any = None, **extra: Any) -> Any:
        """One request; `body` is JSON, or bytes as they are."""
        headers = {"Authorization": f"Bearer {self.key}", **extra.pop("headers", {})}
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body)
        url = path if path.startswith(("/", "http")) else ROOT + path
        extra.setdefault("content_type", "application/json")
        return self.client.generic(method, url, raw, headers=headers, **extra)

    def get(self, path: str, **extra: Any) -> Any:
        return self.ask("GET", path, **extra)

    def post(self, path: str, body: Any = None, **extra: Any) -> Any:
        return self.ask("POST", path, body, **extra)

    def patch(self, path: str, body: Any, **extra: Any) -> Any:
        return self.ask("PATCH", path, body, **extra)

    def delete(self, path: str, **extra: Any) -> Any:
        return self.ask("DELETE", path, **extra)

    def upload(self, path: str, fields: dict[str, Any], **headers: str) -> Any:
        """A multipart POST; files are (name, bytes, media type)."""
        sent = {
            name: SimpleUploadedFile(*value) if isinstance(value, tuple) else value
            for name, value in fields.items()
        }
        return self.client.post(
            ROOT + path, sent, headers={"Authorization": f"Bearer {self.key}", **headers}
        )


def problem_of(response: Any, status: int) -> dict[str, Any]:
    """The problem details of a refusal, once their shape is checked."""
    assert response.status_code == status, (response.status_code, response.content[:500])
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == "about:blank"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    for error in body.get("errors", []):
        assert {"detail", "code"} <= set(error)
        assert {"pointer", "parameter", "header"} & set(error)
    return body


def places(response: Any, status: int = 400) -> dict[str, str]:
    """Pointer, parameter or header → code of each error."""
    return {
        error.get("pointer", error.get("parameter", error.get("header"))): error["code"]
        for error in problem_of(response, status)["errors"]
    }
