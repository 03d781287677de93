"""REST: links by which chats are connected without their numbers."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Capability
from accounts.problems import ApiRefusal
from accounts.rest import ReadViewSet, conflicts, refusals
from accounts.rest_serializers import Strict, StrictModelSerializer
from channels_app.bots import bots_usable_by
from channels_app.channels import ChannelRefused
from chatops.linking import chat_offers, link_codes
from chatops.linking.link_codes import Kind, LinkRefused
from chatops.models import ChatOffer, LinkCode
from deliveries.api.channels import ChannelViewSet

CHAT_KINDS = [(kind.value, kind.label) for kind in (Kind.PRIVATE, Kind.GROUP, Kind.CHANNEL)]


class ChatOfferSerializer(serializers.ModelSerializer[ChatOffer]):
    """A chat that somebody showed from within Telegram."""

    shown_by = serializers.CharField(source="name")

    class Meta:
        model = ChatOffer
        fields = (
            "chat_id",
            "type",
            "title",
            "message_thread_id",
            "shown_by",
            "offered_at",
            "closed_at",
            "channel",
        )
        read_only_fields = fields


class ChannelLinkSerializer(StrictModelSerializer[LinkCode]):
    """A link by which a chat is shown; `url` is told once, when it is made."""

    bot = serializers.UUIDField(source="bot_id")
    kind = serializers.ChoiceField(choices=CHAT_KINDS)
    offer = serializers.SerializerMethodField(help_text="The chat, once it is shown; else null.")

    class Meta:
        model = LinkCode
        fields = ("id", "bot", "kind", "created_at", "expires_at", "used_at", "closed_at", "offer")
        read_only_fields = ("id", "created_at", "expires_at", "used_at", "closed_at")

    @extend_schema_field(ChatOfferSerializer(allow_null=True))
    def get_offer(self, row: LinkCode) -> dict[str, Any] | None:
        """What it was used for."""
        offer = getattr(row, "offer", None)
        return dict(ChatOfferSerializer(offer).data) if offer is not None else None


class NewChannelLinkSerializer(ChannelLinkSerializer):
    """The one time that the link itself is shown."""

    url = serializers.URLField(read_only=True, help_text="To be opened in Telegram.")

    class Meta(ChannelLinkSerializer.Meta):
        fields = (*ChannelLinkSerializer.Meta.fields, "url")  # type: ignore[assignment]  # one more


class ConfirmSerializer(Strict):
    """What the channel is called; empty: as the chat."""

    name = serializers.CharField(
        max_length=chat_offers.NAME_MAX, required=False, allow_blank=True, default=""
    )


@extend_schema_view(
    list=extend_schema(summary="List links of chats"),
    retrieve=extend_schema(
        summary="Show a link of a chat",
        description="`offer` is the chat that was shown with it; confirm it to connect the chat.",
    ),
    create=extend_schema(
        summary="Make a link to connect a chat",
        description="The answer holds `url`, which is told this once and works once, for ten "
        "minutes. `private`: press Start. `group`: choose the group, which the bot joins. "
        "`channel`: press Start, then add the bot to the channel as an administrator.",
        responses={201: NewChannelLinkSerializer},
        examples=[
            OpenApiExample(
                "A group",
                {"bot": "0190a000-0000-7000-8000-000000000000", "kind": "group"},
                request_only=True,
            )
        ],
    ),
    destroy=extend_schema(
        summary="Withdraw a link", description="And the chat that was shown with it, if any."
    ),
)
class ChannelLinkViewSet(ReadViewSet[LinkCode]):
    """Links by which chats are connected without their numbers."""

    model = LinkCode
    serializer_class = ChannelLinkSerializer
    filterset_fields = ("kind",)
    ordering_fields = ("created_at",)
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.MANAGE,
        "retrieve": Capability.MANAGE,
    }

    def with_related(self, rows: QuerySet[LinkCode]) -> QuerySet[LinkCode]:
        """Chats' links alone, with what was shown."""
        return rows.exclude(kind=Kind.PERSON).select_related("offer", "bot")

    def create(self, request: Request) -> Response:
        """Make a link."""
        values = self.body()
        bot = bots_usable_by(self.organization).filter(pk=values["bot_id"]).first()
        if bot is None:
            raise serializers.ValidationError(
                {"bot": f"There is no bot {values['bot_id']} that your organization may use."},
                code="does_not_exist",
            )
        with refusals(LinkRefused):
            row, code = link_codes.issue(self.actor, self.organization, bot, Kind(values["kind"]))
        response = self.created(row)
        response.data = {**response.data, "url": link_codes.link_of(row, code)}
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(
        summary="Connect the chat that was shown",
        description="It becomes a channel, which is checked in the background. 409 before a chat "
        "was shown, and an hour after.",
        request=ConfirmSerializer,
        responses={201: ChannelViewSet.serializer_class},
        examples=[OpenApiExample("By a name", {"name": "On call"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Connect."""
        row = self.get_object()
        values = self.body(serializer=ConfirmSerializer)
        offer = ChatOffer.objects.for_organization(self.organization).filter(code=row).first()
        if offer is None:
            raise ApiRefusal(409, "No chat was shown with this link yet. Open it in Telegram.")
        with conflicts(LinkRefused), refusals(ChannelRefused):
            channel = chat_offers.connect(self.actor, offer, name=values["name"])
        channel.refresh_from_db()
        context = self.get_serializer_context()
        shown = ChannelViewSet.serializer_class(channel, context=context).data
        return Response(shown, status=status.HTTP_201_CREATED)

    def destroy(self, request: Request, pk: str) -> Response:
        """Withdraw."""
        row = self.get_object()
        offer = ChatOffer.objects.for_organization(self.organization).filter(code=row).first()
        if offer is not None:
            chat_offers.refuse(self.actor, offer)
        link_codes.close(row, confirmed=False)
        return Response(status=status.HTTP_204_NO_CONTENT)
