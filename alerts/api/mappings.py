"""REST: how an integration maps any JSON, and the payloads to write that by."""

import json
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Capability
from accounts.problems import ApiRefusal, wrong
from accounts.rest import OrganizationViewSet
from accounts.rest_serializers import Strict, Text
from alerts import integrations, payloads
from alerts.api.fields import LabelsField
from alerts.mapping_trial import Trial, body_of, try_mapping
from alerts.models import Integration, Payload
from alerts.sources.expressions import MAX_LENGTH
from alerts.sources.incoming import Unparseable
from alerts.sources.mapping import MAX_VALUE, BadMapping, stored_form

MAPPING = {
    "items": "events",
    "rules": {
        "title": {"expression": "concat(name, ' on ', host)"},
        "status": {"expression": "state", "values": {"OK": "resolved", "*": "firing"}},
    },
}


class RuleSerializer(Strict):
    """How one field of an alert is made."""

    expression = serializers.CharField(max_length=MAX_LENGTH, help_text="JMESPath.")
    values = serializers.DictField(
        child=Text(max_length=MAX_VALUE, allow_blank=True),
        required=False,
        default=dict,
        help_text="What stands for what it yields; `*` for everything else.",
    )


class RulesSerializer(Strict):
    """A title or a message is needed."""

    title = RuleSerializer(required=False)
    message = RuleSerializer(required=False)
    severity = RuleSerializer(required=False)
    status = RuleSerializer(required=False, help_text="firing, resolved; without: an event.")
    fingerprint = RuleSerializer(required=False, help_text="Without: title and labels.")
    labels = RuleSerializer(required=False, help_text="Yields an object.")
    annotations = RuleSerializer(required=False, help_text="Yields an object.")
    url = RuleSerializer(required=False)
    image_url = RuleSerializer(required=False)
    starts_at = RuleSerializer(required=False)
    ends_at = RuleSerializer(required=False)


class MappingSerializer(Strict):
    """Expressions over a payload."""

    items = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=MAX_LENGTH,
        help_text="Yields the list of alerts when a payload holds several; `[]` for none.",
    )
    rules = RulesSerializer()


