"""What mutes an alert, and a group of them: pure decisions on labels and times.

An alert is muted as Alertmanager decides it (silence/silence.go and inhibit/inhibit.go of 0.25): by
an active silence whose matchers all match, or by a rule whose target it is while a source of that
rule fires. Inhibition is found by keys: one of a source's equals one of a target's where the labels
that the rule names are equal, a missing one being the empty text.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Final, Literal
from uuid import UUID

from alerts.matchers import Matcher, matches_all
from alerts.muting.silencing import SilenceState, state_at

How = Literal["silenced", "inhibited"]
_BOTH_SIDES: Final = "t"


@dataclass(frozen=True, slots=True)
class SilenceRule:
    """A silence as far as it decides and is named. `author`: who is named for it; `by` and `way`:
    the user, if any, who made it, and how. `integration_id`: whose alerts alone; None: all."""

    id: UUID
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    author: str = ""
    comment: str = ""
    by: UUID | None = None
    way: str = "system"
    integration_id: UUID | None = None

    def holds(
        self, labels: Mapping[str, str], now: datetime, integration_id: UUID | None = None
    ) -> bool:
        """Whether it silences such an alert of this integration then."""
        if self.integration_id is not None and self.integration_id != integration_id:
            return False
        is_active = state_at(self.starts_at, self.ends_at, now) is SilenceState.ACTIVE
        return is_active and matches_all(self.matchers, labels)


@dataclass(frozen=True, slots=True)
class Inhibition:
    """An inhibit rule that is enabled. `equal`: names of labels."""

    id: UUID
    name: str
    sources: tuple[Matcher, ...]
    targets: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()

    def source_key(self, labels: Mapping[str, str]) -> str | None:
        """What targets are found by, at most 32 characters; None where it is no source."""
        if not matches_all(self.sources, labels):
            return None
        return self._key(labels) + (_BOTH_SIDES if matches_all(self.targets, labels) else "")

    def target_keys(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """The keys of the sources that would inhibit it; none where it is no target.

        What is on both sides is not inhibited by another one that is, itself least of all.
        """
        if not matches_all(self.targets, labels):
            return ()
        key = self._key(labels)
        return (key,) if matches_all(self.sources, labels) else (key, key + _BOTH_SIDES)

    def _key(self, labels: Mapping[str, str]) -> str:
        """Of another one once the rule itself is another: what was stored before is not found."""
        parts = [*map(str, self.sources), "", *map(str, self.targets), ""]
        parts += [part for name in self.equal for part in (name, labels.get(name, ""))]
        # Lengths, so that no two lists give the same text.
        text = "".join(f"{len(part)}:{part}" for part in parts)
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=15).hexdigest()


Sources = Collection[tuple[UUID, str]]
"""(rule's ID, key) of sources that fire."""


@dataclass(frozen=True, slots=True)
class Mute:
    """By what an alert is muted: the silence that ends last, else a rule, by sources of `key`."""

    how: How
    silence: SilenceRule | None = None
    rule: Inhibition | None = None
    key: str = ""


def silenced_by(
    silences: Iterable[SilenceRule],
    labels: Mapping[str, str],
    now: datetime,
    integration_id: UUID | None = None,
) -> list[SilenceRule]:
    """The silences that hold for such an alert of this integration then."""
    return [one for one in silences if one.holds(labels, now, integration_id)]


def inhibited_by(
    rules: Iterable[Inhibition], labels: Mapping[str, str], sources: Sources
) -> tuple[Inhibition, str] | None:
    """The first rule that inhibits such an alert while these sources fire, and a key of some that
    do."""
    for rule in rules:
        for key in rule.target_keys(labels):
            if (rule.id, key) in sources:
                return rule, key
    return None


def mute_of(
    silences: Sequence[SilenceRule],
    rules: Sequence[Inhibition],
    labels: Mapping[str, str],
    sources: Sources,
    now: datetime,
    integration_id: UUID | None = None,
) -> Mute | None:
    """What mutes such an alert of this integration then, if anything does."""
    if holding := silenced_by(silences, labels, now, integration_id):
        last = max(holding, key=lambda one: (one.ends_at, one.id))
        return Mute("silenced", silence=last)
    found = inhibited_by(rules, labels, sources)
    return Mute("inhibited", rule=found[0], key=found[1]) if found is not None else None


# --- a group -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Muting:
    """What of a group is muted. `mutes`: alert ID → by what; `burning`: the IDs of all its alerts
    that are not over. `is_timed`: its route tells nothing now."""

    mutes: Mapping[str, Mute]
    burning: frozenset[str] = frozenset()
    alerts: int = 0
    is_timed: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it may be told: what still burns, or all of what is over."""
        if self.is_timed:
            return True
        if self.burning:
            return self.burning <= self.mutes.keys()
        return 0 < self.alerts <= len(self.mutes)

    def keeps_quiet(self, alert_id: str) -> bool:
        """Whether nobody is to hear of this alert."""
        return self.is_timed or alert_id in self.mutes

    @property
    def muted(self) -> list[Mute]:
        """By what its burning alerts are muted, one for each that is."""
        return [self.mutes[pk] for pk in sorted(self.burning & self.mutes.keys())]

    @property
    def silences(self) -> list[SilenceRule]:
        """Those that hold for its burning alerts, each once, the one that ends first before."""
        found = {one.silence.id: one.silence for one in self.muted if one.silence is not None}
        return sorted(found.values(), key=lambda one: (one.ends_at, one.id))

    @property
    def until(self) -> datetime | None:
        """When the first of its burning alerts is silenced no longer."""
        return min((one.ends_at for one in self.silences), default=None)

    @property
    def reason(self) -> str:
        """A value of GroupMessage.Muted: whose end may let it, or a part of it, be told; "" when
        nothing of what burns is muted."""
        if self.is_timed and self.burning:
            return "timed"
        kinds = {one.how for one in self.muted}
        return "inhibited" if "inhibited" in kinds else "silenced" if kinds else ""
