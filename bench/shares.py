"""What an alert's time from POST to Telegram is made of, by the times that rows of the database
carry."""

import time
from collections.abc import Mapping, Sequence
from statistics import mean

from bench.load import Sent
from bench.payloads import MARKER
from bench.servers import Postgres

STAGES = (
    "POST until 202",
    "published to the outbox",
    "taken from the outbox",
    "attempt noted, call under way",
)

_SQL = f"""
SELECT substring(d.params::text from '{MARKER.pattern.decode()}'),
    extract(epoch from d.created_at)::float8, extract(epoch from min(a.started_at))::float8
FROM deliveries_delivery d JOIN deliveries_deliveryattempt a ON a.delivery_id = d.id
GROUP BY d.id ORDER BY d.id DESC
"""


def shares(
    server: Postgres, database: str, sent: Sent, seen: Mapping[str, float]
) -> dict[str, float]:
    """Milliseconds of each stage on average; together they are the average of the whole."""
    to_monotonic = time.monotonic() - time.time()
    rows = {
        name: (created + to_monotonic, begun + to_monotonic)
        for name, created, begun in server.query(database, _SQL)
    }
    answered = sent.answered_at()
    steps = [
        (at, answered[name], *rows[name], seen[name])
        for name, at in sent.sent_at().items()
        if name in rows and name in seen
    ]
    return averages(steps)


def averages(steps: Sequence[Sequence[float]], stages: Sequence[str] = STAGES) -> dict[str, float]:
    """Milliseconds between the steps, by the stage between them; {} without any.

    Publishing may begin before the sender has read its answer: no stage begins after a later one.
    """
    if not steps:
        return {}
    ordered = []
    for times in steps:
        latest = times[-1]
        in_order = [latest]
        for at in reversed(times[:-1]):
            latest = min(latest, at)
            in_order.append(latest)
        ordered.append(in_order[::-1])
    return {
        name: 1000 * mean(times[place + 1] - times[place] for times in ordered)
        for place, name in enumerate(stages)
    }
