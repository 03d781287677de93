"""What rendering is told about a group and its channel: everything, so that it asks nobody.

Publishing fills these from the database; nothing here reads a clock, a setting or the ORM.
All datetimes are aware.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from alerts.severity import Severity
from alerts.sources.incoming import AlertStatus, Link
from botapi.markup import ParseMode


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert of a group.

    `alert_id`: unique in the group (the database's ID; a fingerprint is unique per integration).
    `starts_at`: None for an event whose sender gave no time.
    `ends_at`: when it resolved; None while firing, or when nobody told.
    `is_new`: marked as new in a list; set it where the mark is to be seen and edited away later.
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
    value_text: str = ""
    summary: str = ""
    description: str = ""
    links: tuple[Link, ...] = ()
    image_url: str = ""
    episode: int = 1
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group as a channel shows it.

    `title` and `status` speak only when there are no alerts; else the alerts do.
    `alerts`: in any order; rendering sorts.
    `truncated`: alerts that the sender left out and only counted.
    `silenced_note`: a sentence such as "Silenced until 14:00 by anna"; "" when it is not.
    `external_url`: the sender's own page; `console_url`: ours, "" when there is none to show.
    """

    title: str
    status: AlertStatus
    alerts: tuple[AlertView, ...]
    opened_at: datetime
    closed_at: datetime | None = None
    group_labels: Mapping[str, str] = field(default_factory=dict)
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    silenced_note: str = ""
    integration: str = ""
    organization: str = ""
    external_url: str = ""
    console_url: str = ""
    truncated: int = 0


@dataclass(frozen=True, slots=True)
class ChannelView:
    """How a channel wants to be written to. `zone`: channel's, else organization's, else UTC."""

    parse_mode: ParseMode
    zone: tzinfo
    link_previews: bool = False


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
