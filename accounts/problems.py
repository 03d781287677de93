"""Errors of the REST API as RFC 9457 problem details that name the field, the value and the fix."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.urls import Resolver404, resolve
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from accounts.tenancy import ForeignOrganization
from botapi.tokens import redact

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
API_PREFIX = "/api/"
RETRY_SECONDS = 5
VALUE_SHOWN = 100
SECRET_FIELDS = frozenset({"token", "proxy", "signature_secret", "password", "key"})
"""Fields whose value is not repeated in an error."""

Errors = list[dict[str, Any]]


class ApiRefusal(exceptions.APIException):
    """A refusal with its status, words, headers, and optionally the places that are wrong."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail, code="refused")
        self.status_code = status
        self.errors = [dict(error) for error in errors]
        self.headers = dict(headers or {})


def wrong(place: str, name: str, detail: str, code: str, value: Any = None) -> dict[str, Any]:
    """One entry of `errors`. `place` is "pointer" (JSON pointer into the body), "parameter" (of
    the query) or "header"."""
    entry = {place: name, "detail": detail, "code": code}
    if value is not None:
        entry["value"] = value
    return entry


def problem(status: int, detail: str, **members: Any) -> dict[str, Any]:
    """The body of a problem (RFC 9457 section 3)."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }


def problem_response(status: int, detail: str, **members: Any) -> JsonResponse:
    """The same outside DRF."""
    return JsonResponse(
        problem(status, detail, **members), status=status, content_type=CONTENT_TYPE
    )


# --- inside DRF -----------------------------------------------------------------------------------


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: every refusal in one shape; None for what is a defect of ours (500)."""
    refusal = _as_api_exception(exc)
    if refusal is None:
        return None
    set_rollback()
    members: dict[str, Any] = {}
    if isinstance(refusal, exceptions.ValidationError):
        detail = "Some values can't be used; see errors."
        members["errors"] = _validation_errors(refusal, context["request"])
    else:
        detail = _detail(refusal, context)
        if getattr(refusal, "errors", None):
            members["errors"] = refusal.errors  # type: ignore[attr-defined]  # ApiRefusal's
    return Response(
        problem(refusal.status_code, detail, **members),
        status=refusal.status_code,
        headers=_headers(refusal),
        content_type=CONTENT_TYPE,
    )


def _as_api_exception(exc: Exception) -> exceptions.APIException | None:
    if isinstance(exc, exceptions.APIException):
        return exc
    if isinstance(exc, Http404 | ForeignOrganization):
        return exceptions.NotFound("There is nothing with this ID in your organization.")
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(exc, RequestDataTooBig):
        return ApiRefusal(413, "The body is too large. Send files as multipart, and fewer fields.")
    if isinstance(exc, BadRequest | SuspiciousOperation):
        return ApiRefusal(400, f"This request can't be read: {exc}"[:300])
    if isinstance(exc, UnreadablePostError):
        return ApiRefusal(400, "The connection broke before the body was whole. Send it again.")
    if isinstance(exc, IntegrityError):
        log.warning("Two requests met: %s", type(exc).__name__)
        return ApiRefusal(
            409, "Another request changed the same thing at this moment. Read it, and try again."
        )
    if isinstance(exc, OperationalError | InterfaceError):
        log.error("The database did not answer a request", exc_info=exc)
        return ApiRefusal(
            503,
            "The database does not answer. Try again in a few seconds.",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )
    return None


def _detail(refusal: exceptions.APIException, context: dict[str, Any]) -> str:
    """What is wrong and what to do instead."""
    view = context["view"]
    if isinstance(refusal, exceptions.NotAuthenticated):
        return (
            "Send an API key as `Authorization: Bearer tk_…`. "
            "Make one in the console under API keys."
        )
    if isinstance(refusal, exceptions.MethodNotAllowed):
        method, allowed = context["request"].method, ", ".join(view.allowed_methods)
        hint = " PATCH changes the fields that its body names." if method == "PUT" else ""
        return f"{str(method)[:20]} isn't offered here; {allowed} is.{hint}"
    if isinstance(refusal, exceptions.UnsupportedMediaType):
        types = " or ".join(parser.media_type for parser in view.parser_classes)
        given = str(context["request"].content_type)[:80]
        return f"Content-Type {given!r} isn't understood here. Use {types}."
    if isinstance(refusal, exceptions.NotAcceptable):
        return "Answers are application/json; accept that or */*."
    if isinstance(refusal, exceptions.Throttled):
        return (
            f"Too many requests with this key. Try again in {_wait_of(refusal)} s, "
            "or let the operator raise API_REQUESTS_PER_MINUTE."
        )
    return str(refusal.detail)


def _headers(refusal: exceptions.APIException) -> dict[str, str]:
    headers: dict[str, str] = dict(getattr(refusal, "headers", {}))
    if getattr(refusal, "auth_header", None):
        headers["WWW-Authenticate"] = refusal.auth_header  # type: ignore[attr-defined]  # DRF sets it
    if isinstance(refusal, exceptions.Throttled):
        headers["Retry-After"] = str(_wait_of(refusal))
    return headers


def _wait_of(refusal: exceptions.Throttled) -> int:
    return max(1, int(refusal.wait or 1))  # type: ignore[attr-defined]  # set by DRF


def _validation_errors(refusal: exceptions.ValidationError, request: Any) -> Errors:
    """A GET has no body: what is wrong there is a parameter."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return [
            wrong(
                "parameter",
                path[0] if path else "",
                detail,
                code,
                _shown(path, request.query_params),
            )
            for path, detail, code in _flat(refusal.detail, ())
        ]
    return [
        wrong("pointer", _pointer(path), detail, code, _shown(path, request.data))
        for path, detail, code in _flat(refusal.detail, ())
    ]


def _flat(detail: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """(path, words, code) of each error in DRF's nested lists and dictionaries."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _flat(inner, path if name == "non_field_errors" else (*path, str(name)))
    elif isinstance(detail, list):
        for number, inner in enumerate(detail):
            yield from _flat(inner, (*path, str(number)) if isinstance(inner, dict) else path)
    else:
        yield path, str(detail), str(getattr(detail, "code", "invalid"))


def _pointer(path: Sequence[str]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _shown(path: Sequence[str], data: Any) -> Any:
    """The value at fault, shortened; None when it is absent, a structure or a secret."""
    value = data
    for part in path:
        if part in SECRET_FIELDS:
            return None
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    if isinstance(value, str):
        return redact(value[:VALUE_SHOWN])
    return value if isinstance(value, bool | int | float) else None


# --- outside DRF: what Django answers by itself ---------------------------------------------------


@csrf_exempt
def no_such_resource(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """The last URL below /api/: nothing is here."""
    path = request.path
    hint = "The resources are listed at /api/v1/docs/."
    if not path.endswith("/") and _is_resource(f"{path}/"):
        hint = f"URLs end with a slash: {path[:200]}/"
    return problem_response(404, f"There is no {path[:200]}. {hint}")


def _is_resource(path: str) -> bool:
    try:
        return resolve(path).func is not no_such_resource
    except Resolver404:
        return False


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: a problem below /api/, a page elsewhere."""
    if request.path.startswith(API_PREFIX):
        return problem_response(400, "This request can't be read. Check its headers and host name.")
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a problem below /api/, a page elsewhere."""
    if request.path.startswith(API_PREFIX):
        return problem_response(
            500, "This is a defect of ours, and it was logged. Trying again may help."
        )
    return defaults.server_error(request)
