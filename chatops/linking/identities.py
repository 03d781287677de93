"""Who a person in Telegram is here."""

from django.db.models import Q, QuerySet

from accounts.models import Membership, Organization, User
from channels_app.models import Bot, BotGrant
from chatops.models import TelegramIdentity


def speaks_for_telegram(bot: Bot) -> bool:
    """Whether what this bot hears comes from the installation's own Bot API server, so that it
    can't be made up by the bot's owner (as `bot_proven_once`)."""
    return bot.proven_at is not None and not bot.api_url and not bot.proxy_encrypted


def identity_of(bot: Bot, telegram_id: int) -> TelegramIdentity | None:
    """Who that is, as far as this bot's word goes."""
    realm = Q(bot__isnull=True) if speaks_for_telegram(bot) else Q(bot=bot)
    return (
        TelegramIdentity.objects.filter(realm, telegram_id=telegram_id, user__is_active=True)
        .select_related("user", "organization")
        .first()
    )


def organizations_of(bot: Bot, user: User) -> QuerySet[Membership]:
    """The person's memberships in organizations that this bot serves: its owner's and, where
    Telegram itself vouches for who writes, those that it is lent to."""
    served = Q(organization=bot.organization_id)
    if speaks_for_telegram(bot):
        served |= Q(organization__in=BotGrant.objects.filter(bot=bot).values("grantee"))
    return (
        Membership.objects.filter(served, user=user)
        .select_related("organization")
        .order_by("organization__name")
    )


def chosen_of(identity: TelegramIdentity, memberships: list[Membership]) -> Membership | None:
    """The one that is meant in private: the only one, else the one the person chose."""
    if len(memberships) == 1:
        return memberships[0]
    chosen: Organization | None = identity.organization
    return next((one for one in memberships if chosen and one.organization_id == chosen.pk), None)
