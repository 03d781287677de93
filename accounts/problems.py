"""Errors of the REST API as RFC 9457 problem details that name the field, the value and the fix."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from accounts.tenancy import ForeignOrganization

CONTENT_TYPE = "application/problem+json"


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


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: every refusal in one shape; None for what is a defect of ours (500)."""
    if isinstance(exc, Http404 | ForeignOrganization):
        exc = exceptions.NotFound("There is nothing with this ID in your organization.")
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if not isinstance(exc, exceptions.APIException):
        return None
    set_rollback()
    headers: dict[str, str] = {}
    if getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = exc.auth_header  # type: ignore[attr-defined]  # set by DRF
    wait = getattr(exc, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(int(wait) + 1)
    if isinstance(exc, exceptions.ValidationError):
        body = problem(
            exc.status_code,
            "Some fields need another value; see errors.",
            errors=_field_errors(exc.detail, ""),
        )
    else:
        body = problem(exc.status_code, str(exc.detail))
    return Response(body, status=exc.status_code, headers=headers, content_type=CONTENT_TYPE)


def _field_errors(detail: Any, pointer: str) -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [
            error
            for name, inner in detail.items()
            for error in _field_errors(
                inner, pointer if name == "non_field_errors" else f"{pointer}/{name}"
            )
        ]
    if isinstance(detail, list):
        return [
            error
            for number, inner in enumerate(detail)
            for error in _field_errors(
                inner, f"{pointer}/{number}" if isinstance(inner, dict) else pointer
            )
        ]
    return [{"pointer": pointer, "detail": str(detail), "code": getattr(detail, "code", "invalid")}]
