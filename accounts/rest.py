"""The base of every REST resource: whose rows, what a role may, who is recorded."""

from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request

from accounts.audit import Actor
from accounts.authentication import grant_of
from accounts.models import Organization
from accounts.permissions import Capability

M = TypeVar("M", bound=Model)


class OrganizationViewSet(viewsets.GenericViewSet[M]):
    """Only the rows of the key's organization; a foreign ID is 404.

    Subclasses give `model`, a serializer and `capabilities` (action → Capability).
    """

    model: ClassVar[type[Model]]
    capabilities: ClassVar[dict[str, Capability]] = {}
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
                {field: f"There is no {model._meta.verbose_name} {pk} in your organization."}
            )
        return row


class ReadViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, OrganizationViewSet[M]):
    """A list and its rows, to be read."""


class OrganizationField(serializers.PrimaryKeyRelatedField[Any]):
    """A related row of the same organization, by ID."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "does_not_exist": "There is nothing with the ID {pk_value} in your organization.",
        "incorrect_type": "Give an ID (a UUID), not {data_type}.",
    }

    def get_queryset(self) -> QuerySet[Any]:
        """The rows that may be named."""
        view = self.context["view"]
        rows: Any = super().get_queryset()
        if getattr(view, "swagger_fake_view", False):
            return rows.none()  # type: ignore[no-any-return]  # any model's rows
        return rows.all().for_organization(view.organization)  # type: ignore[no-any-return]  # same
