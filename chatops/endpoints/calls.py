"""What an endpoint is to be told: a call, written in the caller's transaction."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction

from chatops.models import Approval, Endpoint, EndpointCall
from deliveries import clock, wakeup

CALL = "chatops.call"
VERSION = 1


def request_call(
    endpoint: Endpoint,
    event: str,
    content: Mapping[str, Any],
    *,
    patience: timedelta,
    approval: Approval | None = None,
) -> EndpointCall:
    """Have `content` sent, again and again for so long where nobody takes it."""
    now = clock.now()
    call = EndpointCall.objects.create(
        organization_id=endpoint.organization_id,
        endpoint=endpoint,
        approval=approval,
        event=event,
        content={"v": VERSION, **content},
        created_at=now,
        not_before=now,
        give_up_at=now + patience,
    )
    transaction.on_commit(lambda: wakeup.wake(CALL))
    return call
