"""Serializers that swallow nothing: an unknown or read-only field in a body is refused by name."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, ClassVar, TypeVar

from django.db.models import Model
from rest_framework import serializers
from rest_framework.fields import empty

M = TypeVar("M", bound=Model)
NOT_A_TEXT = serializers.ErrorDetail("Give a text (a JSON string).", "invalid")


class Text(serializers.CharField):
    """A text inside a list; a number is none."""

    def to_internal_value(self, data: Any) -> str:
        """The text."""
        if not isinstance(data, str):
            raise serializers.ValidationError(NOT_A_TEXT)
        return super().to_internal_value(data)


class TextOrNumber(serializers.CharField):
    """A text that people also write as a number, such as a chat's ID."""


class Strict(serializers.Serializer[Any]):
    """Refuses what it does not know, and says which values a choice takes."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Send an object with fields, not {datatype}."
    }

    def get_fields(self) -> dict[str, Any]:
        """The fields, with honest words where the library's are short of the fix."""
        fields = super().get_fields()
        for field in fields.values():
            if isinstance(field, serializers.ChoiceField):
                choices = ", ".join(repr(choice) for choice in field.choices)
                field.error_messages["invalid_choice"] = f"Use one of {choices}."
            elif isinstance(field, serializers.CharField):
                field.error_messages["invalid"] = str(NOT_A_TEXT)
        return fields

    def run_validation(self, data: Any = empty) -> Any:
        """As the library, but for fields that nobody would read."""
        if isinstance(data, Mapping):
            names = [str(name) for name in data]
            unread = {name: self._why_not(name) for name in names if not self._reads(name)}
            numbers = {name: NOT_A_TEXT for name in names if self._is_number_for_text(name, data)}
            if unread or numbers:
                raise serializers.ValidationError({**unread, **numbers})
        return super().run_validation(data)

    def _reads(self, name: str) -> bool:
        return name in self.fields and not self.fields[name].read_only

    def _is_number_for_text(self, name: str, data: Mapping[str, Any]) -> bool:
        """The library would take 5 as "5": a slip that is better told."""
        field = self.fields.get(name)
        is_text = isinstance(field, serializers.CharField) and not isinstance(field, TextOrNumber)
        return is_text and isinstance(data[name], int | float)

    def _why_not(self, name: str) -> serializers.ErrorDetail:
        if name in self.fields:
            return serializers.ErrorDetail("This field can't be set; leave it out.", "read_only")
        known = [str(field) for field in self.fields]
        known = [field for field in known if self._reads(field)]
        close = get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"Fields are: {', '.join(known)}."
        return serializers.ErrorDetail(f"There is no such field. {hint}", "unknown")


class StrictModelSerializer(Strict, serializers.ModelSerializer[M]):
    """The same for a model."""
