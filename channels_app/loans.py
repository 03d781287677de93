"""Bots are lent to other organizations, and taken back."""

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from channels_app.bots import BotRefused, lender
from channels_app.models import Bot, BotGrant, Chat, NotificationChannel

LOAN_ENDED = "The loan of its bot was ended by the bot's owner."


def lend_bot(actor: Actor, bot: Bot, grantee: Organization) -> BotGrant:
    """Let another organization use the bot; it never sees the token."""
    if grantee.pk == bot.organization_id:
        raise BotRefused("grantee", "This organization owns the bot.")
    with transaction.atomic():
        grant, created = BotGrant.objects.get_or_create(
            bot=bot,
            grantee=grantee,
            defaults={"organization_id": bot.organization_id, "created_by": actor.user},
        )
        if created:
            audit.record(actor, bot.organization_id, "lend", grant)
            audit.record(lender(actor, bot), grantee, "receive", grant)
    return grant


def take_back(actor: Actor, grant: BotGrant) -> None:
    """End a loan. The grantee's channels on this bot are disabled at once: what waits for them is
    laid aside, and nobody enables them without another loan."""
    channels = NotificationChannel.objects.for_organization(grant.grantee_id).filter(
        chat__in=Chat.objects.filter(bot=grant.bot_id)
    )
    with transaction.atomic():
        audit.record(actor, grant.organization_id, "take back", grant)
        audit.record(lender(actor, grant.bot), grant.grantee_id, "lose", grant)
        grant.delete()
        for channel in channels.filter(enabled=True):
            audit.record(
                audit.SYSTEM, grant.grantee_id, "disable", channel, {"enabled": (True, False)}
            )
        # Those that were disabled already too: their former reason may let them be probed.
        channels.update(
            enabled=False, disabled_reason=LOAN_ENDED, disabled_at=timezone.now(), failures=0
        )
