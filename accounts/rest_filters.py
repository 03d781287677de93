"""Filters and search of lists; parameters that nobody would read are refused by name."""

from collections.abc import Collection
from datetime import UTC
from difflib import get_close_matches
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.filters import SearchFilter
from rest_framework.request import Request

SEARCH_LETTERS = 200
SEARCH_WORDS = 10


@extend_schema_field(bool)
class TrueOrFalse(filters.TypedChoiceFilter):  # type: ignore[misc]  # django-filter has no types
    """`true` or `false`; anything else is refused, not ignored."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(choices=choices, coerce=lambda text: text == "true", **kwargs)


class MomentField(IsoDateTimeField):  # type: ignore[misc]  # django-filter has no types
    """A time that the database can hold in UTC."""

    def to_python(self, value: Any) -> Any:
        """The time in UTC. Raises ValidationError."""
        moment = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class Moment(filters.IsoDateTimeFilter):  # type: ignore[misc]  # django-filter has no types
    """ISO 8601, such as 2026-01-31T12:00:00Z."""

    field_class = MomentField


class RestFilterSet(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """Related rows are named by ID. One that isn't ours and one that isn't at all find nothing
    alike."""

    FILTER_DEFAULTS: ClassVar[dict[Any, Any]] = {
        **filters.FilterSet.FILTER_DEFAULTS,
        models.ForeignKey: {"filter_class": filters.UUIDFilter},
        models.BooleanField: {"filter_class": TrueOrFalse},
    }


class Filters(filters.DjangoFilterBackend):  # type: ignore[misc]  # django-filter has no types
    """`filterset_fields` and `filterset_class` of a view."""

    filterset_base = RestFilterSet


class Search(SearchFilter):
    """`?search=`: every word must occur in one of the view's `search_fields`."""

    search_description = "Words that must all occur."

    def get_search_terms(self, request: Request) -> list[str]:
        """The words. Raises ValidationError for more than a person types."""
        try:
            terms: list[str] = super().get_search_terms(request)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({self.search_param: error.detail}) from None
        if len(terms) > SEARCH_WORDS or sum(map(len, terms)) > SEARCH_LETTERS:
            raise serializers.ValidationError(
                {
                    self.search_param: f"Search for at most {SEARCH_WORDS} words "
                    f"of {SEARCH_LETTERS} letters together."
                }
            )
        return terms


def check_parameters(request: Request, known: Collection[str], repeatable: Collection[str]) -> None:
    """Refuse parameters that would be ignored. Raises ValidationError."""
    problems: dict[str, Any] = {}
    for name in request.query_params:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]}?" if close else _list(known)
            problems[name] = serializers.ErrorDetail(
                f"There is no such parameter. {hint}", "unknown"
            )
        elif len(request.query_params.getlist(name)) > 1 and name not in repeatable:
            problems[name] = serializers.ErrorDetail("Give this parameter once.", "repeated")
    if problems:
        raise serializers.ValidationError(problems)


def _list(known: Collection[str]) -> str:
    return f"There are: {', '.join(sorted(known))}." if known else "There are none here."
