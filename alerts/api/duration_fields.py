"""REST: how long, as a number or as Prometheus writes it; answers are numbers."""

import re
from datetime import timedelta
from typing import Any, ClassVar, Final

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from alerts.durations import DurationError, format_duration, parse_duration

_NUMBER = re.compile(r"\s*-?\d+(?:\.0*)?\s*", re.ASCII)
"""What DRF's IntegerField takes of a text."""
_TEXT: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": 50,
    "pattern": "^(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$",
    "description": "How long, as Prometheus writes it: 30s, 5m or 1h30m.",
}


class SecondsField(serializers.IntegerField):
    """`300` or `"5m"`; whole seconds."""

    unit: ClassVar[timedelta] = timedelta(seconds=1)
    units: ClassVar[str] = "seconds"

    def __init__(self, *, min_value: int, max_value: int, **others: Any) -> None:
        number = timedelta(minutes=5) // self.unit
        super().__init__(
            min_value=min_value,
            max_value=max_value,
            **others,
            error_messages={
                "invalid": f'Give whole {self.units}, such as {number}, or a text such as "5m".',
                "min_value": f"Give at least {self._shown(min_value)}.",
                "max_value": f"Give at most {self._shown(max_value)}.",
            },
        )

    def to_internal_value(self, data: Any) -> int:
        """The number. Raises ValidationError."""
        if not isinstance(data, str) or _NUMBER.fullmatch(data):
            return super().to_internal_value(data)
        try:
            length = parse_duration(data)
        except DurationError as error:
            raise serializers.ValidationError(
                f"{error} Or give whole {self.units} as a number.", code="invalid"
            ) from None
        if length % self.unit:
            raise serializers.ValidationError(
                f"{data!r} is no whole number of {self.units}.", code="invalid"
            )
        return length // self.unit

    def _shown(self, number: int) -> str:
        return f"{number} {self.units} ({format_duration(number * self.unit)})"


class MinutesField(SecondsField):
    """`15` or `"15m"`; whole minutes."""

    unit = timedelta(minutes=1)
    units = "minutes"


class DurationFields(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # untyped library
    """What is sent may be a text, too."""

    target_class = SecondsField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        """The schema."""
        ends = {"minimum": self.target.min_value, "maximum": self.target.max_value}
        number = {"type": "integer", **ends}
        return {"oneOf": [number, _TEXT]} if direction == "request" else number
