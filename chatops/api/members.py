"""REST: members, with the Telegram accounts by which the organization's bots know them."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import api as accounts_api
from accounts.models import Membership
from accounts.permissions import Capability, may
from accounts.rest import conflicts
from chatops.linking import people
from chatops.linking.link_codes import LinkRefused


class MemberSerializer(accounts_api.MemberSerializer):
    """A person in the organization."""

    telegram = serializers.SerializerMethodField(
        help_text="The Telegram accounts by which the organization's bots know this member, as "
        "Telegram showed them when they were linked. Empty for keys below admin."
    )

    class Meta(accounts_api.MemberSerializer.Meta):
        fields = (*accounts_api.MemberSerializer.Meta.fields, "telegram")  # type: ignore[assignment]  # one more

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_telegram(self, row: Membership) -> list[str]:
        """Names alone."""
        found: dict[Any, list[Any]] = self.context["view"].telegram_of(row)
        return [str(account) for account in found.get(row.pk, [])]


class MemberViewSet(accounts_api.MemberViewSet):
    """People and their roles. Nobody can give more than they have; one owner stays."""

    serializer_class = MemberSerializer
    capabilities: ClassVar[dict[str, Capability]] = {
        **accounts_api.MemberViewSet.capabilities,
        "unlink_telegram": Capability.OWN,
    }
    _telegram: dict[Any, list[Any]] | None = None

    def paginate_queryset(self, queryset: Any) -> Any:
        """A page of members, and their accounts in one query."""
        page = super().paginate_queryset(queryset)
        self._telegram = self._accounts(page or [])
        return page

    def telegram_of(self, row: Membership) -> dict[Any, list[Any]]:
        """By membership."""
        return self._telegram if self._telegram is not None else self._accounts([row])

    def _accounts(self, rows: list[Membership]) -> dict[Any, list[Any]]:
        if not may(self.role, Capability.MANAGE):
            return {}
        return dict(people.seen_by(self.organization, rows))

    @extend_schema(
        summary="Unlink a member's Telegram account",
        description="What it does in Telegram is a stranger's from now on. 409 for a member who is "
        "in another organization too: they unlink it themselves.",
        responses={204: None},
    )
    @action(detail=True, methods=["delete"], url_path="telegram")
    def unlink_telegram(self, request: Request, pk: str) -> Response:
        """Unlink."""
        with conflicts(LinkRefused):
            people.unlink_member(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
