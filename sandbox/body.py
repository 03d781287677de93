"""Reads a request's parameters from query string and body, in every encoding the Bot API takes."""

from __future__ import annotations

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Receive, Scope

from sandbox.parameters import Parameters, UploadedFile, json_pairs, query_pairs

MAX_PARAMETERS_BYTES = 2**20
"""All parameters together (telegram-bot-api HttpReader.h)."""
MAX_BODY_BYTES = 51 * 2**20
"""Uploads up to 50 MB pass (Bot API, "Sending files"), with room for the other fields."""


class BodyTooLarge(Exception):
    """More than the server in front of Telegram lets through."""


class BodyUnreadable(Exception):
    """A multipart body that breaks its own format: the server answers 400 with an empty body."""


async def read_parameters(scope: Scope, receive: Receive) -> Parameters:
    """The parameters of the call, those of the URL first. Raises BodyTooLarge, BodyUnreadable."""
    parameters = Parameters()
    if scope["query_string"]:
        parameters.add(query_pairs(scope["query_string"].decode("latin-1")))
    content_type, length = _headers(scope)
    if length > MAX_BODY_BYTES:
        raise BodyTooLarge
    if content_type.startswith("multipart/form-data"):
        await _read_multipart(scope, receive, parameters)
        return parameters
    body = await _read_body(receive)
    if content_type.startswith("application/json"):
        parameters.add(json_pairs(body.decode(errors="surrogateescape")))
    elif content_type.startswith("application/x-www-form-urlencoded"):
        parameters.add(query_pairs(body.decode(errors="surrogateescape")))
    return parameters


def _headers(scope: Scope) -> tuple[str, int]:
    content_type, length = "", 0
    for name, value in scope["headers"]:
        if name == b"content-type":
            content_type = value.decode("latin-1").lower()
        elif name == b"content-length" and value.isdigit():
            length = int(value)
    return content_type, length


async def _read_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > MAX_PARAMETERS_BYTES:
            raise BodyTooLarge
        if not message.get("more_body"):
            return body


async def _read_multipart(
    scope: Scope,
    receive: Receive,
    parameters: Parameters,
) -> None:
    request = Request(scope, receive)
    try:
        form = await request.form(max_files=50, max_part_size=MAX_PARAMETERS_BYTES)
    except MultiPartException as error:
        raise BodyUnreadable from error
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            parameters.files.setdefault(
                name, UploadedFile(value.filename or "", content, value.content_type or "")
            )
        else:
            parameters.values.setdefault(name, value)
    await form.close()
