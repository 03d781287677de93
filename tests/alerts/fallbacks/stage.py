"""A site whose channel has a fallback, and time that passes without waiting for it."""

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from alerts import publish
from alerts.fallbacks import changes as fallbacks
from alerts.fallbacks import send as fallback_send
from alerts.fallbacks import watch as fallback_watch
from alerts.models import Fallback, FallbackCall, GroupMessage, Storm, TakeOver, TimelineEvent
from deliveries.models import Delivery, SentMessage
from tests.alerts.senders import Site, alert, make_site, webhook

CRITICAL = {"severity": "critical"}


def grave(name: str = "InstanceDown", **values: Any) -> dict[str, Any]:
    """A critical alert as Alertmanager sends it."""
    labels = {**CRITICAL, **values.pop("labels", {})}
    return alert(name, labels=labels, **values)


def of_group(*alerts: dict[str, Any], name: str) -> dict[str, Any]:
    """A webhook about a group of its own."""
    return webhook(*alerts, groupKey=f"{{}}:{{group={name}}}", groupLabels={"alertname": name})


def make_stage(**values: Any) -> tuple[Site, Fallback]:
    """A site with a fallback by mail, unless `values` say otherwise."""
    site = make_site()
    values = {"kind": "email", "addresses": ["ada@example.org"], **values}
    return site, fallbacks.set_fallback(COMMAND_LINE, site.channels[0], **values).fallback


def let_pass(minutes: float) -> None:
    """As if all that is stored were so much older."""
    by = timedelta(minutes=minutes)
    for model, *names in (
        (TimelineEvent, "at"),
        (Delivery, "due_at", "settled_at"),
        (GroupMessage, "due_at", "published_at", "parked_at", "claimed_until"),
        (Storm, "opened_at", "due_at", "claimed_until"),
        (TakeOver, "undelivered_since", "taken_at", "told_until"),
        (FallbackCall, "created_at", "not_before", "claimed_until"),
    ):
        model._default_manager.update(**{name: F(name) - by for name in names})


def deliver() -> None:
    """As if Telegram had taken all that waits."""
    now = timezone.now()
    rows = Delivery.objects.filter(state__in=("waiting", "in_flight"))
    SentMessage.objects.filter(pk__in=rows.values("target")).update(state="shown", message_id=1)
    rows.update(state="sent", settled_at=now)


def sweep() -> int:
    return fallback_watch.sweep()


def send() -> int:
    return fallback_send.send_waiting(seconds=5)


__all__ = [
    "CRITICAL",
    "alert",
    "deliver",
    "grave",
    "let_pass",
    "make_stage",
    "of_group",
    "publish",
    "send",
    "sweep",
    "webhook",
]
