"""How a bot's updates come in, as REST and console tell it. Nothing of it is for a borrower: where
a bot's server and its other users are is its owner's business.
"""

from typing import Any

from chatops.models import Reception
from chatops.receiving.reception_advice import webhook_advice

_UNTOLD: dict[str, Any] = {
    "host": "",
    "ours": False,
    "pending_update_count": 0,
    "last_error_at": None,
    "last_error_message": "",
    "max_connections": 0,
    "ip_address": "",
}
"""Of what another version stored some may be missing."""


def problems_of(reception: Reception) -> list[dict[str, Any]]:
    """What is wrong: of the agreement with Telegram, of the last poll, and what Telegram met with
    when it posted. {"problem", "telegram", "advice"} each."""
    found = [one for one in (reception.problem, reception.poll_problem) if one]
    said = reception.webhook.get("last_error_message")
    if said and reception.webhook.get("ours") and not _since(reception):
        advice = webhook_advice(said) or "See what it says, and whether it goes on."
        found.append({"problem": "webhook_fails", "telegram": said, "advice": advice})
    return found


def _since(reception: Reception) -> bool:
    """Whether updates came after Telegram's last error, which it keeps for ever."""
    at = reception.webhook.get("last_error_at")
    return (
        reception.received_at is not None
        and at is not None
        and (reception.received_at.isoformat() > at)
    )


def polled_by(reception: Reception) -> str:
    """The host that polls now; "" where nobody does."""
    return reception.poller.partition(":")[0]


def shown(reception: Reception) -> dict[str, Any]:
    """The fields of `reception` in REST."""
    return {
        "is_settled": reception.is_settled,
        "errand": reception.errand,
        "received_at": reception.received_at,
        "polled_at": reception.polled_at,
        "polled_by": polled_by(reception),
        "checked_at": reception.checked_at,
        "webhook": {**_UNTOLD, **reception.webhook} if reception.webhook else None,
        "problems": problems_of(reception),
    }
