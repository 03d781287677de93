"""What rendering is told about a group and its channel: everything, so that it asks nobody.

Publishing fills these from the database; nothing here reads a clock, a setting or the ORM.
All datetimes are aware.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Literal

from alerts.flapping import Flapping
from alerts.muting.decisions import How
from alerts.severity import Severity
from alerts.sources.incoming import AlertStatus, Link
from botapi.markup import ParseMode
from languages.speaking import ENGLISH, gettext


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert of a group.

    `alert_id`: unique in the group (the database's ID; a fingerprint is unique per integration).
    `starts_at`: None for an event whose sender gave no time.
    `ends_at`: when it resolved; None while firing, or when nobody told.
    `ended_by`: who said so, where its sender did not: a person, `ended_name`, or nobody, as its
    Alertmanager knows it no longer.
    `is_new`: began or ended since the chat was last told: listed first, see alerts/news.py.
    `flapping`: how often it flips, if it does so too often to be told of each time.
    `muted`: why nobody is to be told of it now; "" when they are.
    """

    alert_id: str
    name: str
    status: AlertStatus
    severity: Severity | None = None
    fingerprint: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    ended_by: Literal["person", "unknown", ""] = ""
    ended_name: str = ""
    value_text: str = ""
    summary: str = ""
    description: str = ""
    links: tuple[Link, ...] = ()
    image_url: str = ""
    episode: int = 1
    is_new: bool = False
    flapping: Flapping | None = None
    muted: How | Literal[""] = ""

    @property
    def ended(self) -> str:
        """How it ended, where its sender did not say so, such as "resolved by Ada"; else ""."""
        if self.ended_by == "unknown":
            return gettext("no longer known to its Alertmanager")
        if self.ended_by == "person" and self.ended_name:
            return gettext("resolved by {name}").format(name=self.ended_name)
        return ""


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group as a channel shows it.

    `title` and `status` speak only when there are no alerts; else the alerts do.
    `alerts`: in any order; rendering sorts.
    `truncated`: alerts that the sender left out and only counted.
    `assigned_to`: whose it is, "" for nobody's.
    `escalated_after`: minutes after which others were told, as nobody acknowledged it; 0: not yet.
    `silenced_note`: a sentence such as "Silenced until 14:00 by anna"; "" when it is not.
    `external_url`: the sender's own page; `console_url`: ours, "" when there is none to show.
    `flapping`: how often the group as a whole closes and opens, if too often.
    """

    title: str
    status: AlertStatus
    alerts: tuple[AlertView, ...]
    opened_at: datetime
    closed_at: datetime | None = None
    group_labels: Mapping[str, str] = field(default_factory=dict)
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    assigned_to: str = ""
    escalated_after: int = 0
    silenced_note: str = ""
    integration: str = ""
    organization: str = ""
    external_url: str = ""
    console_url: str = ""
    truncated: int = 0
    flapping: Flapping | None = None


@dataclass(frozen=True, slots=True)
class ChannelView:
    """How a channel wants to be written to. `zone`: channel's, else organization's, else UTC;
    `language`: likewise, else English."""

    parse_mode: ParseMode
    zone: tzinfo
    link_previews: bool = False
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """A message or caption, ready to send.

    `text`: for `parse_mode`, within all limits; `plain_text`: the same words without markup.
    `overflow`: something was left out that a document should tell.
    `alert_ids`: the alerts that the text shows, in order.
    """

    text: str
    parse_mode: ParseMode
    plain_text: str
    overflow: bool
    alert_ids: tuple[str, ...]


def content_hash(rendered: RenderedMessage) -> str:
    """Equal for messages that look the same: 32 hex digits over text and parse mode."""
    content = f"{rendered.parse_mode}\n{rendered.text}".encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()
