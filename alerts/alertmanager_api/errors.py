"""How the API refuses: go-openapi's objects, and handlers' own words as a JSON text. Pure."""

from collections.abc import Mapping
from typing import Any

REQUIRED = 602
INVALID_TYPE = 601
TOO_FEW = 612
"""github.com/go-openapi/errors: codes of a validation that failed; the HTTP status is then 422."""


class Refused(Exception):
    """The answer is this body with this status."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def problem(status: int, message: str, headers: Mapping[str, str] | None = None) -> Refused:
    """What the request itself lacks: `{"code", "message"}`."""
    return Refused(status, {"code": status, "message": message}, headers)


def invalid(code: int, message: str) -> Refused:
    """What a validation found."""
    return Refused(422, {"code": code, "message": message})


def words(text: str, status: int = 400) -> Refused:
    """What a handler says."""
    return Refused(status, text)
