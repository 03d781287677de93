"""REST: inhibit rules."""

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.pagination import WholeList
from accounts.rest import ReadViewSet, refusals
from accounts.rest_serializers import StrictModelSerializer, Text
from alerts.api.routes import MatchersField
from alerts.matchers import MAX_NAME
from alerts.models import InhibitRule
from alerts.muting import inhibit_rules


class InhibitRuleSerializer(StrictModelSerializer[InhibitRule]):
    """Which alerts keep which others quiet while they fire."""

    name = serializers.CharField(
        max_length=inhibit_rules.NAME_MAX, required=False, allow_blank=True
    )
    source_matchers = MatchersField(
        help_text='Such as severity="critical": alerts that keep others quiet.'
    )
    target_matchers = MatchersField(help_text='Such as severity="warning": those others.')
    equal = serializers.ListField(
        child=Text(max_length=MAX_NAME),
        max_length=inhibit_rules.EQUAL_MAX,
        required=False,
        help_text="Labels in which both have to agree, such as cluster; one that both lack counts "
        "as equal. None: any source keeps every target quiet.",
    )

    class Meta:
        model = InhibitRule
        fields = ("id", *inhibit_rules.FIELDS, "created_at")
        read_only_fields = ("created_at",)


@extend_schema_view(
    list=extend_schema(summary="List inhibit rules"),
    retrieve=extend_schema(summary="Show an inhibit rule"),
    create=extend_schema(
        summary="Add an inhibit rule",
        examples=[
            OpenApiExample(
                "No warnings about what is down anyway",
                {
                    "name": "Down goes before slow",
                    "source_matchers": 'alertname="InstanceDown"',
                    "target_matchers": 'severity="warning"',
                    "equal": ["instance"],
                },
                request_only=True,
            )
        ],
    ),
    partial_update=extend_schema(
        summary="Change an inhibit rule",
        examples=[OpenApiExample("Switch off", {"enabled": False}, request_only=True)],
    ),
    destroy=extend_schema(summary="Remove an inhibit rule"),
)
class InhibitRuleViewSet(ReadViewSet[InhibitRule]):
    """While a source fires, targets with equal labels are not told of."""

    model = InhibitRule
    serializer_class = InhibitRuleSerializer
    pagination_class = WholeList
    filterset_fields = ("enabled",)
    search_fields = ("name",)

    def create(self, request: Request) -> Response:
        """Add."""
        values = self.body()
        with refusals(inhibit_rules.InhibitRuleRefused):
            made = inhibit_rules.create_inhibit_rule(self.actor, self.organization, **values)
        return self.created(made)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        row = self.get_object()
        values = self.body(row)
        with refusals(inhibit_rules.InhibitRuleRefused):
            inhibit_rules.change_inhibit_rule(self.actor, row, **values)
        return self.shown(self.get_object())

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove; what it kept quiet is told if it still burns."""
        inhibit_rules.delete_inhibit_rule(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
