"""REST: answers that an Idempotency-Key repeats."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts import idempotency
from accounts.problems import ApiRefusal, wrong
from accounts.rest import OrganizationViewSet

IDEMPOTENCY_KEY = OpenApiParameter(
    idempotency.HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="A request with the same key and body does nothing new for 48 hours and gets the "
    f"same answer, with `{idempotency.REPLAYED}: true`. Another body is 409.",
)


def accepted_once(
    view: OrganizationViewSet[Any],
    scope: str,
    request: dict[str, Any],
    work: Callable[[], dict[str, Any]],
) -> Response:
    """202 with what `work` gives, once for each Idempotency-Key; its `url` is the Location.

    Raises ApiRefusal 400 or 409 for a key that can't be used.
    """
    given = _answered_once(view, scope, request, status.HTTP_202_ACCEPTED, work)
    return _response(given, str(given.body["url"]))


def created_once(
    view: OrganizationViewSet[Any],
    basename: str,
    request: dict[str, Any],
    work: Callable[[], dict[str, Any]],
) -> Response:
    """201 with the row that `work` makes, in the same way; the row of its `id` is the Location.
    `basename`: of the row's resource in the router, and the scope of the key."""
    given = _answered_once(view, basename, request, status.HTTP_201_CREATED, work)
    return _response(
        given, reverse(f"{basename}-detail", args=[given.body["id"]], request=view.request)
    )


def done_once(
    view: OrganizationViewSet[Any],
    scope: str,
    request: dict[str, Any],
    work: Callable[[], dict[str, Any]],
) -> Response:
    """200 with what `work` gives, in the same way."""
    return _response(_answered_once(view, scope, request, status.HTTP_200_OK, work))


def _answered_once(
    view: OrganizationViewSet[Any],
    scope: str,
    request: dict[str, Any],
    success: int,
    work: Callable[[], dict[str, Any]],
) -> idempotency.Answer:
    key = view.request.headers.get(idempotency.HEADER)
    try:
        return idempotency.once(
            view.organization, scope, key, request, lambda: idempotency.Answer(success, work())
        )
    except idempotency.KeyInvalid as error:
        errors = [wrong("header", idempotency.HEADER, str(error), "invalid")]
        raise ApiRefusal(400, str(error), errors=errors) from None
    except idempotency.KeyReused as error:
        errors = [wrong("header", idempotency.HEADER, str(error), "reused")]
        raise ApiRefusal(409, str(error), errors=errors) from None


def _response(given: idempotency.Answer, location: str = "") -> Response:
    headers = {"Location": location} if location else {}
    if given.replayed:
        headers[idempotency.REPLAYED] = "true"
    return Response(given.body, status=given.status, headers=headers)
