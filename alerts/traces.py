"""What became of one POST: one Trace row each, also for the refused ones."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from alerts.models import Integration, Trace
from deliveries import clock

BODY_KEPT = 16_384
"""Characters of the body that a Trace keeps."""


@dataclass(frozen=True, slots=True)
class Post:
    """A POST as it came. `body`: without its Content-Encoding; `size`: as it travelled.

    `accepted`: the HTTP status that its sender takes for "stored".
    """

    received_at: datetime
    body: bytes
    size: int = 0
    content_type: str = ""
    remote_addr: str = ""
    user_agent: str = ""
    accepted: int = 202


def page_of(trace_id: UUID) -> str:
    """The URL of the page that tells what became of it."""
    return f"{settings.SITE_URL}/alerts/trace/{trace_id}/"


def trace_row(
    integration: Integration | None, post: Post, trace_id: UUID, status: int, source: str = ""
) -> dict[str, Any]:
    """The columns of a Trace that are known before anything was decided."""
    return {
        "id": trace_id,
        "organization_id": integration.organization_id if integration else None,
        "integration_id": integration.pk if integration else None,
        "received_at": post.received_at,
        "remote_addr": post.remote_addr[:64],
        "user_agent": clean_text(post.user_agent, 200),
        "content_type": clean_text(post.content_type, 200),
        "size": post.size or len(post.body),
        "body": clean_text(post.body[: 4 * BODY_KEPT].decode("utf-8", "replace"), BODY_KEPT),
        "source": source,
        "status": status,
        "summary": "",
        "problems": [],
        "alerts": [],
        "unrouted": 0,
        "duration_ms": milliseconds_since(post.received_at),
    }


def record_refusal(
    integration: Integration | None, post: Post, trace_id: UUID, status: int, reason: str
) -> None:
    """Keep what was refused and why. Raises django.db.Error."""
    row = trace_row(integration, post, trace_id, status)
    Trace.objects.create(**{**row, "summary": clean_text(reason, 255)})


def milliseconds_since(start: datetime) -> int:
    """Whole milliseconds from then to now, never negative."""
    return max(0, int((clock.now() - start).total_seconds() * 1000))


def clean_text(text: str, length: int) -> str:
    """Neither PostgreSQL nor UTF-8 takes these, wherever a header or body got them from."""
    return (
        text[:length].replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    )
