"""REST: what is shown as it is stored."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

LABELS_SCHEMA = {"type": "object", "additionalProperties": {"type": "string"}}


@extend_schema_field(LABELS_SCHEMA)
class LabelsField(serializers.JSONField):
    """Label → value, as stored."""


@extend_schema_field(
    {"type": "array", "items": {"type": "array", "items": {"type": ["string", "null"]}}}
)
class LinksField(serializers.JSONField):
    """`[[kind, URL, label], …]`, as stored."""
