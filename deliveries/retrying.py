"""A person has a dead letter sent again."""

from accounts.audit import Actor, record
from deliveries import clock
from deliveries.models import Delivery
from deliveries.outbox import wake_dispatch
from deliveries.streams import take_numbers

State = Delivery.State


class NotRetryable(Exception):
    """The delivery is no dead letter, or newer state of its message followed it."""


def retry(delivery: Delivery, actor: Actor) -> None:
    """Send a dead letter again, as it was first asked for and as the stream's next call.

    Raises NotRetryable when it is not dead, or when newer state of its message followed it.
    """
    newer = Delivery.objects.for_organization(delivery.organization_id).filter(
        target=delivery.target_id, sequence__gt=delivery.sequence, stream=delivery.stream_id
    )
    if delivery.target_id is not None and newer.exists():
        raise NotRetryable("a newer call for the same message followed this one")
    now = clock.now()
    moved = Delivery.objects.filter(pk=delivery.pk, state=State.DEAD).update(
        state=State.WAITING,
        sequence=take_numbers([delivery.stream_id])[0],
        ladder=[],
        attempts=0,
        not_before=now,
        settled_at=None,
        outcome="",
    )
    if not moved:
        raise NotRetryable(f"it is {delivery.get_state_display().lower()}, not undeliverable")
    record(actor, delivery.organization_id, "retried", delivery)
    wake_dispatch()
