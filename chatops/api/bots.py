"""REST: how a bot's updates come in, and what can be asked of its server."""

from typing import Any, ClassVar, cast

from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Capability
from accounts.rest import conflicts
from channels_app.api.bots import BotSerializer as StoredBotSerializer
from channels_app.models import Bot
from chatops.models import Reception
from chatops.receiving import receptions
from chatops.receiving.reception_shown import shown
from deliveries.api import channels as deliveries_api


class WebhookSerializer(serializers.Serializer[Any]):
    """What Telegram says of the bot's webhook (getWebhookInfo); of its URL the host alone."""

    host = serializers.CharField(help_text="Empty: there is no webhook.")
    ours = serializers.BooleanField()
    pending_update_count = serializers.IntegerField(help_text="Updates that wait at Telegram.")
    last_error_at = serializers.DateTimeField(allow_null=True)
    last_error_message = serializers.CharField()
    max_connections = serializers.IntegerField()
    ip_address = serializers.CharField()


class ReceptionProblemSerializer(serializers.Serializer[Any]):
    """Why updates do not come, or may not."""

    problem = serializers.CharField(help_text="A code, such as `foreign_webhook`.")
    telegram = serializers.CharField(help_text="In Telegram's own words.")
    advice = serializers.CharField()


class ReceptionSerializer(serializers.Serializer[Any]):
    """How the bot's updates come in."""

    is_settled = serializers.BooleanField(help_text="Whether Telegram knows the chosen way.")
    errand = serializers.CharField(help_text="What was asked for and is not done yet.")
    received_at = serializers.DateTimeField(allow_null=True, help_text="When the last one came.")
    polled_at = serializers.DateTimeField(allow_null=True)
    polled_by = serializers.CharField(help_text="The host that polls now.")
    checked_at = serializers.DateTimeField(allow_null=True)
    webhook = WebhookSerializer(allow_null=True)
    problems = ReceptionProblemSerializer(many=True)


class BotSerializer(StoredBotSerializer):
    """A bot without its token, and how its updates come in."""

    reception = serializers.SerializerMethodField(
        help_text="How its updates come in; null for a bot that is lent to you."
    )

    class Meta(StoredBotSerializer.Meta):
        fields = (*StoredBotSerializer.Meta.fields, "reception")  # type: ignore[assignment]  # one more

    @extend_schema_field(ReceptionSerializer(allow_null=True))
    def get_reception(self, bot: Bot) -> dict[str, Any] | None:
        """The row's, or what it is before there is one."""
        if not self.get_owned(bot):
            return None
        reception = self._receptions().get(bot.pk) or Reception(bot=bot)
        return dict(ReceptionSerializer(shown(reception)).data)

    def _receptions(self) -> dict[Any, Reception]:
        """Of all the organization's bots, in one query for a page of them."""
        context = cast("dict[str, Any]", self.context)
        if "receptions" not in context:
            rows = Reception.objects.filter(bot__organization=context["view"].organization)
            context["receptions"] = {row.pk: row for row in rows}
        return cast("dict[Any, Reception]", context["receptions"])


@extend_schema_view(
    partial_update=extend_schema(
        summary="Change a bot, replace its token, or choose how its updates come",
        description="`updates` is `polling`, `webhook` (SITE_URL has to be https) or `none`; "
        "`reception` tells how far that is.",
    )
)
class BotViewSet(deliveries_api.BotViewSet):
    """Telegram bots. Tokens are stored encrypted and never shown."""

    serializer_class = BotSerializer
    capabilities: ClassVar[dict[str, Capability]] = {
        **deliveries_api.BotViewSet.capabilities,
        "take_over": Capability.MANAGE,
        "log_out": Capability.MANAGE,
        "close": Capability.MANAGE,
    }

    def changed(self, bot: Bot) -> None:
        """Have it agreed with Telegram soon."""
        receptions.changed(bot)

    @extend_schema(
        summary="Take a bot's updates over",
        description="From another service that receives them by webhook: that webhook is deleted. "
        "409 where no way is chosen for the bot's updates. 202: read `reception`.",
        request=None,
        responses={202: BotSerializer},
    )
    @action(detail=True, methods=["post"], url_path="take-over")
    def take_over(self, request: Request, pk: str) -> Response:
        """Ask for it."""
        self.no_body()
        bot = self.get_object()
        with conflicts(receptions.ErrandRefused):
            receptions.take_over(self.actor, bot)
        return self._asked(bot)

    @extend_schema(
        summary="Log a bot out of Telegram's server",
        description="To move it to a local Bot API server. The bot is disabled at once; enter the "
        "other server with the token. For ten minutes there is no way back. 202: read `reception`.",
        request=None,
        responses={202: BotSerializer},
    )
    @action(detail=True, methods=["post"], url_path="log-out")
    def log_out(self, request: Request, pk: str) -> Response:
        """Ask for it."""
        return self._leave(Reception.Errand.LOG_OUT)

    @extend_schema(
        summary="Close a bot on its local server",
        description="To move it to another local Bot API server: the webhook is deleted, and the "
        "bot is disabled at once. 202: read `reception`.",
        request=None,
        responses={202: BotSerializer},
    )
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Ask for it."""
        return self._leave(Reception.Errand.CLOSE)

    def _leave(self, errand: str) -> Response:
        self.no_body()
        bot = self.get_object()
        with conflicts(receptions.ErrandRefused):
            receptions.leave(self.actor, bot, errand)
        return self._asked(bot)

    def _asked(self, bot: Bot) -> Response:
        bot.refresh_from_db()
        return Response(self.get_serializer(bot).data, status=status.HTTP_202_ACCEPTED)
