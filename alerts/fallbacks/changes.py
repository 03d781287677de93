"""Fallbacks of channels: set, changed, removed, tested."""

import hmac
import secrets
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import SECRET, Actor
from accounts.models import Organization
from accounts.tenancy import require_same_organization
from alerts.fallbacks import text as fallback_text
from alerts.fallbacks.calls import FALLBACK_TASK, VERSION, scene_of, send_to_chat
from alerts.models import Fallback, FallbackCall, TakeOver
from alerts.models.fallbacks import MINUTES_MAX
from botapi.markup import render
from botapi.markup import text as text_node
from channels_app import encryption
from channels_app.channel_language import language_of
from channels_app.models import NotificationChannel
from deliveries import wakeup
from deliveries.signed_post import url_problem
from languages.speaking import ENGLISH, gettext, speaking

ADDRESSES_MAX = 20
SECRET_MIN, SECRET_MAX = 16, 200
SECRET_PREFIX = "tfs_"  # noqa: S105  # what a secret begins with, so that people know it by sight
Kind = Fallback.Kind
SETTINGS = ("kind", "target", "addresses", "url", "threshold", "minutes", "enabled")


class FallbackRefused(ValueError):
    """The input can't become this fallback: `field` says which one, the text what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Saved:
    """`secret`: a new one, to be shown this once; "" when none was made."""

    fallback: Fallback
    secret: str = ""


def set_fallback(
    actor: Actor,
    channel: NotificationChannel,
    *,
    secret: str = "",
    new_secret: bool = False,
    sign_with: str = "",
    **values: Any,
) -> Saved:
    """Give a channel a fallback, or change it: what is not in `values` (of SETTINGS) stays.

    A webhook's first secret is made here. Another URL needs the `secret` as it is, or `new_secret`.
    Who keeps secrets elsewhere gives the one to `sign_with` from now on: then none is made or asked
    for. Raises FallbackRefused.
    """
    unknown = set(values) - set(SETTINGS)
    if unknown:
        raise FallbackRefused(min(unknown), f"{min(unknown)} can't be set on a fallback.")
    require_same_organization(channel.organization_id, values.get("target"))
    with transaction.atomic():
        # Locked, so that two fallbacks saved at once can't point at each other's channels.
        Organization.objects.select_for_update(no_key=True).get(pk=channel.organization_id)
        row = (
            Fallback.objects.for_organization(channel.organization_id)
            .filter(channel=channel)
            .select_related("channel", "target")
            .first()
        )
        before = audit.snapshot(row) if row else {}
        is_new = row is None
        if row is None:
            row = Fallback(organization_id=channel.organization_id, channel=channel)
        old_url = row.url if row.secret_encrypted else ""
        for field, value in values.items():
            setattr(row, field, value)
        _check(row)
        if sign_with and row.kind == Kind.WEBHOOK:
            _take_secret(row, sign_with)
            made = ""
        else:
            made = _keep_secret(row, old_url, secret, new_secret=new_secret)
        row.save(force_insert=is_new)
        changes = {} if is_new else audit.changes_between(before, audit.snapshot(row))
        if is_new or changes:
            audit.record(
                actor, row.organization_id, "create" if is_new else "change", row, _masked(changes)
            )
    return Saved(row, made)


def remove_fallback(actor: Actor, fallback: Fallback) -> None:
    """Remove it, with what it had not told yet."""
    with transaction.atomic():
        audit.record(actor, fallback.organization_id, "delete", fallback)
        fallback.delete()


def renew_secret(actor: Actor, fallback: Fallback) -> str:
    """A new secret, shown this once; the old one signs nothing any more."""
    if fallback.kind != Kind.WEBHOOK:
        raise FallbackRefused("kind", "Only a webhook has a secret.")
    with transaction.atomic():
        secret = _give_secret(fallback)
        fallback.save(update_fields=["secret_encrypted"])
        audit.record(
            actor, fallback.organization_id, "renew secret", fallback, {"secret": (SECRET, SECRET)}
        )
    return secret


def request_test(actor: Actor, fallback: Fallback) -> FallbackCall:
    """Have a test sent, in the caller's transaction; its verdict is there within 10 s.

    Raises FallbackRefused for one that has nowhere to go.
    """
    now = timezone.now()
    if fallback.kind == Kind.CHANNEL and fallback.target is None:
        raise FallbackRefused("target", "Its channel was deleted. Choose another one.")
    scene = scene_of(fallback, now)
    target = fallback.target if fallback.kind == Kind.CHANNEL else None
    with speaking(language_of(target) if target else ENGLISH):
        words = gettext(fallback_text.TEST).format(channel=scene.channel)
    call = FallbackCall(
        organization_id=fallback.organization_id,
        fallback=fallback,
        kind=fallback.kind,
        event=FallbackCall.Event.TEST,
        created_at=now,
        not_before=now,
    )
    with transaction.atomic():
        if fallback.kind == Kind.EMAIL:
            subject = " ".join(
                f"[{scene.organization}] Test of the fallback of {scene.channel}".split()
            )
            call.content = {"v": VERSION, "subject": subject, "text": f"{words}\n\n{scene.url}\n"}
        elif fallback.kind == Kind.WEBHOOK:
            call.content = {"v": VERSION, "body": fallback_text.test_body(scene)}
        else:
            assert fallback.target is not None  # asked above
            nodes = [text_node(words)]
            told = (render(nodes, fallback.target.parse_mode), words)  # type: ignore[arg-type]  # a choice of the model
            call.delivery = send_to_chat(fallback, told, now, silent=False)
            call.state, call.settled_at = FallbackCall.State.ACCEPTED, now
        call.save(force_insert=True)
        audit.record(actor, fallback.organization_id, "test", fallback)
    transaction.on_commit(lambda: wakeup.wake(FALLBACK_TASK))
    return call


def same_bot(fallback: Fallback) -> bool:
    """Whether the other channel's bot is the one that may have failed."""
    target = fallback.target
    return target is not None and target.chat.bot_id == fallback.channel.chat.bot_id


