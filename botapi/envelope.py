"""Reading an answer (Bot API "Making requests"). Pure: bytes in, a result or an error out."""

import json
from collections.abc import Mapping
from typing import Any

from botapi.errors import BotApiError, InvalidAnswer
from botapi.limits import CHAT_ID_BITS, RETRY_AFTER_MAX


def read_answer(method: str, status: int, headers: Mapping[str, str], body: bytes) -> object:
    """The `result` of a successful answer. Raises BotApiError or InvalidAnswer, never another.

    The body may come from a server that a user chose: nothing in it is trusted.
    """
    envelope = _envelope(body)
    header = seconds(headers.get("Retry-After"))
    match envelope:
        case {"ok": True, "result": result} if 200 <= status < 300:
            return result
        case {"ok": False}:
            raise _refusal(method, status, header, envelope)
        case _:
            raise _no_envelope(method, status, header, body)


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _refusal(method: str, status: int, header: int | None, rest: dict[str, Any]) -> BotApiError:
    parameters = rest.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    code = rest.get("error_code")
    description = rest.get("description")
    retry_after = seconds(parameters.get("retry_after"))
    return BotApiError(
        method,
        status,
        code if isinstance(code, int) and not isinstance(code, bool) else status,
        description if isinstance(description, str) else "",
        header if retry_after is None else retry_after,
        _chat_id(parameters.get("migrate_to_chat_id")),
    )


def _no_envelope(method: str, status: int, header: int | None, body: bytes) -> InvalidAnswer:
    """A 4xx or a redirect was answered by a front end that kept the request to itself."""
    if 300 <= status < 400:
        reason = "it redirects; api_url must be the final address"
    elif body.lstrip()[:1] == b"<":
        reason = "the answer is a web page, not one of the Bot API"
    elif not body:
        reason = "the answer is empty"
    else:
        reason = "the answer is not one of the Bot API"
    return InvalidAnswer(method, status, reason, not 300 <= status < 500, header)


def seconds(value: object) -> int | None:
    """A waiting time in whole seconds from JSON or a header, capped; None if it is none.

    The cap keeps a lying server from stopping a chat for ever or overflowing a date.
    """
    match value:
        case bool():
            return None
        case int() | float() if 0 <= value < float("inf"):
            return min(-int(-value // 1), RETRY_AFTER_MAX)
        case str() if value.strip().isascii() and value.strip().isdigit():
            return min(int(value.strip()[:12]), RETRY_AFTER_MAX)
        case _:
            return None


def _chat_id(value: object) -> int | None:
    """A supergroup's identifier: negative, of at most 52 bits."""
    if isinstance(value, int) and -(1 << CHAT_ID_BITS) < value < 0:
        return value
    return None
