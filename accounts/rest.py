"""The base of every REST resource: whose rows, what a role may, who is recorded.

Resources have no PUT: PATCH changes the fields that its body names, and nothing else.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar, cast

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import Actor
from accounts.authentication import grant_of
from accounts.models import Organization
from accounts.pagination import CursorPages
from accounts.parsers import JsonParser
from accounts.permissions import Capability
from accounts.problems import ApiRefusal
from accounts.rest_filters import Filters, Search, check_parameters

M = TypeVar("M", bound=Model)

RELATED_MAX = 200
"""Rows that one field of a body may name."""


class OrganizationViewSet(viewsets.GenericViewSet[M]):
    """Only the rows of the key's organization; a foreign ID is 404.

    Subclasses give `model`, a serializer and `capabilities` (action → Capability).
    """

    model: ClassVar[type[Model]]
    capabilities: ClassVar[dict[str, Capability]] = {}
    ordering_fields: ClassVar[tuple[str, ...]] = ()
    repeatable_parameters: ClassVar[tuple[str, ...]] = ()
    paged_actions: ClassVar[tuple[str, ...]] = ()
    """Beside `list`: those whose answer has pages."""
    parser_classes = (JsonParser,)
    filter_backends = (Filters, Search)
    request: Request

    @property
    def organization(self) -> Organization:
        """The organization that the API key belongs to."""
        return grant_of(self.request).organization

    @property
    def role(self) -> str:
        """The role of the API key."""
        return grant_of(self.request).role

    @property
    def actor(self) -> Actor:
        """Who acts, for the audit."""
        return grant_of(self.request).actor

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Besides who may: no parameter of the query goes unread."""
        super().initial(request, *args, **kwargs)
        known: Sequence[str] = ()
        if self.action == "list":
            known = self.known_parameters()
        elif self.action in self.paged_actions:
            known = self.pagination_class.parameters  # type: ignore[union-attr]  # ours has them
        check_parameters(request, known, self.repeatable_parameters)

    def known_parameters(self) -> list[str]:
        """What the query of a list may hold."""
        names = list(getattr(self.pagination_class, "parameters", ()))
        if getattr(self, "search_fields", ()):
            names.append("search")
        filterset = Filters().get_filterset_class(self, self.get_queryset())
        return names + list(filterset.base_filters if filterset else ())

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """204 with `Allow`; what a body may hold is in the OpenAPI document."""
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_queryset(self) -> QuerySet[M]:
        """The organization's rows; with related rows as the subclass says in `with_related`."""
        if getattr(self, "swagger_fake_view", False):
            return self.model._default_manager.none()  # type: ignore[return-value]  # M is model's
        rows: QuerySet[M] = self.owned(self.organization)
        return self.with_related(rows)

    def owned(self, organization: Organization) -> QuerySet[M]:
        """Widened only by resources of shared rows (a lent bot); tested by the isolation suite."""
        return self.model._default_manager.for_organization(organization)  # type: ignore[attr-defined,no-any-return]  # OrganizationManager

    def with_related(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Joins and prefetches, so that a page costs a fixed number of queries."""
        return rows

    def own_or_400(self, model: type[Any], field: str, pk: Any) -> Any:
        """A related row named in a body; a foreign one doesn't exist."""
        row = model.objects.for_organization(self.organization).filter(pk=pk).first()
        if row is None:
            raise serializers.ValidationError(
                {field: f"There is no {model._meta.verbose_name} {pk} in your organization."},
                code="does_not_exist",
            )
        return row

    def body(
        self, row: Any = None, serializer: type[serializers.Serializer[Any]] | None = None
    ) -> dict[str, Any]:
        """The checked values of the body, of a change to `row` when given. Raises
        ValidationError."""
        context = self.get_serializer_context()
        kind = serializer or self.get_serializer_class()
        data = kind(row, data=self.request.data, partial=row is not None, context=context)
        data.is_valid(raise_exception=True)
        return dict(data.validated_data)

    def no_body(self) -> None:
        """This action takes none. Raises ApiRefusal 400."""
        if self.request.data:
            raise ApiRefusal(400, "This takes no body; send none, or {}.")

    def shown(self, row: Any) -> Response:
        """The row as it is now."""
        return Response(self.get_serializer(row).data)

    def created(self, row: Any) -> Response:
        """201 with the row and where to find it."""
        headers = {"Location": self.reverse_action("detail", args=[row.pk])}
        body = self.get_serializer(row).data
        return Response(body, status=status.HTTP_201_CREATED, headers=headers)


class ReadViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, OrganizationViewSet[M]):
    """A list and its rows, to be read."""

    pagination_class: Any = CursorPages


@contextmanager
def refusals(*kinds: type[Exception], field: str = "") -> Iterator[None]:
    """What a write function refuses is 400 at its `field`."""
    try:
        yield
    except kinds as refusal:
        name = field or getattr(refusal, "field", "")
        raise serializers.ValidationError({name or "non_field_errors": str(refusal)}) from None


@contextmanager
def conflicts(*kinds: type[Exception]) -> Iterator[None]:
    """What the state of things forbids is 409."""
    try:
        yield
    except kinds as refusal:
        raise ApiRefusal(409, str(refusal)) from None


class OrganizationRows(serializers.ListField):
    """Related rows of the same organization, by their IDs; one query for all of them."""

    child = serializers.UUIDField()

    def __init__(self, model: type[Any], **kwargs: Any) -> None:
        self.rows_of = model
        super().__init__(max_length=RELATED_MAX, **kwargs)

    def to_internal_value(self, data: Any) -> list[Any]:
        """The rows, in the order given. A foreign one doesn't exist."""
        if isinstance(data, list) and len(data) > RELATED_MAX:
            raise serializers.ValidationError(f"Name at most {RELATED_MAX}.", code="max_length")
        ids = super().to_internal_value(data)
        rows = self.rows_of.objects.for_organization(self.context["view"].organization)
        found = rows.in_bulk(ids)
        missing: dict[str, Any] = {
            str(number): [
                f"There is no {self.rows_of._meta.verbose_name} {pk} in your organization."
            ]
            for number, pk in enumerate(ids)
            if pk not in found
        }
        if missing:
            raise serializers.ValidationError(missing, code="does_not_exist")
        return list(found.values())

    def to_representation(self, data: Any) -> list[Any]:
        """The IDs."""
        return [str(row.pk) for row in data.all()]


class OrganizationRow(serializers.PrimaryKeyRelatedField[Any]):
    """A related row of the same organization, by its ID; a foreign one doesn't exist."""

    def __init__(self, model: type[Any], **kwargs: Any) -> None:
        self.rows_of = model
        super().__init__(queryset=model.objects.none(), **kwargs)
        name = model._meta.verbose_name
        missing = f"There is no {name} {{pk_value}} in your organization."
        self.error_messages["does_not_exist"] = missing

    def get_queryset(self) -> QuerySet[Any]:
        """The organization's rows."""
        view = self.context["view"]
        if getattr(view, "swagger_fake_view", False):
            return cast("QuerySet[Any]", self.rows_of.objects.none())
        return cast("QuerySet[Any]", self.rows_of.objects.for_organization(view.organization))
