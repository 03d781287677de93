"""Lists in the REST API: pages by a cursor that names the last row seen.

A page begins after (value of the ordering field, ID) of the row before it, so that rows which
share a value are neither shown twice nor left out, and rows that come or go move no others.
"""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
DEFAULT_ORDERING = "-id"
NOT_A_CURSOR = "This cursor isn't one of this list's. Leave it out to begin at the start."


class CursorPages(BasePagination):
    """`?ordering=…&page_size=…&cursor=…`; the view's `ordering_fields` are never null."""

    parameters: tuple[str, ...] = ("cursor", "page_size", "ordering")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """One page, and whether there is more on either side."""
        self.request = request
        self.view = view
        self.ordering = self._ordering(request, view)
        self.size = self._size(request)
        backwards, value, pk = self._decode(request, queryset.model)
        rows = list(self._rows(queryset, backwards, value, pk)[: self.size + 1])
        more = len(rows) > self.size
        page = rows[: self.size]
        if backwards:
            page.reverse()
        started = pk is not None
        self.has_next = started if backwards else more
        self.has_previous = more if backwards else started
        self.page = page
        return page

    def get_paginated_response(self, data: Any) -> Response:
        """`{"next", "previous", "results"}`; null where there is nothing more."""
        return Response(
            {
                "next": self._link(self.page[-1], False) if self.has_next and self.page else None,
                "previous": self._link(self.page[0], True)
                if self.has_previous and self.page
                else None,
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """For the OpenAPI document."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """For the OpenAPI document."""
        size = {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_PAGE_SIZE,
            "default": PAGE_SIZE,
        }
        ordering = {"type": "string", "enum": orderings(view), "default": default_ordering(view)}
        return [
            _parameter("cursor", {"type": "string"}, "From `next` or `previous` of another page."),
            _parameter("page_size", size, "Rows on a page."),
            _parameter("ordering", ordering, "Rows by this field; with - from the last."),
        ]

    def _ordering(self, request: Request, view: Any) -> str:
        given = request.query_params.get("ordering")
        if given is None:
            return default_ordering(view)
        if given not in orderings(view):
            raise serializers.ValidationError(
                {"ordering": f"Use one of {', '.join(orderings(view))}."}
            )
        return given

    def _size(self, request: Request) -> int:
        given = request.query_params.get("page_size", str(PAGE_SIZE))
        if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= MAX_PAGE_SIZE):
            raise serializers.ValidationError({"page_size": f"Use 1 to {MAX_PAGE_SIZE}."})
        return int(given)

    def _rows(self, rows: QuerySet[Any], backwards: bool, value: Any, pk: Any) -> QuerySet[Any]:
        name = self.ordering.lstrip("-")
        ascending = self.ordering.startswith("-") == backwards
        sign, after = ("", "gt") if ascending else ("-", "lt")
        if pk is not None:
            beyond = Q(**{f"pk__{after}": pk})
            if name != "id":
                beyond = Q(**{f"{name}__{after}": value}) | (Q(**{name: value}) & beyond)
            rows = rows.filter(beyond)
        return rows.order_by(f"{sign}{name}", f"{sign}pk")

    def _link(self, row: Model, backwards: bool) -> str:
        name = self.ordering.lstrip("-")
        value = _field(type(row), name).value_to_string(row)
        token = json.dumps([self.ordering, backwards, value, str(row.pk)], separators=(",", ":"))
        cursor = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
        return str(replace_query_param(self.request.build_absolute_uri(), "cursor", cursor))

    def _decode(self, request: Request, model: type[Model]) -> tuple[bool, Any, Any]:
        """(backwards, value, ID) of the row to go on from; (False, None, None) at the start."""
        cursor = request.query_params.get("cursor")
        if cursor is None:
            return False, None, None
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
            ordering, backwards, value, pk = json.loads(raw)
            field = _field(model, self.ordering.lstrip("-"))
            key = model._meta.pk
            assert key is not None
            place = bool(backwards), _value(field, value), _value(key, pk)
        except (ValueError, TypeError, RecursionError, ValidationError):
            raise serializers.ValidationError({"cursor": NOT_A_CURSOR}) from None
        if ordering != self.ordering:
            raise serializers.ValidationError(
                {"cursor": "This cursor belongs to another ordering. Leave it out."}
            )
        return place


class NewestFirst(CursorPages):
    """The same without a choice of order, for rows below another one."""

    parameters = ("cursor", "page_size")

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """For the OpenAPI document."""
        found = super().get_schema_operation_parameters(view)
        return [one for one in found if one["name"] in self.parameters]

    def _ordering(self, request: Request, view: Any) -> str:
        return DEFAULT_ORDERING


class WholeList(BasePagination):
    """Everything on one page, in an order that people gave; the shape is that of a page."""

    parameters = ()

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """All rows."""
        return list(queryset)

    def get_paginated_response(self, data: Any) -> Response:
        """`next` and `previous` are always null."""
        return Response({"next": None, "previous": None, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """For the OpenAPI document."""
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {"type": "null"},
                "previous": {"type": "null"},
                "results": schema,
            },
        }


def orderings(view: Any) -> list[str]:
    """What `?ordering=` takes."""
    names = ("id", *getattr(view, "ordering_fields", ()))
    return [signed for name in names for signed in (name, f"-{name}")]


def default_ordering(view: Any) -> str:
    """Newest first, unless the view knows better."""
    return getattr(view, "default_ordering", DEFAULT_ORDERING)


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _field(model: type[Model], name: str) -> Field[Any, Any]:
    field = model._meta.get_field(name)
    assert isinstance(field, Field), "lists are ordered by columns"
    return field


def _value(field: Field[Any, Any], text: str) -> Any:
    """What the field means by this text. Raises ValueError, TypeError, ValidationError."""
    if "\0" in str.encode(text).decode():
        raise ValueError("the text holds U+0000")
    value = field.to_python(text)
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ValueError("a time without zone")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("no such time in UTC") from None