def secret_of(fallback: Fallback) -> str:
    """What its POSTs are signed with. Raises encryption.CannotDecrypt."""
    return encryption.decrypt(fallback.secret_encrypted, _context(fallback))


def rekey(fallback: Fallback) -> None:
    """Encrypt its secret under the first key; the caller saves under the old text."""
    clear = secret_of(fallback)
    fallback.secret_encrypted = encryption.encrypt(clear, _context(fallback))


# --- checks --------------------------------------------------------------------------------------


def _check(row: Fallback) -> None:
    """Raises FallbackRefused; empties what its kind has no use for."""
    for field, choices in (("kind", Kind), ("threshold", Fallback.Threshold)):
        if getattr(row, field) not in choices.values:
            raise FallbackRefused(field, f"Use one of {', '.join(choices.values)}.")
    if not 1 <= row.minutes <= MINUTES_MAX:
        raise FallbackRefused(
            "minutes", f"{row.minutes} is not between 1 and {MINUTES_MAX} minutes."
        )
    if row.kind == Kind.CHANNEL:
        _check_target(row)
    else:
        row.target = None
    row.addresses = _addresses(row.addresses) if row.kind == Kind.EMAIL else []
    if row.kind == Kind.WEBHOOK:
        _check_url(row.url)
    else:
        row.url = row.secret_encrypted = ""


def _check_target(row: Fallback) -> None:
    """Walk from fallback to fallback: whoever comes back to this channel helps nobody."""
    if row.target is None:
        raise FallbackRefused("target", "Choose the channel that takes over.")
    links = dict(
        Fallback.objects.for_organization(row.organization_id)
        .filter(kind=Kind.CHANNEL, target__isnull=False)
        .exclude(channel=row.channel)
        .values_list("channel_id", "target_id")
    )
    names, here = [row.channel.name, row.target.name], row.target_id
    while here is not None and here != row.channel_id:
        here = links.pop(here, None)
        if here is not None:
            names.append(NotificationChannel.objects.get(pk=here).name)
    if here == row.channel_id:
        way = " → ".join(names if len(names) > 2 else names[:2])
        raise FallbackRefused(
            "target",
            f"{row.target.name} leads back to {row.channel.name} ({way}). Choose a channel whose "
            "own fallback is another one, or none.",
        )


def _addresses(given: Any) -> list[str]:
    addresses = list(dict.fromkeys(str(one).strip() for one in given or [] if str(one).strip()))
    if not addresses:
        raise FallbackRefused("addresses", "Give at least one e-mail address.")
    if len(addresses) > ADDRESSES_MAX:
        raise FallbackRefused(
            "addresses", f"These are {len(addresses)} addresses; give at most {ADDRESSES_MAX}."
        )
    for address in addresses:
        try:
            validate_email(address)
        except ValidationError:
            raise FallbackRefused(
                "addresses",
                f"{address[:80]!r} is no e-mail address. Write it as name@example.org.",
            ) from None
    return addresses


def _check_url(url: str) -> None:
    if problem := url_problem(url, 500):
        raise FallbackRefused("url", problem)


def _keep_secret(row: Fallback, old_url: str, given: str, *, new_secret: bool) -> str:
    """The new secret, "" when it keeps its old one."""
    if row.kind != Kind.WEBHOOK:
        return ""
    if new_secret or not row.secret_encrypted:
        return _give_secret(row)
    if row.url != old_url and not hmac.compare_digest(given.encode(), secret_of(row).encode()):
        raise FallbackRefused(
            "secret",
            "Enter the present secret to have another address called, or ask for a new one.",
        )
    return ""


def _take_secret(row: Fallback, secret: str) -> None:
    if not SECRET_MIN <= len(secret) <= SECRET_MAX or not secret.isprintable():
        raise FallbackRefused(
            "secret", f"Give {SECRET_MIN} to {SECRET_MAX} printable characters to sign with."
        )
    if not row.secret_encrypted or secret != secret_of(row):  # each text of it is another one
        row.secret_encrypted = encryption.encrypt(secret, _context(row))


def _give_secret(row: Fallback) -> str:
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    row.secret_encrypted = encryption.encrypt(secret, _context(row))
    return secret


def _masked(changes: dict[str, Any]) -> dict[str, Any]:
    """A URL may hold a secret in its path: that it changed is told."""
    return {name: (SECRET, SECRET) if name == "url" else pair for name, pair in changes.items()}


def _context(row: Fallback) -> str:
    return encryption.context("fallback", row.pk, row.organization_id, "secret")


def open_take_overs(fallback: Fallback) -> int:
    """How many groups it tells of at present."""
    return (
        TakeOver.objects.for_organization(fallback.organization_id)
        .filter(fallback=fallback, ended_at=None)
        .count()
    )
