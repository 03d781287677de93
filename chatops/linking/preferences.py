"""What a person wants of the bot, kept with their Telegram account: a bot that its owner's server
speaks for must not change what the platform knows of a person."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from accounts.models import Organization
from chatops.models import TelegramIdentity
from languages.speaking import LANGUAGES, first_language, gettext

_QUIET = re.compile(r"(\d{1,2})(?::(\d\d))? ?(?:-|–|to|until) ?(\d{1,2})(?::(\d\d))?")
ZONES_SHOWN = 5


class PreferenceRefused(ValueError):
    """It cannot be set to this; the text says what can."""


def set_zone(identity: TelegramIdentity, name: str) -> str:
    """As IANA names it, in any case of letters; "" is the user's own again. Returns the name.
    Raises PreferenceRefused."""
    wanted = name.strip().replace(" ", "_")
    known = {one.casefold(): one for one in available_timezones()}
    found = known.get(wanted.casefold(), "")
    if wanted and not found:
        near = sorted(one for one in known.values() if wanted.casefold() in one.casefold())
        raise PreferenceRefused(
            gettext("I know no zone “{word}”. Write one such as {examples}.").format(
                word=name.strip()[:40], examples=", ".join(near[:ZONES_SHOWN]) or "Europe/Berlin"
            )
        )
    try:
        ZoneInfo(found or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PreferenceRefused(
            gettext("I cannot use the zone {zone}.").format(zone=found)
        ) from None
    identity.timezone = found
    identity.save(update_fields=["timezone"])
    return found


def set_language(identity: TelegramIdentity, word: str) -> str:
    """By its code or by its name, in any case of letters; "" is that of the person's Telegram app
    again. Returns the code. Raises PreferenceRefused."""
    wanted = word.strip().casefold()
    known = {name.casefold(): code for code, name in LANGUAGES.items()}
    found = known.get(wanted) or (wanted if wanted in LANGUAGES else "")
    if wanted and not found:
        spoken = ", ".join(f"{name} ({code})" for code, name in LANGUAGES.items())
        raise PreferenceRefused(
            gettext("I do not speak “{word}”. I speak {languages}.").format(
                word=word.strip()[:40], languages=spoken
            )
        )
    identity.language = found
    identity.save(update_fields=["language"])
    return found


def language_with(identity: TelegramIdentity, organization: Organization, channel: str = "") -> str:
    """In which a person is told what they did not ask for, about this organization. `channel`: the
    language of the first channel that writes to them, if any."""
    return first_language(identity.language, identity.app_language, channel, organization.language)


def set_direct_messages(identity: TelegramIdentity, *, wanted: bool) -> None:
    """Whether the bot may write to them unasked."""
    identity.direct_messages = wanted
    identity.save(update_fields=["direct_messages"])


def set_tell_assigned(identity: TelegramIdentity, *, wanted: bool) -> None:
    """Whether they are told in private what is assigned to them: then the bot may write to them."""
    identity.tell_assigned = wanted
    identity.direct_messages = identity.direct_messages or wanted
    identity.save(update_fields=["tell_assigned", "direct_messages"])


def set_quiet_hours(identity: TelegramIdentity, words: str) -> None:
    """ "22:00-07:00", by their own clock; "off" for none. Raises PreferenceRefused."""
    start, end = _quiet(words)
    identity.quiet_from, identity.quiet_until = start, end
    identity.save(update_fields=["quiet_from", "quiet_until"])


def _quiet(words: str) -> tuple[time | None, time | None]:
    low = words.strip().lower()
    if low in ("off", "none", "no"):
        return None, None
    found = _QUIET.fullmatch(low)
    if found is None:
        raise PreferenceRefused(gettext("Write quiet hours such as 22:00-07:00, or off."))
    numbers = [int(part or 0) for part in found.groups()]
    try:
        start, end = time(numbers[0], numbers[1]), time(numbers[2] % 24, numbers[3])
    except ValueError:
        raise PreferenceRefused(gettext("A day has hours from 0:00 to 23:59.")) from None
    if start == end:
        raise PreferenceRefused(gettext("Quiet hours begin and end at different times."))
    return start, end


def in_quiet_hours(identity: TelegramIdentity, now: datetime, zone: ZoneInfo) -> bool:
    """Whether it is now quiet for them, by their own clock; `zone`: where they have told none."""
    start, end = identity.quiet_from, identity.quiet_until
    if start is None or end is None:
        return False
    here = now.astimezone(_own_zone(identity, zone)).time()
    return start <= here < end if start < end else here >= start or here < end


def quiet_end(identity: TelegramIdentity, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours end in which it is now; None where it is not quiet."""
    if identity.quiet_until is None or not in_quiet_hours(identity, now, zone):
        return None
    here = now.astimezone(_own_zone(identity, zone))
    end = datetime.combine(here.date(), identity.quiet_until, here.tzinfo)
    return (end if end > here else end + timedelta(days=1)).astimezone(UTC)


def _own_zone(identity: TelegramIdentity, zone: ZoneInfo) -> ZoneInfo:
    return ZoneInfo(identity.timezone) if identity.timezone else zone


def choose_organization(identity: TelegramIdentity, organization: Organization) -> None:
    """Which one is meant in private; one of the person's own."""
    identity.organization = organization
    identity.save(update_fields=["organization"])
