"""Every failpoint: which process dies there, and what brings it there."""

from dataclasses import dataclass
from typing import Literal

Trigger = Literal["alert", "storm", "verify", "test", "expiry", "nothing"]
"""What is done to bring a process there: POST an alert or more than a chat may be told, have a
channel verified or tested, let an alert expire; or nothing, because a new process comes by."""


@dataclass(frozen=True, slots=True)
class Failpoint:
    """`within`: seconds in which its process is there after the trigger; generous."""

    name: str
    process: Literal["web", "worker"]
    trigger: Trigger = "alert"
    within: float = 30.0
    purges: Literal["", "DELIVERIES", "GROUPS"] = ""
    """What of this is over the process does not keep."""


FAILPOINTS = (
    Failpoint("webhook.before_answer", "web"),
    Failpoint("ingest.before_commit", "web"),
    Failpoint("ingest.committed", "web"),
    Failpoint("wakeup.before_send", "web"),
    Failpoint("wakeup.sent", "web"),
    Failpoint("probe.check_claimed", "worker", "verify"),
    Failpoint("probe.asked", "worker", "verify"),
    Failpoint("probe.before_commit", "worker", "verify"),
    Failpoint("probe.committed", "worker", "verify"),
    Failpoint("probe.test_claimed", "worker", "test"),
    Failpoint("sweep.before", "worker", "nothing"),
    Failpoint("sweep.before_wake", "worker", "nothing"),
    Failpoint("expiry.before_commit", "worker", "expiry"),
    Failpoint("expiry.committed", "worker", "expiry"),
    Failpoint("publish.claimed", "worker"),
    Failpoint("outbox.sends_written", "worker"),
    Failpoint("outbox.change_written", "worker"),
    Failpoint("publish.before_commit", "worker"),
    Failpoint("publish.committed", "worker"),
    Failpoint("storm.claimed", "worker", "storm"),
    Failpoint("storm.before_commit", "worker", "storm"),
    Failpoint("storm.committed", "worker", "storm"),
    Failpoint("lane.taken", "worker"),
    Failpoint("lane.before_release", "worker"),
    Failpoint("lane.released", "worker"),
    Failpoint("attempt.before_commit", "worker"),
    Failpoint("settle.committed", "worker"),
    # These leave a call of which nobody knows whether it arrived, …
    Failpoint("attempt.committed", "worker"),
    Failpoint("call.before", "worker"),
    Failpoint("call.answered", "worker"),
    Failpoint("settle.before_commit", "worker"),
    # … and a lane of which the next process knows that nobody holds it any more, …
    Failpoint("gone.before_commit", "worker", "nothing"),
    Failpoint("gone.committed", "worker", "nothing"),
    # … so that it takes the call up again a few seconds later.
    Failpoint("recovery.before_commit", "worker", within=90.0),
    Failpoint("recovery.committed", "worker", within=90.0),
    Failpoint("purge.deliveries_deleted", "worker", "nothing", purges="DELIVERIES"),
    Failpoint("purge.before_commit_of_groups", "worker", "nothing", purges="GROUPS"),
    Failpoint("purge.groups_committed", "worker", "nothing", purges="GROUPS"),
    Failpoint("purge.before_commit_of_storms", "worker", "nothing", purges="GROUPS"),
    Failpoint("purge.storms_committed", "worker", "nothing", purges="GROUPS"),
    Failpoint("purge.before_commit_of_alerts", "worker", "nothing", purges="GROUPS"),
    Failpoint("purge.alerts_committed", "worker", "nothing", purges="GROUPS"),
)
"""In the order in which one product dies at them."""

OF_FALLBACKS = (
    "fallback.taken",
    "fallback.before_commit",
    "fallback.committed",
    "fallback.claimed",
    "fallback.answered",
    "fallback.settled",
)
"""Off the way of an alert to its chat: processes die there in tests/alerts/fallbacks."""

OF_UPSTREAMS = ("sync.claimed", "sync.posted", "sync.stepped")
"""Silences on both sides: processes die there in tests/alerts/upstreams/test_dying.py."""

OF_UPDATES = (
    "poll.answered",
    "inbox.stored",
    "poll.stored",
    "updates.before_commit",
    "updates.before_answer",
    "answers.before_call",
    "answers.called",
)
"""The way back: processes die there in tests/chatops/test_dying.py."""

OF_AGREEING = (
    "agree.claimed",
    "agree.before_call",
    "agree.called",
    "agree.before_commit",
    "agree.committed",
)
"""How updates come, agreed with Telegram: in tests/chatops/test_dying.py too."""

OF_CLOCKS = (
    "heartbeat.before_commit",
    "heartbeat.committed",
    "escalation.before_commit",
    "escalation.committed",
)
"""What time brings about: processes die there in tests/alerts/clock_dying.py."""
OF_ASKING = (
    "approval.before_commit",
    "endpoint.claimed",
    "endpoint.answered",
    "action.before_commit",
    "action.heard",
    "reminder.before_commit",
    "assigned.before_commit",
)
"""Approvals, endpoints, own commands, reminders and what is assigned: in
tests/chatops/test_dying_asking.py."""
