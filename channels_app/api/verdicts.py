"""REST: what a check found, on bots and channels."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class VerdictSerializer(serializers.Serializer[Any]):
    """What is wrong and what mends it; empty when all is well."""

    problem = serializers.CharField(
        required=False, help_text="A code such as not_started or no_photos."
    )
    telegram = serializers.CharField(required=False, help_text="Telegram's own words.")
    advice = serializers.CharField(
        required=False, help_text="What to do, with the Telegram menu that mends it."
    )


@extend_schema_field(VerdictSerializer)
class VerdictField(serializers.JSONField):
    """A stored verdict, as it is."""
