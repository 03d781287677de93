"""What an upstream's list of alerts says about those that fire here: pure decisions.

Alertmanager tells nothing of an alert that is silenced or inhibited there, not even its end: what
ends while it is muted would burn here for ever. Its list holds all that it knows, muted or not.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from alerts import fingerprints
from alerts.sources.alertmanager import fingerprint_of, name_of
from alerts.sources.fields import read_annotations, read_labels
from alerts.sources.problems import Problems

GRACE: Final = timedelta(minutes=5)
"""How long an alert must be missing: Alertmanager's own resolve_timeout. After a restart it knows
nothing until Prometheus repeats, within a minute or two."""
_GIVEN = re.compile(r"[0-9a-f]{16}")
_PRIVATE = re.compile(r"__.*__")


class NotAlerts(ValueError):
    """The answer is no list of alerts."""


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fires here. `unlisted_until`: equal to `expires_at` where it is we who gave it
    this end."""

    id: UUID
    fingerprint: str
    expires_at: datetime | None
    unlisted_until: datetime | None

    @property
    def is_ours(self) -> bool:
        """Whether its end is one that it got for being missing."""
        return self.expires_at is not None and self.expires_at == self.unlisted_until


def read_listed(answer: Any, kind: str, ignored: frozenset[str]) -> frozenset[str]:
    """The fingerprints under which the alerts of the list came here by webhook. Raises NotAlerts:
    of a list that is not wholly understood, what it lacks proves nothing."""
    if not isinstance(answer, list):
        raise NotAlerts("it does not answer with a list of alerts")
    return frozenset(_identity(one, kind, ignored) for one in answer)


def _identity(listed: Any, kind: str, ignored: frozenset[str]) -> str:
    if not isinstance(listed, dict) or not isinstance(listed.get("labels"), dict):
        raise NotAlerts("it lists an alert without labels")
    problems = Problems()
    labels = read_labels(listed["labels"], "", problems)
    if kind == "grafana":  # whose webhook leaves out what its rules are found by
        labels = {name: text for name, text in labels.items() if not _PRIVATE.fullmatch(name)}
    annotations = read_annotations(listed.get("annotations"), "", problems)
    return fingerprint_of(listed, labels, name_of(labels, annotations), ignored)


def missing(firing: Iterable[Firing], listed: frozenset[str]) -> list[Firing]:
    """Those that burn until they are told of, and are not in the list."""
    return [one for one in firing if one.expires_at is None and one.fingerprint not in listed]


def found_again(firing: Iterable[Firing], listed: frozenset[str]) -> list[Firing]:
    """Those that were missing and are not now; an end that a sender gave stays."""
    return [one for one in firing if one.is_ours and one.fingerprint in listed]


def is_of_that_sender(
    fingerprint: str, labels: Mapping[str, str], kind: str, ignored: frozenset[str]
) -> bool:
    """Whether it came from an Alertmanager, or a Grafana, as its fingerprint tells: the first one's
    is made of its labels; the second one's, of labels that its webhook leaves out. Our own JSON and
    others in the same integration have longer ones."""
    if kind == "grafana":
        return _GIVEN.fullmatch(fingerprint) is not None
    return fingerprint == fingerprints.of_labels(labels, ignored)
