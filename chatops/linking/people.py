"""People and their Telegram accounts: linked once the person says that it is theirs, unlinked at
any time."""

from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import audit
from accounts.audit import Actor
from accounts.models import Membership, Organization, User
from channels_app.bots import bots_usable_by
from channels_app.models import Bot
from chatops.linking.identities import speaks_for_telegram
from chatops.linking.link_codes import Kind, LinkRefused, close
from chatops.models import LinkCode, TelegramIdentity
from deliveries import clock

CONFIRM_WITHIN = timedelta(minutes=10)
"""After it was used: whoever is asked then still knows what they did."""


class TelegramAccountTaken(LinkRefused):
    """It is another person's here."""

    def __init__(self) -> None:
        super().__init__(
            "This Telegram account is linked to another person here. Send /unlink to the bot from "
            "it first, then link it again."
        )


def confirm(actor: Actor, code: LinkCode) -> tuple[TelegramIdentity, TelegramIdentity | None]:
    """The person says that it was they who used their code: the account is theirs from now on, and
    another one that they had is not (the second of the answer, deleted). Raises LinkRefused."""
    user = actor.user
    if user is None or code.kind != Kind.PERSON or code.made_by_id != user.pk:
        raise LinkRefused("This link is somebody else's.")
    try:
        with transaction.atomic():
            _check(code, user)
            if not close(code, confirmed=True):
                raise LinkRefused("This was answered before.")
            identity, former = _link(code, user)
            _record(actor, "link", identity)
    except IntegrityError:  # the account was linked to somebody at this moment
        raise TelegramAccountTaken from None
    return identity, former


def refuse(actor: Actor, code: LinkCode) -> None:
    """It was not they: nothing is linked, and the audit says who had the code."""
    if code.made_by_id is not None and (actor.user is None or code.made_by_id != actor.user.pk):
        raise LinkRefused("This link is somebody else's.")
    with transaction.atomic():
        if close(code, confirmed=False) and code.used_at is not None:
            audit.record(
                actor,
                code.organization_id,
                "refuse link",
                code,
                {"telegram": ("", code.used_by), "telegram_id": ("", code.telegram_id)},
            )


def unlink(actor: Actor, identity: TelegramIdentity) -> bool:
    """The Telegram account is a stranger's from now on; whether it was linked."""
    with transaction.atomic():
        deleted, _ = TelegramIdentity.objects.filter(pk=identity.pk).delete()
        if deleted:
            _record(actor, "unlink", identity)
    return bool(deleted)


def realm_of(bot: Bot) -> Q:
    """The identities that this bot's word is about."""
    return Q(bot__isnull=True) if speaks_for_telegram(bot) else Q(bot=bot)


def is_members(organization: Organization, bot: Bot, telegram_id: int) -> bool:
    """Whether the account is linked to a member of the organization, as far as the bot's word
    goes."""
    rows = TelegramIdentity.objects.filter(realm_of(bot), telegram_id=telegram_id)
    members = Membership.objects.for_organization(organization)
    return rows.filter(user__is_active=True, user__in=members.values("user")).exists()


def taken(code: LinkCode, telegram_id: int) -> bool:
    """Whether the account is linked to somebody else than who made the code. Nobody loses it by
    opening a link that another one sent them: they unlink it first."""
    rows = TelegramIdentity.objects.filter(realm_of(code.bot), telegram_id=telegram_id)
    return rows.exclude(user=code.made_by_id).exists()


def accounts_of(user: User) -> list[TelegramIdentity]:
    """The person's Telegram accounts, for themselves."""
    rows = TelegramIdentity.objects.filter(user=user).select_related("bot")
    return list(rows.order_by("linked_at"))


def seen_by(
    organization: Organization | UUID, memberships: list[Membership]
) -> dict[UUID, list[TelegramIdentity]]:
    """Membership → the Telegram accounts by which this organization's bots know that member."""
    usable = bots_usable_by(organization)
    rows = TelegramIdentity.objects.filter(
        Q(bot__isnull=True) | Q(bot__in=usable),
        user__in=[membership.user_id for membership in memberships],
    ).order_by("linked_at")
    members = {membership.user_id: membership.pk for membership in memberships}
    found: dict[UUID, list[TelegramIdentity]] = {}
    for row in rows:
        found.setdefault(members[row.user_id], []).append(row)
    return found


def unlink_member(actor: Actor, membership: Membership) -> int:
    """An owner unlinks somebody; how many accounts. Raises LinkRefused for who is in another
    organization as well: there the account may be needed."""
    elsewhere = Membership.objects.filter(user=membership.user_id).exclude(pk=membership.pk)
    if elsewhere.exists():
        raise LinkRefused(
            "This member is in another organization too, where the Telegram account counts as "
            "well. Only they can unlink it: at the console under My Telegram, or by /unlink."
        )
    mine = seen_by(membership.organization_id, [membership]).get(membership.pk, [])
    return sum(unlink(actor, identity) for identity in mine)


def _check(code: LinkCode, user: User) -> None:
    bot = Bot.objects.filter(pk=code.bot_id).first()
    rows = Membership.objects.for_organization(code.organization_id)
    if not rows.filter(user=user).exists():
        raise LinkRefused("You are not a member of this organization any more.")
    if code.used_at is None or code.used_at + CONFIRM_WITHIN <= clock.now():
        raise LinkRefused("This link is over. Make a new one.")
    if bot is None or bot.proven_at != code.bot_proven_at:
        raise LinkRefused("The bot was changed meanwhile. Make a new link.")
    code.bot = bot


def _link(code: LinkCode, user: User) -> tuple[TelegramIdentity, TelegramIdentity | None]:
    realm = realm_of(code.bot)
    telegram_id = code.telegram_id or 0
    known = TelegramIdentity.objects.select_for_update().filter(realm)
    holder = known.filter(telegram_id=telegram_id).first()
    if holder is not None and holder.user_id != user.pk:
        raise TelegramAccountTaken
    former = known.filter(user=user).exclude(telegram_id=telegram_id).first()
    if former is not None:
        TelegramIdentity.objects.filter(pk=former.pk).delete()
    if holder is None:
        holder = TelegramIdentity(user=user, telegram_id=telegram_id)
        holder.bot = None if speaks_for_telegram(code.bot) else code.bot
    holder.name, holder.username = code.name, code.username
    holder.organization = code.organization
    holder.save()
    return holder, former


def _record(actor: Actor, action: str, identity: TelegramIdentity) -> None:
    """In each organization in which it matters who this Telegram account is."""
    rows = Membership.objects.filter(user=identity.user_id)
    if identity.bot is not None:
        rows = rows.filter(organization=identity.bot.organization_id)
    found = list(rows.values_list("organization", flat=True))
    for organization_id in found:
        audit.record(actor, organization_id, action, identity, {"user": ("", str(identity.user))})
