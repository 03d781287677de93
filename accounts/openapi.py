"""What the OpenAPI document says of our own classes, and the page that shows it."""

from functools import lru_cache
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.problems import CONTENT_TYPE

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Of the docs page: nothing from elsewhere; its styles are set by its own script."""

_PLACE = {
    "pointer": "JSON pointer into the body (RFC 6901).",
    "parameter": "Parameter of the query.",
    "header": "Header of the request.",
}
PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do about it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "description": "One place that is wrong: a pointer, a parameter or a header.",
                "required": ["detail", "code"],
                "properties": {
                    **{
                        name: {"type": "string", "description": words}
                        for name, words in _PLACE.items()
                    },
                    "detail": {"type": "string"},
                    "code": {"type": "string"},
                    "position": {
                        "type": "integer",
                        "description": "Character at which the value goes wrong, from 0.",
                    },
                    "value": {"description": "What was given, shortened; never a secret."},
                },
            },
        },
    },
}
WORDS = {
    400: "A value can't be used; `errors` says which and why.",
    401: "The API key is missing, unknown, expired or revoked.",
    403: "The key's role may not do this.",
    404: "There is nothing with this ID in your organization.",
    409: "The state of things forbids this.",
    411: "The body came in chunks, without a Content-Length.",
    413: "The body or the file is too large.",
    415: "The body's Content-Type isn't understood.",
    429: "Too many requests with this key; `Retry-After` says when to try again.",
    503: "The database does not answer; `Retry-After` says when to try again.",
}
EXAMPLE = {
    "type": "about:blank",
    "title": "Bad Request",
    "status": 400,
    "detail": "Some values can't be used; see errors.",
    "errors": [
        {
            "pointer": "/rolle",
            "detail": "There is no such field. Did you mean role?",
            "code": "unknown",
            "value": "admin",
        }
    ],
}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # untyped library
    """`Authorization: Bearer tk_…`."""

    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """An HTTP bearer scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key from the console (API keys), as `Bearer tk_…`.",
        }


class Document(APIView):
    """OpenAPI 3.1 as YAML, or as JSON for `Accept: application/json`."""

    authentication_classes = ()
    permission_classes = ()
    renderer_classes = (OpenApiYamlRenderer, OpenApiJsonRenderer, JSONRenderer)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """The document."""
        return Response(_document())


@lru_cache(maxsize=1)
def _document() -> Any:
    """Made once a process: it takes a second, and strangers may ask for it."""
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # untyped library


class DocsPage(SpectacularSwaggerSplitView):
    """The OpenAPI document for people; works without any other host."""

    template_name = "api/docs.html"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The page, or with `?script` its start-up script."""
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]  # untyped library
        response["Content-Security-Policy"] = PAGE_POLICY
        return response


def document_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Every operation says how it refuses. Called by drf-spectacular when it makes the document."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for status in _refusals(path, method, operation):
                operation["responses"].setdefault(str(status), _response(status))
    return result


def close_requests(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Bodies take no other fields than theirs: what is unknown is refused."""
    for name, schema in result["components"]["schemas"].items():
        if name.endswith("Request") and schema.get("type") == "object":
            schema["additionalProperties"] = False
    return result


def _refusals(path: str, method: str, operation: dict[str, Any]) -> list[int]:
    found = [400, 401, 403, 429, 503]
    if "{" in path:
        found.append(404)
    if "requestBody" in operation:
        found += [411, 413, 415]
    if method in ("post", "patch", "delete"):
        found.append(409)
    return sorted(found)


def _response(status: int) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    if status == 400:
        content["examples"] = {"AnUnknownField": {"value": EXAMPLE}}
    response = {"description": WORDS[status], "content": {CONTENT_TYPE: content}}
    if status in (429, 503):
        response["headers"] = {
            "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}
        }
    return response
