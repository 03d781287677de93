"""REST: what would become of an alert with these labels."""

from typing import Any

from rest_framework import serializers

from accounts.rest_serializers import Strict, Text
from alerts.api.fields import LabelsField
from alerts.route_trial import Trial
from alerts.sources.incoming import MAX_LABEL_NAME, MAX_LABEL_VALUE, MAX_LABELS


class TrialSerializer(Strict):
    """Labels, as of an alert that begins to fire; or an alert that came."""

    labels = serializers.DictField(
        child=Text(max_length=MAX_LABEL_VALUE, allow_blank=True),
        required=False,
        help_text="Such as those of an alert that went astray.",
    )
    integration = serializers.UUIDField(
        required=False, help_text="Where it would come from; not needed with `alert`."
    )
    alert = serializers.UUIDField(required=False, help_text="In place of labels: a stored alert.")

    def validate_labels(self, value: dict[str, str]) -> dict[str, str]:
        """As many as an alert may have."""
        if len(value) > MAX_LABELS:
            raise serializers.ValidationError(f"Give at most {MAX_LABELS} labels.")
        long = next((name for name in value if not 0 < len(name) <= MAX_LABEL_NAME), None)
        if long is not None:
            raise serializers.ValidationError(
                f"Label names have 1 to {MAX_LABEL_NAME} characters, unlike {long[:50]!r}."
            )
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One or the other."""
        if ("labels" in attrs) == ("alert" in attrs):
            raise serializers.ValidationError("Give either labels or an alert.")
        if "alert" in attrs and "integration" in attrs:
            raise serializers.ValidationError({"integration": "An alert has one already."})
        return attrs


class WouldShowSerializer(serializers.Serializer[Any]):
    """What a channel would get as its first message."""

    channel = serializers.UUIDField(source="channel.pk")
    name = serializers.CharField(source="channel.name")
    text = serializers.CharField()
    parse_mode = serializers.CharField()
    is_silent = serializers.BooleanField()
    buttons = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="What the buttons below it say, row by row.",
    )
    hindrance = serializers.CharField(help_text="Why it would get nothing now; empty: nothing.")


class TriedRouteSerializer(serializers.Serializer[Any]):
    """One route."""

    route = serializers.UUIDField(source="route.pk")
    name = serializers.CharField(source="route.name")
    is_taken = serializers.BooleanField(help_text="Whether the alert goes there.")
    why = serializers.CharField()
    group = serializers.CharField(help_text="What its message would be called.")
    group_labels = LabelsField(allow_null=True)
    group_wait = serializers.IntegerField(source="route.group_wait", help_text="Seconds.")
    channels = WouldShowSerializer(source="shown", many=True)


class TriedSerializer(serializers.Serializer[Trial]):
    """All routes, in the order in which they are tried."""

    labels = LabelsField()
    severity = serializers.CharField(allow_null=True)
    is_lost = serializers.BooleanField(help_text="Whether no channel would show it.")
    steps = TriedRouteSerializer(many=True)
