"""Every failpoint: which process dies there, and what brings it there."""

from dataclasses import dataclass
from typing import Literal

Trigger = Literal["alert", "verify", "test", "expiry", "nothing"]
"""What is done to bring a process there: POST an alert, have a channel verified or tested, let an
alert expire; or nothing, because a new process comes by."""


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
    # … which is taken up again once its deadline has passed.
    Failpoint("recovery.before_commit", "worker", within=90.0),
    Failpoint("recovery.committed", "worker", within=90.0),
    Failpoint("purge.deliveries_deleted", "worker", "nothing", purges="DELIVERIES"),
    Failpoint("purge.before_commit_of_groups", "worker", "nothing", purges="GROUPS"),
    Failpoint("purge.groups_committed", "worker", "nothing", purges="GROUPS"),
    Failpoint("purge.before_commit_of_alerts", "worker", "nothing", purges="GROUPS"),
    Failpoint("purge.alerts_committed", "worker", "nothing", purges="GROUPS"),
)
"""In the order in which one product dies at them."""
