"""Troubles: opened, told once and at most hourly while they last, recovered, and that told too.

Told by e-mail to the owners and admins, and through the channels that an organization marked for
it, but never through the bot that fails. The claim (`told_at`) is committed before the mail leaves:
of two workers one tells, and a crash between loses one mail, whose repeat comes an hour later. What
goes through a channel is committed with the claim, so it is not lost.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F, Q

from accounts.models import Membership, Organization, Role, User
from botapi import limits
from channels_app.channel_language import language_of
from channels_app.models import NotificationChannel
from deliveries import lanes, messages, trouble_sight
from deliveries.drafts import DraftRefused
from deliveries.models import Mark, Trouble
from deliveries.trouble_rules import (
    HAPPENS,
    HOURLY,
    Kind,
    Seen,
    first_telling,
    letter,
    next_telling,
)
from languages.speaking import speaking

log = logging.getLogger(__name__)

TURN = "troubles"
EVERY = timedelta(seconds=10)
TOLD_MAX = 500
"""Troubles that one sweep tells of; the next one goes on."""

_mail = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


# --- what is the case -----------------------------------------------------------------------------


def open(seen: Seen, now: datetime | None = None) -> None:  # noqa: A001  # troubles.open reads well
    """This is there; what is known of it already is brought up to date."""
    _open([seen], now or lanes.Clock().time())


def recover(
    organization_id: UUID | None, kind: str, subject: str = "", now: datetime | None = None
) -> bool:
    """This is over; whether it was there. What nobody was told of is forgotten."""
    rows = Trouble.objects.filter(
        organization=organization_id, kind=kind, subject=subject, recovered_at=None
    )
    return bool(_recover(list(rows), now or lanes.Clock().time()))


def sweep() -> bool:
    """Look, note, tell; whether it was this process's turn."""
    now = lanes.Clock().time()
    if not _claim_turn(now):
        return False
    _note(trouble_sight.look(now), now)
    tell(now)
    return True


def _claim_turn(now: datetime) -> bool:
    Mark.objects.get_or_create(name=TURN, defaults={"at": now - 2 * EVERY})
    return bool(Mark.objects.filter(name=TURN, at__lte=now - EVERY).update(at=now))


def _note(seen: Collection[Seen], now: datetime) -> None:
    """Open what is seen, and recover what is not seen any more."""
    keys = {one.key for one in seen}
    over = [
        row
        for row in Trouble.objects.filter(recovered_at=None, kind__in=trouble_sight.SIGHT)
        if (row.organization_id, row.kind, row.subject) not in keys
    ]
    _open(seen, now)
    _recover(over, now)


def _open(seen: Collection[Seen], now: datetime) -> None:
    recent = Trouble.objects.filter(
        Q(recovered_at=None) | Q(recovered_at__gt=now - HOURLY, told_at__gt=now - HOURLY)
    )
    if len(seen) == 1:
        recent = recent.filter(subject__in=[one.subject for one in seen])
    known = {(row.organization_id, row.kind, row.subject): row for row in recent.order_by("id")}
    new = []
    for one in seen:
        row = known.get(one.key)
        if row is None:
            new.append(_row(one, now))
        else:
            _bring_up_to_date(row, one)
    Trouble.objects.bulk_create(new, ignore_conflicts=True)  # another process may have been faster


def _row(seen: Seen, now: datetime) -> Trouble:
    return Trouble(
        organization_id=seen.organization_id,
        kind=seen.kind,
        subject=seen.subject,
        name=seen.name[:255],
        bot_id=seen.bot_id,
        said=seen.said,
        advice=seen.advice,
        number=seen.number,
        again_at=seen.again_at,
        opened_at=min(seen.since or now, now),
        tell_at=first_telling(seen.kind, now),
    )


def _bring_up_to_date(row: Trouble, seen: Seen) -> None:
    """Also what was over and is back within the hour: it is told again when that is due."""
    number = seen.number if row.kind in HAPPENS else max(row.number, seen.number)
    now = {
        "name": seen.name[:255],
        "said": seen.said or row.said,
        "advice": seen.advice or row.advice,
        "number": number,
        "again_at": seen.again_at or row.again_at,
        "recovered_at": None,
    }
    changed = {name: value for name, value in now.items() if getattr(row, name) != value}
    if changed:
        Trouble.objects.filter(pk=row.pk).update(**changed)


def _recover(rows: Collection[Trouble], now: datetime) -> int:
    ids = [row.pk for row in rows]
    untold = Trouble.objects.filter(pk__in=ids, told_at=None, recovered_at=None)
    forgotten = untold.delete()[0]
    return forgotten + Trouble.objects.filter(pk__in=ids, recovered_at=None).update(
        recovered_at=now
    )


# --- who is told ----------------------------------------------------------------------------------


