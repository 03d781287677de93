"""REST: members, API keys, audit."""

from typing import ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import api_keys, membership
from accounts.models import ApiKey, AuditEntry, Membership, Role
from accounts.permissions import Capability
from accounts.problems import ApiRefusal
from accounts.rest import ReadViewSet, conflicts, refusals
from accounts.rest_filters import Moment, RestFilterSet
from accounts.rest_serializers import Strict, StrictModelSerializer


class MemberSerializer(StrictModelSerializer[Membership]):
    """A person in the organization."""

    email = serializers.EmailField(source="user.email", max_length=254)

    class Meta:
        model = Membership
        fields = ("id", "email", "role", "created_at")
        read_only_fields = ("id", "created_at")


class RoleSerializer(Strict):
    """What of a member can change."""

    role = serializers.ChoiceField(choices=Role.choices)


@extend_schema_view(
    list=extend_schema(summary="List members"),
    retrieve=extend_schema(summary="Show a member"),
    create=extend_schema(
        summary="Add a member",
        description="Somebody new gets a sign-in link, which owners find in the console.",
        examples=[
            OpenApiExample(
                "A responder", {"email": "ada@example.org", "role": "responder"}, request_only=True
            )
        ],
    ),
    partial_update=extend_schema(
        summary="Change a member's role",
        request=RoleSerializer,
        examples=[OpenApiExample("To admin", {"role": "admin"}, request_only=True)],
    ),
    destroy=extend_schema(
        summary="Remove a member",
        description="The API keys that they made are revoked; the console can leave them working.",
    ),
)
class MemberViewSet(ReadViewSet[Membership]):
    """People and their roles. Nobody can give more than they have; one owner stays."""

    model = Membership
    serializer_class = MemberSerializer
    filterset_fields = ("role",)
    search_fields = ("user__email",)
    ordering_fields = ("created_at", "role")
    capabilities: ClassVar[dict[str, Capability]] = {
        "create": Capability.OWN,
        "partial_update": Capability.OWN,
        "destroy": Capability.OWN,
    }

    def with_related(self, rows: QuerySet[Membership]) -> QuerySet[Membership]:
        """The user's e-mail address."""
        return rows.select_related("user")

    def create(self, request: Request) -> Response:
        """Let a person in."""
        values = self.body()
        email = values["user"]["email"]
        if self.get_queryset().filter(user__email__iexact=email).exists():
            raise ApiRefusal(
                409, f"{email} is a member already. PATCH the member for another role."
            )
        with refusals(membership.NotAllowed, field="role"):
            row = membership.add_member(
                self.actor, self.role, self.organization, email, values.get("role", Role.VIEWER)
            )
        return self.created(row)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Give a member another role."""
        row = self.get_object()
        values = self.body(serializer=RoleSerializer)
        with refusals(membership.NotAllowed, field="role"), conflicts(membership.LastOwner):
            membership.change_role(self.actor, self.role, row, values["role"])
        return self.shown(row)

    def destroy(self, request: Request, pk: str) -> Response:
        """Put a member out."""
        row = self.get_object()
        with conflicts(membership.NotAllowed, membership.LastOwner):
            membership.remove_member(self.actor, self.role, row)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ApiKeySerializer(StrictModelSerializer[ApiKey]):
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
        description="The answer holds `key`; it can't be read again. Without a `role` the key "
        "gets that of the key that makes it, and never more.",
        responses={201: NewApiKeySerializer},
        examples=[
            OpenApiExample(
                "For a script", {"name": "deploy script", "role": "responder"}, request_only=True
            )
        ],
    ),
    destroy=extend_schema(summary="Revoke an API key", description="It stops working at once."),
)
class ApiKeyViewSet(ReadViewSet[ApiKey]):
    """Keys for this API."""

    model = ApiKey
    serializer_class = ApiKeySerializer
    filterset_fields = ("role",)
    search_fields = ("name", "prefix")
    ordering_fields = ("created_at", "name")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.MANAGE,
        "retrieve": Capability.MANAGE,
    }

    def create(self, request: Request) -> Response:
        """Make a key of at most one's own role."""
        values = self.body()
        with refusals(api_keys.NotAllowed, field="role"):
            row, key = api_keys.create_key(
                self.actor,
                self.role,
                self.organization,
                values["name"],
                values.get("role", self.role),
                values.get("expires_at"),
            )
        response = self.created(row)
        response.data = {**response.data, "key": key}
        response["Cache-Control"] = "no-store"
        return response

    def destroy(self, request: Request, pk: str) -> Response:
        """Revoke."""
        api_keys.revoke_key(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


class AuditFilter(RestFilterSet):
    """By what, whom and when."""

    after = Moment(field_name="at", lookup_expr="gte")
    before = Moment(field_name="at", lookup_expr="lt")

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
    ordering_fields = ("at",)
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.MANAGE,
        "retrieve": Capability.MANAGE,
    }
