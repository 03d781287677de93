"""What a sender told us, in our own words: the types that every source parser returns.

Pure data. Parsers (`detect_and_parse`) make it from bytes; ingest stores it, rendering shows it.
Every text here is valid UTF-8 without NUL and within the limits below; datetimes are aware, UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

# Limits in characters (code points). Longer values are shortened with a mark and a Problem, so that
# an alert is never refused for its size. Alertmanager itself has no limits; these are ours.
MAX_NAME = 256
MAX_LABELS = 256
MAX_LABEL_NAME = 256
MAX_LABEL_VALUE = 4_096
MAX_ANNOTATIONS = 256
MAX_TEXT = 32_768
"""Annotation values, summary, description, the batch's title and message, value_text."""
MAX_URL = 8_192
"""A longer URL is dropped, since a shortened one leads nowhere."""
MAX_LINKS = 20
MAX_VALUES = 100
MAX_GROUP_KEY = 1_024
"""A longer sender's group key is replaced by `sha256:` and the digest of the whole."""
MAX_FINGERPRINT = 64
MAX_EXCERPT = 200
MAX_POINTER = 500
MAX_PROBLEMS = 100
"""More problems than this are counted in one last Problem."""

AlertStatus = Literal["firing", "resolved", "event"]


class Source(StrEnum):
    """The shape in which a payload arrived."""

    ALERTMANAGER = "alertmanager"
    GRAFANA = "grafana"
    GRAFANA_LEGACY = "grafana_legacy"
    PROMETHEUS = "prometheus"
    GENERIC = "generic"
    TEXT = "text"
    MAPPED = "mapped"
    HEARTBEAT = "heartbeat"


class LinkKind(StrEnum):
    """Where a link leads."""

    SOURCE = "source"
    DASHBOARD = "dashboard"
    PANEL = "panel"
    SILENCE = "silence"
    RUNBOOK = "runbook"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Link:
    """A link of an alert. `url` is absolute http(s) where the sender made that possible; one that
    stayed relative (no external URL was given) is kept as it came, to be shown as text."""

    kind: LinkKind
    url: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class IncomingAlert:
    """One alert as its sender described it.

    `status`: "event" is a one-shot notice that never resolves.
    `fingerprint`: stable identity inside its integration, the same when firing and when resolved;
    1 to 64 characters of `[0-9A-Za-z._~-]`.
    `name`: what a person calls it (alertname, ruleName, title); never empty, one line.
    `starts_at`: None when the sender gave none, or the zero time.
    `ends_at`: when it ended; set only on resolved alerts, and even there None if not told.
    `expires_at`: it ends by itself then unless it is sent again; None where nobody says when.
    `values`: finite numbers by name; `value_text`: the same for people, e.g. "A=22, B=1".
    """

    status: AlertStatus
    fingerprint: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    expires_at: datetime | None = None
    summary: str = ""
    description: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    value_text: str = ""
    links: tuple[Link, ...] = ()
    image_url: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the payload that was repaired, shortened, ignored or quarantined.

    `pointer`: RFC 6901 JSON pointer ("/alerts/3/labels"; "" is the whole body).
    `excerpt`: at most 200 characters of what was there.
    `quarantined`: a whole alert was left out.
    """

    pointer: str
    reason: str
    excerpt: str = ""
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class IncomingBatch:
    """One POST, understood.

    `group_key`: the sender's own grouping, None if it did not group.
    `receiver`: the sender's name for us, un-escaped from Go's `regexp.QuoteMeta`.
    `truncated_alerts`: alerts known to be missing: hidden by the sender's limit, or beyond ours.
    `incomplete`: the body broke off; more alerts may have followed, nobody knows how many.
    `title`, `message`: the sender's own rendering of the whole (Grafana); "" when there is none.
    """

    source: Source
    alerts: tuple[IncomingAlert, ...]
    problems: tuple[Problem, ...] = ()
    group_key: str | None = None
    group_labels: Mapping[str, str] = field(default_factory=dict)
    receiver: str = ""
    external_url: str = ""
    truncated_alerts: int = 0
    incomplete: bool = False
    title: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class ParseOptions:
    """What the integration says about parsing, and the clock.

    `now`: aware; decides whether a Prometheus alert's endsAt has passed.
    `ignored_labels`: not part of an alert's identity (such as `replica` of an HA pair).
    """

    now: datetime
    ignored_labels: frozenset[str] = field(default_factory=frozenset)
    max_alerts: int = 20_000


class Unparseable(Exception):
    """Nothing in the body could be understood. `status` is 400 or 415.

    `pointer`: where, as a JSON pointer; `fix`: what the sender's owner can do about it.
    """

    def __init__(
        self, reason: str, *, fix: str, pointer: str = "", status: Literal[400, 415] = 400
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.pointer = pointer
        self.fix = fix
