"""REST: members, API keys, audit."""

from typing import Any, ClassVar

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import api_keys, membership
from accounts.authentication import grant_of
from accounts.models import ApiKey, AuditEntry, Membership, Role
from accounts.permissions import Capability
from accounts.rest import ReadViewSet


class MemberSerializer(serializers.ModelSerializer[Membership]):
    """A person in the organization."""

    email = serializers.EmailField(source="user.email")

    class Meta:
        model = Membership
        fields = ("id", "email", "role", "created_at")
        read_only_fields = ("id", "created_at")


class RoleSerializer(serializers.Serializer[Any]):
    """What of a member can change."""

    role = serializers.ChoiceField(choices=Role.choices)


@extend_schema_view(
    list=extend_schema(summary="List members"),
    retrieve=extend_schema(summary="Show a member"),
    create=extend_schema(
        summary="Add a member",
        examples=[OpenApiExample("A responder", {"email": "ada@example.org", "role": "responder"})],
    ),
    partial_update=extend_schema(summary="Change a member's role", request=RoleSerializer),
    destroy=extend_schema(summary="Remove a member"),
)
class MemberViewSet(ReadViewSet[Membership]):
    """People and their roles. Nobody can give more than they have; one owner stays."""

    model = Membership
    serializer_class = MemberSerializer
    filterset_fields = ("role",)
    search_fields = ("user__email",)
    capabilities: ClassVar[dict[str, Capability]] = {
        "create": Capability.OWN,
        "partial_update": Capability.OWN,
        "destroy": Capability.OWN,
    }

    def with_related(self, rows: Any) -> Any:
        """The user's e-mail address."""
        return rows.select_related("user")

    def create(self, request: Request) -> Response:
        """Let a person in."""
        data = self.get_serializer(data=request.data)
        data.is_valid(raise_exception=True)
        values = data.validated_data
        try:
            row = membership.add_member(
                self.actor, self.role, self.organization, values["user"]["email"], values["role"]
            )
        except membership.NotAllowed as error:
            raise serializers.ValidationError({"role": str(error)}) from None
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Give a member another role."""
        row = self.get_object()
        data = RoleSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        try:
            membership.change_role(self.actor, self.role, row, data.validated_data["role"])
        except (membership.NotAllowed, membership.LastOwner) as error:
            raise serializers.ValidationError({"role": str(error)}) from None
        return Response(self.get_serializer(row).data)

    def destroy(self, request: Request, pk: str) -> Response:
        """Put a member out."""
        try:
            membership.remove_member(self.actor, self.role, self.get_object())
        except (membership.NotAllowed, membership.LastOwner) as error:
            raise serializers.ValidationError({"role": str(error)}) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """A key without its secret."""

    class Meta:
        model = ApiKey
        fields = (
            "id",
            "name",
            "prefix",
            "role",
            "created_at",
            "expires_at",
            "last_used_at",
            "revoked_at",
        )
        read_only_fields = ("id", "prefix", "created_at", "last_used_at", "revoked_at")


class NewApiKeySerializer(ApiKeySerializer):
    """The one time that the key itself is shown."""

    key = serializers.CharField(read_only=True)

    class Meta(ApiKeySerializer.Meta):
        fields = (*ApiKeySerializer.Meta.fields, "key")  # type: ignore[assignment]  # one more


@extend_schema_view(
    list=extend_schema(summary="List API keys"),
    retrieve=extend_schema(summary="Show an API key"),
    create=extend_schema(
        summary="Make an API key",
        description="The answer holds `key`; it can't be read again.",
        responses={201: NewApiKeySerializer},
        examples=[OpenApiExample("For a script", {"name": "deploy script", "role": "responder"})],
    ),
    destroy=extend_schema(summary="Revoke an API key", description="It stops working at once."),
)
class ApiKeyViewSet(ReadViewSet[ApiKey]):
    """Keys for this API."""

    model = ApiKey
    serializer_class = ApiKeySerializer
    search_fields = ("name", "prefix")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.MANAGE,
        "retrieve": Capability.MANAGE,
    }

    def create(self, request: Request) -> Response:
        """Make a key of at most one's own role."""
        data = self.get_serializer(data=request.data)
        data.is_valid(raise_exception=True)
        values = data.validated_data
        try:
            row, key = api_keys.create_key(
                self.actor,
                self.role,
                self.organization,
                values["name"],
                values.get("role", grant_of(request).role),
                values.get("expires_at"),
            )
        except api_keys.NotAllowed as error:
            raise serializers.ValidationError({"role": str(error)}) from None
        body = {**ApiKeySerializer(row).data, "key": key}
        return Response(body, status=status.HTTP_201_CREATED)

    def destroy(self, request: Request, pk: str) -> Response:
        """Revoke."""
        api_keys.revoke_key(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


class AuditFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """By what, whom and when."""

    after = filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    before = filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = AuditEntry
        fields = ("action", "object_type", "object_id", "way")


class AuditSerializer(serializers.ModelSerializer[AuditEntry]):
    """One change: who, what, when, from where."""

    class Meta:
        model = AuditEntry
        fields = (
            "id",
            "at",
            "actor_name",
            "way",
            "ip_address",
            "action",
            "object_type",
            "object_id",
            "object_name",
            "changes",
        )


@extend_schema_view(
    list=extend_schema(summary="List changes"), retrieve=extend_schema(summary="Show a change")
)
class AuditViewSet(ReadViewSet[AuditEntry]):
    """Who changed what, when and from where."""

    model = AuditEntry
    serializer_class = AuditSerializer
    filterset_class = AuditFilter
    search_fields = ("actor_name", "object_name")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.MANAGE,
        "retrieve": Capability.MANAGE,
    }
