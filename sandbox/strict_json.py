"""Fields of nested JSON objects, read as strictly as TDLib's JsonObject does (tdutils
JsonBuilder.cpp).

Booleans must be booleans; integers may be numeric strings; strings may be numbers. A field that
breaks this raises
`Refusal` with TDLib's sentence, which callers put behind their context.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

from sandbox.errors import Refusal

JsonObject: TypeAlias = dict[str, Any]
_INTEGER = re.compile(r"-?\d+")


def decode(text: str, unreadable: str) -> Any:
    """The JSON value; raises Refusal with `unreadable` when the text is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        raise Refusal(unreadable) from None


def optional_boolean(fields: JsonObject, name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise Refusal(f'Field "{name}" must be of type Boolean')
    return value


def optional_string(fields: JsonObject, name: str) -> str:
    return required_string(fields, name) if name in fields else ""


def required_string(fields: JsonObject, name: str) -> str:
    if name not in fields:
        raise Refusal(f'Can\'t find field "{name}"')
    value = fields[name]
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return json.dumps(value)
    raise Refusal(f'Field "{name}" must be of type String')


def optional_integer(fields: JsonObject, name: str, *, bits: int = 32) -> int:
    return required_integer(fields, name, bits=bits) if name in fields else 0


def required_integer(fields: JsonObject, name: str, *, bits: int = 32) -> int:
    """A whole number of `bits` bits, given as a number or as digits in a string."""
    if name not in fields:
        raise Refusal(f'Can\'t find field "{name}"')
    value = fields[name]
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise Refusal(f'Field "{name}" must be a Number')
    text = value if isinstance(value, str) else json.dumps(value)
    if not _INTEGER.fullmatch(text) or not -(1 << (bits - 1)) <= int(text) < 1 << (bits - 1):
        raise Refusal(f'Field "{name}" must be a valid Number')
    return int(text)


def required_object(fields: JsonObject, name: str) -> JsonObject:
    if name not in fields:
        raise Refusal(f'Can\'t find field "{name}"')
    value = fields[name]
    if not isinstance(value, dict):
        raise Refusal(f'Field "{name}" must be of type Object')
    return value


def optional_array(fields: JsonObject, name: str) -> list[Any]:
    value = fields.get(name)
    if value is None and name not in fields:
        return []
    if not isinstance(value, list):
        raise Refusal(f'Field "{name}" must be of type Array')
    return value
