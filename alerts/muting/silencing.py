"""Silences as Alertmanager understands them (silence/silence.go): pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from alerts.matchers import MAX_MATCHERS, Matcher, MatcherError, MatchOp, read_matchers
from languages.speaking import gettext, ngettext

COMMENT_MAX: Final = 2_000
AUTHOR_MAX: Final = 254
LONGEST: Final = timedelta(days=3_660)
"""A silence of more than ten years is a mistake, or a route that should go elsewhere."""


class SilenceState(StrEnum):
    """Where it stands."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


class SilenceRefused(ValueError):
    """The input can't become this silence: `field` says which one, the text what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def state_at(starts_at: datetime, ends_at: datetime, now: datetime) -> SilenceState:
    """It holds from its start on, and no longer at its end."""
    if now < starts_at:
        return SilenceState.PENDING
    return SilenceState.ACTIVE if now < ends_at else SilenceState.EXPIRED


def read_silence_matchers(value: object) -> tuple[Matcher, ...]:
    """At least one, and one of them must say something: `a=""` and `a=~".*"` alone would hold for
    alerts that nobody had in mind. `a!="b"` alone is meant to (matchesEmpty). Raises
    SilenceRefused."""
    try:
        matchers = read_matchers(value)
    except MatcherError as error:
        raise SilenceRefused("matchers", str(error)) from None
    if not matchers:
        raise SilenceRefused(
            "matchers", gettext('Give at least one, such as alertname="DiskFull".')
        )
    if not any(map(says_something, matchers)):
        raise SilenceRefused(
            "matchers",
            gettext(
                "At least one must not match the empty text: as they are, they hold for every "
                "alert without these labels."
            ),
        )
    return matchers


def says_something(matcher: Matcher) -> bool:
    """Whether it may be a silence's only matcher."""
    return matcher.op in (MatchOp.NOT_EQUAL, MatchOp.NOT_REGEX) or not matcher.matches_empty()


def matchers_for(alerts: Iterable[Mapping[str, str]]) -> tuple[Matcher, ...]:
    """What all alerts with these labels have in common, as matchers: each label by itself.

    Raises SilenceRefused where that is nothing, or more than a silence may have.
    """
    common: dict[str, str] | None = None
    for labels in alerts:
        if common is None:
            common = {name: value for name, value in labels.items() if value}
        else:
            common = {name: value for name, value in common.items() if labels.get(name) == value}
    if not common:
        raise SilenceRefused(
            "matchers", gettext("There is no label that all of these alerts have: give matchers.")
        )
    if len(common) > MAX_MATCHERS:
        said = ngettext(
            "The alerts have {count} label in common: give fewer matchers.",
            "The alerts have {count} labels in common: give fewer matchers.",
            len(common),
        )
        raise SilenceRefused("matchers", said.format(count=len(common)))
    try:
        return tuple(Matcher(name, MatchOp.EQUAL, common[name]) for name in sorted(common))
    except MatcherError as error:
        raise SilenceRefused(
            "matchers", gettext("{error}; give matchers.").format(error=error)
        ) from None


def check_times(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Raises SilenceRefused for times that no silence may have from `now` on."""
    if ends_at <= starts_at:
        raise SilenceRefused("ends_at", gettext("The end has to be later than the start."))
    if ends_at <= now:
        raise SilenceRefused("ends_at", gettext("The end is past already: choose a later one."))
    if ends_at - max(starts_at, now) > LONGEST:
        raise SilenceRefused("ends_at", gettext("Choose an end within ten years of the start."))


def may_change_in_place(
    before: tuple[Sequence[Matcher], datetime, datetime],
    after: tuple[Sequence[Matcher], datetime, datetime],
    now: datetime,
) -> bool:
    """Whether this change leaves it the same silence: (matchers, start, end) before and after.

    What has been silenced stays true for whoever looks at it later: other matchers, or another
    start of one that has begun, make a new silence and end the old one (canUpdate).
    """
    matchers, starts_at, ends_at = before
    new_matchers, new_starts_at, _ = after
    if list(matchers) != list(new_matchers):
        return False
    state = state_at(starts_at, ends_at, now)
    if state is SilenceState.ACTIVE:
        return _second(starts_at) == _second(new_starts_at)
    return state is SilenceState.PENDING and new_starts_at >= now


def _second(moment: datetime) -> int:
    return int(moment.timestamp())
