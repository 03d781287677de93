"""Which alerts are shown together: the group key of an alert on one of its routes. Pure.

1. An event is a group of its own: each is a new message, and nothing would ever close the group.
2. A route with `group_by` groups by those labels, whatever sent the alert; a missing label is "".
3. Else the sender's own grouping counts, inside its integration.
4. Else alerts of one integration belong together that share name and all labels but `instance`.

A route that chooses its channel by a label groups by that one as well: a group has one destination.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from alerts.routing import RouteRule
from alerts.sources.incoming import MAX_NAME, IncomingAlert, IncomingBatch, Source
from alerts.sources.json_text import shorten

ALL_LABELS = "..."
TARGET_LABEL = "instance"
"""Tells where a condition holds, not which: it differs between alerts that belong together."""
CHANGING_LABEL = "severity"
"""Generic alerts may raise it while they fire: it is no part of their identity."""
SEVERAL = "Several alerts"
"""The title of a group whose alerts are all that they have in common."""
_TITLE_LABELS = 5


@dataclass(frozen=True, slots=True)
class GroupKey:
    """`text`: the whole key, readable JSON; `hash`: its SHA-256, 64 hex digits.
    `labels`: what all alerts of the group have in common. `title`: one line for people, at most
    256 characters, never empty."""

    text: str
    hash: str
    labels: Mapping[str, str]
    title: str


def group_key(
    rule: RouteRule,
    batch: IncomingBatch,
    alert: IncomingAlert,
    *,
    integration_id: UUID,
    event_id: str,
    ignored_labels: frozenset[str] = frozenset(),
) -> GroupKey:
    """The key of the group to which this alert belongs on this route.

    `event_id`: unique to this alert in this POST; used for events alone. `ignored_labels`: no part
    of an alert's identity, hence of none of its groups unless the route groups by their names.
    """
    if alert.status == "event":
        return _key(["event", event_id], alert.labels, alert.name)
    chosen = {rule.choose_by: value} if (value := alert.labels.get(rule.choose_by)) else {}
    if rule.group_by is not None:
        is_all = ALL_LABELS in rule.group_by
        names = set(alert.labels.keys() - ignored_labels if is_all else rule.group_by)
        labels = {name: alert.labels.get(name, "") for name in sorted(names | chosen.keys())}
        return _key(["labels", labels], labels, _title(labels, batch))
    if batch.group_key is not None:
        labels = {**batch.group_labels, **chosen}
        parts: list[str | dict[str, str]] = ["sender", str(integration_id), batch.group_key]
        parts += [chosen] if chosen else []
        return _key(parts, labels, _title(labels, batch))
    left_out = {TARGET_LABEL, *ignored_labels}
    if batch.source is Source.GENERIC:
        left_out.add(CHANGING_LABEL)
    labels = {name: alert.labels[name] for name in sorted(alert.labels) if name not in left_out}
    labels |= chosen
    return _key(["alike", str(integration_id), alert.name, labels], labels, alert.name)


def _key(parts: Sequence[str | dict[str, str]], labels: Mapping[str, str], title: str) -> GroupKey:
    text = json.dumps(parts, ensure_ascii=False)
    return GroupKey(text, sha256(text.encode()).hexdigest(), labels, title)


def _title(labels: Mapping[str, str], batch: IncomingBatch) -> str:
    """`InstanceDown (job=node)`, `team=core`; without labels what the alerts are called."""
    name = labels.get("alertname", "")
    others = [f"{key}={text}" for key, text in labels.items() if text and key != "alertname"]
    listed = ", ".join(others[:_TITLE_LABELS])
    if name and listed:
        listed = f"({listed})"
    title = " ".join(f"{name} {listed}".split())
    if title:
        return shorten(title, MAX_NAME)
    return batch.alerts[0].name if len(batch.alerts) == 1 else SEVERAL
