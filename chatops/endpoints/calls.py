"""What an endpoint is to be told: a call, written in the caller's transaction."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction

from chatops.models import ActionRun, Approval, Endpoint, EndpointCall
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
    run: ActionRun | None = None,
) -> EndpointCall:
    """Have `content` sent, again and again for so long where nobody takes it. A run has one call,
    of the same ID."""
    now = clock.now()
    call = EndpointCall(
        organization_id=endpoint.organization_id,
        endpoint=endpoint,
        approval=approval,
        run=run,
        event=event,
        content={"v": VERSION, **content},
        created_at=now,
        not_before=now,
        give_up_at=now + patience,
    )
    if run is not None:
        call.pk = run.pk
    call.save(force_insert=True)
    transaction.on_commit(lambda: wakeup.wake(CALL))
    return call
