"""Bodies of control requests, read field by field with errors that name the field."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, get_args

from starlette.requests import Request

from sandbox.model import ContentKind, Json


class ControlError(Exception):
    """A control request that cannot be done; the text names the field."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Fields:
    values: Json

    def is_null(self, name: str) -> bool:
        return name in self.values and self.values[name] is None

    def text(self, name: str, default: str = "") -> str:
        value = self.values.get(name)
        return default if value is None else self._checked(name, value, str, "text")

    def integer(self, name: str, default: int = 0) -> int:
        value = self.values.get(name)
        return default if value is None else self._checked(name, value, int, "a whole number")

    def number(self, name: str, default: float) -> float:
        value = self.values.get(name)
        return (
            default
            if value is None
            else float(self._checked(name, value, (int, float), "a number"))
        )

    def boolean(self, name: str) -> bool:
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise ControlError(f"{name}: must be true or false, not {value!r}")
        return value

    def mapping(self, name: str) -> Json:
        value = self.values.get(name)
        return {} if value is None else self._checked(name, value, dict, "an object")

    def texts(self, name: str) -> list[str]:
        return [self._checked(name, item, str, "a list of texts") for item in self._list(name)]

    def integers(self, name: str) -> list[int]:
        return [self._checked(name, item, int, "a list of numbers") for item in self._list(name)]

    def contents(self, name: str) -> list[ContentKind]:
        kinds: tuple[ContentKind, ...] = get_args(ContentKind)
        for item in self._list(name):
            if item not in kinds:
                raise ControlError(f"{name}: {item!r} is none of {', '.join(kinds)}")
        return [kind for kind in kinds if kind in self._list(name)]

    def _list(self, name: str) -> list[Any]:
        value = self.values.get(name)
        return [] if value is None else self._checked(name, value, list, "a list")

    @staticmethod
    def _checked(name: str, value: Any, kind: Any, wanted: str) -> Any:
        if isinstance(value, bool) or not isinstance(value, kind):
            raise ControlError(f"{name}: must be {wanted}, not {value!r}")
        return value


async def read_fields(request: Request) -> Fields:
    """The JSON object of the body; an empty body is an empty object."""
    body = await request.body()
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        raise ControlError("the body must be JSON") from None
    if not isinstance(value, dict):
        raise ControlError("the body must be a JSON object")
    return Fields(value)
