"""REST: answers that an Idempotency-Key repeats."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.response import Response

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

    def answer() -> idempotency.Answer:
        return idempotency.Answer(status.HTTP_202_ACCEPTED, work())

    key = view.request.headers.get(idempotency.HEADER)
    try:
        given = idempotency.once(view.organization, scope, key, request, answer)
    except idempotency.KeyInvalid as error:
        errors = [wrong("header", idempotency.HEADER, str(error), "invalid")]
        raise ApiRefusal(400, str(error), errors=errors) from None
    except idempotency.KeyReused as error:
        errors = [wrong("header", idempotency.HEADER, str(error), "reused")]
        raise ApiRefusal(409, str(error), errors=errors) from None
    headers = {"Location": str(given.body["url"])}
    if given.replayed:
        headers[idempotency.REPLAYED] = "true"
    return Response(given.body, status=given.status, headers=headers)