class TrySerializer(Strict):
    """A mapping and a payload, neither of which is stored."""

    mapping = MappingSerializer(required=False, help_text="Without: the one that is stored.")
    payload = serializers.JSONField(required=False, help_text="Any JSON.")
    kept = serializers.UUIDField(required=False, help_text="In its place: a payload that was kept.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One or the other."""
        if ("payload" in attrs) == ("kept" in attrs):
            raise serializers.ValidationError("Give either a payload or a kept one.")
        return attrs


class MappedLinkSerializer(serializers.Serializer[Any]):
    """A link of an alert."""

    kind = serializers.CharField()
    url = serializers.CharField()
    name = serializers.CharField(source="label")


class MappedAlertSerializer(serializers.Serializer[Any]):
    """An alert as it would be stored."""

    name = serializers.CharField(source="alert.name")
    status = serializers.CharField(source="alert.status")
    severity = serializers.CharField(allow_null=True, help_text="As this organization reads it.")
    fingerprint = serializers.CharField(source="alert.fingerprint")
    labels = LabelsField(source="alert.labels")
    annotations = LabelsField(source="alert.annotations")
    summary = serializers.CharField(source="alert.summary")
    description = serializers.CharField(source="alert.description")
    starts_at = serializers.DateTimeField(source="alert.starts_at", allow_null=True)
    ends_at = serializers.DateTimeField(source="alert.ends_at", allow_null=True)
    links = MappedLinkSerializer(source="alert.links", many=True)
    image_url = serializers.CharField(source="alert.image_url")


class MappingProblemSerializer(serializers.Serializer[Any]):
    """What went wrong, and in which field of the mapping."""

    field = serializers.CharField(help_text='Empty: none of them; "items" for the list.')
    pointer = serializers.CharField()
    reason = serializers.CharField()


class TriedMappingSerializer(serializers.Serializer[Trial]):
    """The first of the alerts that would be stored."""

    count = serializers.IntegerField(help_text="How many there would be.")
    alerts = MappedAlertSerializer(many=True)
    problems = MappingProblemSerializer(many=True)


class PayloadSerializer(serializers.ModelSerializer[Payload]):
    """A body as it came."""

    class Meta:
        model = Payload
        fields = ("id", "received_at", "read_as", "content_type", "size", "body")
        read_only_fields = fields


class PayloadListSerializer(serializers.Serializer[Any]):
    """The last ones, the newest first."""

    results = PayloadSerializer(many=True)


class MappingViewSet(OrganizationViewSet[Integration]):
    """How an integration maps any JSON."""

    model = Integration
    serializer_class = MappingSerializer
    capabilities: ClassVar[dict[str, Capability]] = {
        "try_mapping": Capability.MANAGE,
        "list_payloads": Capability.MANAGE,
    }

    @extend_schema(summary="Show an integration's mapping", responses=MappingSerializer)
    def show_mapping(self, request: Request, pk: str) -> Response:
        """404 without one."""
        return self.shown(_mapping_of(self.get_object()))

    @extend_schema(
        summary="Have an integration map any JSON",
        description="The integration's kind becomes `mapped`. A wrong expression is refused with "
        "the `position` of the character at which it goes wrong.",
        request=MappingSerializer,
        responses=MappingSerializer,
        examples=[OpenApiExample("Several in a payload", MAPPING, request_only=True)],
    )
    def set_mapping(self, request: Request, pk: str) -> Response:
        """Set or replace."""
        row = self.get_object()
        stored = _checked(self.body(), "")
        integrations.set_mapping(self.actor, row, stored)
        return self.shown(row.mapping)

    @extend_schema(summary="Remove an integration's mapping", responses={204: None})
    def remove_mapping(self, request: Request, pk: str) -> Response:
        """Its kind stays: until there is another mapping, payloads are taken for what they look
        like."""
        row = self.get_object()
        _mapping_of(row)
        integrations.set_mapping(self.actor, row, None)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Try a mapping",
        description="What would be stored. Nothing is.",
        request=TrySerializer,
        responses=TriedMappingSerializer,
        examples=[
            OpenApiExample(
                "A payload of one's own",
                {
                    "mapping": MAPPING,
                    "payload": {"events": [{"name": "Disk full", "host": "db1", "state": "BAD"}]},
                },
                request_only=True,
            )
        ],
    )
    def try_mapping(self, request: Request, pk: str) -> Response:
        """Try."""
        row = self.get_object()
        given = self.body(serializer=TrySerializer)
        mapping = given.get("mapping")
        stored = _checked(mapping, "/mapping") if mapping else _mapping_of(row)
        if "kept" in given:
            kept = payloads.find(row, given["kept"])
            if kept is None:
                text = f"There is no payload {given['kept']} of this integration any more."
                raise serializers.ValidationError({"kept": text}, code="does_not_exist")
            body, content_type = body_of(kept), kept.content_type
        else:
            body, content_type = json.dumps(given["payload"]).encode(), "application/json"
        try:
            trial = try_mapping(row, stored, body, content_type)
        except Unparseable as verdict:
            raise serializers.ValidationError({"payload": verdict.reason}) from None
        return Response(TriedMappingSerializer(trial).data)

    @extend_schema(
        summary="List the last payloads of an integration",
        description="At most 20. Of a sender that is recognised one every ten seconds, at most 5.",
        responses=PayloadListSerializer,
    )
    def list_payloads(self, request: Request, pk: str) -> Response:
        """They may hold secrets of the sender: for admins."""
        rows = payloads.last_payloads(self.get_object())
        return Response({"results": PayloadSerializer(rows, many=True).data})


def _mapping_of(row: Integration) -> Any:
    if row.mapping is None:
        raise ApiRefusal(404, "This integration has no mapping. PUT one at its mapping/.")
    return row.mapping


def _checked(given: Any, base: str) -> dict[str, Any]:
    """As it is stored. Raises ApiRefusal 400 that names each place, and where in it."""
    try:
        return stored_form(given)
    except BadMapping as bad:
        errors = []
        for one in bad.wrongs:
            name, _, part = one.place.partition(".")
            place = "items" if name == "items" else f"rules/{name}/{part or 'expression'}"
            entry = wrong("pointer", f"{base}/{place}", one.reason, "invalid")
            errors.append(entry if one.position is None else entry | {"position": one.position})
        detail = "Some values can't be used; see errors."
        raise ApiRefusal(400, detail, errors=errors) from None