def tell(now: datetime) -> int:
    """Tell of what is due, and of what is over; returns how many messages."""
    due = Trouble.objects.filter(recovered_at=None, tell_at__lte=now).filter(
        Q(told_at=None) | Q(again_at=None) | Q(again_at__gt=F("told_at"))
    )
    over = Trouble.objects.filter(
        Q(recovery_told_at=None) | Q(recovery_told_at__lt=F("told_at")),
        recovered_at__gt=now - timedelta(days=1),
        told_at__isnull=False,
    )
    told = 0
    for rows in (due, over):
        chosen = rows.select_related("organization").order_by("id")[:TOLD_MAX]
        for mine in _by_organization(chosen):
            told += _tell(mine, now)
    return told


def _by_organization(rows: Iterable[Trouble]) -> list[list[Trouble]]:
    found: dict[UUID | None, list[Trouble]] = defaultdict(list)
    for row in rows:
        found[row.organization_id].append(row)
    return list(found.values())


def _tell(rows: list[Trouble], now: datetime) -> bool:
    """One message about these of one organization; whether this process tells of any."""
    with transaction.atomic():
        mine = [row for row in rows if _claim(row, now)]
        if not mine:
            return False
        owner = mine[0].organization
        name = owner.name if owner is not None else "Tocsin"
        subject, text = letter(name, mine, [_page(row) for row in mine])
        if owner is not None:
            _tell_channels(owner, mine)
        addresses = _addresses(owner)
        transaction.on_commit(lambda: _post(addresses, subject, text))
    return True


def _claim(row: Trouble, now: datetime) -> bool:
    """Whether this process tells of it: one conditional UPDATE, so that of two one alone does."""
    if row.recovered_at is not None:
        return bool(
            Trouble.objects.filter(
                pk=row.pk, recovered_at=row.recovered_at, recovery_told_at=row.recovery_told_at
            ).update(recovery_told_at=now)
        )
    times = row.times_told + 1
    return bool(
        Trouble.objects.filter(pk=row.pk, recovered_at=None, tell_at=row.tell_at).update(
            told_at=now, times_told=times, tell_at=next_telling(row.kind, times, now)
        )
    )


def _addresses(organization: Organization | None) -> list[str]:
    """The owners and admins; of the installation's troubles its operators."""
    if organization is None:
        people = User.objects.filter(is_superuser=True, is_active=True)
        return list(people.values_list("email", flat=True))
    return list(
        Membership.objects.for_organization(organization)
        .filter(role__in=(Role.OWNER, Role.ADMIN), user__is_active=True)
        .values_list("user__email", flat=True)
    )


def _tell_channels(organization: Organization, rows: Sequence[Trouble]) -> None:
    failing = {row.bot_id for row in rows if row.recovered_at is None}
    channels = (
        NotificationChannel.objects.for_organization(organization)
        .filter(tells_admins=True, enabled=True, chat__bot__enabled=True)
        .select_related("chat__bot", "organization")
    )
    for channel in channels:
        if channel.chat.bot_id in failing:
            continue
        with speaking(language_of(channel)):
            subject, text = letter(organization.name, rows, [_page(row) for row in rows])
        words = f"{subject}\n\n{text}"[: limits.MESSAGE_TEXT_MAX - 1]
        try:
            with transaction.atomic():
                messages.send_text(channel, words)
        except DraftRefused as refusal:
            log.warning("channel %s is not told of a trouble: %s", channel.pk, refusal)


def _page(row: Trouble) -> str:
    """Where it is mended, else where it stands. The paths are the console's, without importing
    it."""
    pages = {
        Kind.BOT_DISABLED: "channels_app/bot",
        Kind.BOT_UNREACHABLE: "channels_app/bot",
        Kind.CHANNEL_DISABLED: "channels_app/notificationchannel",
        Kind.TEMPLATE: "alerts/messagetemplate",
    }
    place = pages.get(Kind(row.kind))
    if place is not None:
        return f"{settings.SITE_URL}/{place}/{row.subject}/change/"
    if row.organization_id is None:
        return f"{settings.SITE_URL}/healthz?details"
    return f"{settings.SITE_URL}/deliveries/trouble/{row.pk}/change/"


def _post(addresses: list[str], subject: str, text: str) -> None:
    if addresses:
        _mail.submit(_send_mail, addresses, subject, f"{text}\n")
    else:
        log.error("nobody can be told by e-mail: %s", subject)


def _send_mail(addresses: list[str], subject: str, text: str) -> None:
    try:
        EmailMessage(
            subject, text, None, bcc=addresses, connection=get_connection(timeout=10)
        ).send()
    except OSError as error:  # smtplib's errors are OSErrors
        log.warning("mail to the admins failed: %s", type(error).__name__)
    except Exception:  # a mail server's words, or an address that no header takes
        log.exception("mail to the admins failed")
