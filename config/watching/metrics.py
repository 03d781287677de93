"""The facts as Prometheus metrics. No label holds anything of a tenant."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric

from config.watching.facts import Facts
from config.watching.verdict import LANES, MARKS, STATES, SWITCHED, judge
from deliveries import tally
from deliveries.figures import COUNTED_MAX, Figures
from deliveries.tally import POST_OUTCOMES

STAGES = {
    "dispatch": "from published to the first attempt",
    "attempt": "one call, from its attempt's commit to Telegram's answer",
}
ANSWERS = (
    "sent",
    "too_many_requests",
    "refused",
    "server_error",
    "unreadable",
    "unreachable",
    "not_made",
    "unknown",
)


def exposition(facts: Facts, accept: str, info: dict[str, str]) -> tuple[bytes, str]:
    """(body, media type) in the format that `accept`, an Accept header, asks for."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(facts, info))
    encoder, content_type = choose_encoder(accept)
    return encoder(registry), content_type


class _Collector:
    def __init__(self, facts: Facts, info: dict[str, str]) -> None:
        self._facts = facts
        self._info = info

    def collect(self) -> Iterator[Metric]:
        facts, outbox = self._facts, self._facts.outbox
        yield _gauge("build_info", "This version, and the database it runs on.", self._info, 1)
        yield _one("delivers", "1 while this installation delivers.", judge(facts).delivers)
        yield from _outbox(outbox)
        yield from _publishing(facts)
        yield from _updates(facts)
        yield from _counters(outbox)
        yield from _stages(outbox)


def _outbox(outbox: Figures) -> Iterator[Metric]:
    yield _one(
        "oldest_overdue_delivery_seconds",
        "How long the oldest waiting call of an enabled bot has been due.",
        outbox.late_by.total_seconds(),
    )
    yield _one(
        "oldest_overdue_delivery_of_disabled_bots_seconds",
        "The same of bots that are disabled.",
        outbox.late_at_disabled_by.total_seconds(),
    )
    states = {state: outbox.states[state] for state in STATES}
    yield _by(
        "deliveries", f"Calls by state, counted to {COUNTED_MAX}; dead: refused.", "state", states
    )
    lanes = {state: outbox.lanes[state] for state in LANES}
    yield _by(
        "lanes",
        "Lanes (one a bot): held by a dispatcher, paused by Telegram or a failure, doubted because "
        "the token was refused, stuck although calls could leave.",
        "state",
        lanes,
    )
    for name, counts in (("bots", outbox.bots), ("channels", outbox.channels)):
        yield _by(
            name,
            f"{name.capitalize()}: enabled, disabled because Telegram refused, switched off.",
            "state",
            {state: counts[state] for state in SWITCHED},
        )
    metric = GaugeMetricFamily(
        "tocsin_last_timestamp_seconds",
        "When a worker last looked for calls, published, swept; when Telegram last took a call.",
        labels=["what"],
    )
    for mark in MARKS:
        if mark in outbox.marks:
            metric.add_metric([mark], outbox.marks[mark].timestamp())
    yield metric


def _publishing(facts: Facts) -> Iterator[Metric]:
    publishing = facts.publishing
    yield _one(
        "publish_due", f"Groups and storms to be told, counted to {COUNTED_MAX}.", publishing.due
    )
    yield _one(
        "publish_oldest_due_seconds",
        "How long the oldest of them has been due.",
        publishing.late_by.total_seconds(),
    )
    yield _one("storms", "Channels that are told of many alerts together.", publishing.storms)
    since = GaugeMetricFamily(
        "tocsin_swept_since_timestamp_seconds", "Since when alerts were swept without a gap."
    )
    if publishing.up_since is not None:
        since.add_metric([], publishing.up_since.timestamp())
    yield since


def _updates(facts: Facts) -> Iterator[Metric]:
    updates = facts.updates
    yield _by(
        "updates_bots",
        "Enabled bots that shall receive updates, by whether they do.",
        "state",
        {"receiving": updates.receiving, "not_receiving": updates.not_receiving},
    )
    yield _by(
        "updates",
        f"Updates from Telegram by state, counted to {COUNTED_MAX}; dead: given up.",
        "state",
        {"waiting": updates.waiting, "dead": updates.dead},
    )
    yield _one(
        "updates_oldest_waiting_seconds",
        "How long the oldest update that could be handled has waited.",
        updates.late_by.total_seconds(),
    )


def _counters(outbox: Figures) -> Iterator[Metric]:
    counts = outbox.counts
    yield _counter(
        "telegram_answers",
        "Attempts by how they ended; unknown: their process died.",
        "outcome",
        {name: counts.get(tally.key_of(tally.ANSWERS, name), 0) for name in ANSWERS},
    )
    yield _counter(
        "dead_letters",
        "Calls that were given up, ever, by problem; one that is retried may come again.",
        "problem",
        _labelled(counts, tally.DEAD_LETTERS) or {"refused": 0},
    )
    yield _counter(
        "ingest_posts",
        "POSTs of alerts by outcome.",
        "outcome",
        {name: counts.get(tally.key_of(tally.POSTS, name), 0) for name in POST_OUTCOMES},
    )
    yield _counter(
        "update_posts",
        "POSTs to the webhooks of bots by outcome.",
        "outcome",
        {
            name: counts.get(tally.key_of(tally.UPDATE_POSTS, name), 0)
            for name in tally.UPDATE_POST_OUTCOMES
        },
    )
    yield _counter(
        "run_posts",
        "POSTs about runs of own commands by outcome.",
        "outcome",
        {
            name: counts.get(tally.key_of(tally.RUN_POSTS, name), 0)
            for name in tally.RUN_POST_OUTCOMES
        },
    )
    yield _counter(
        "ingest_alerts",
        "Alerts in accepted POSTs.",
        "outcome",
        {
            name: counts.get(tally.key_of(tally.ALERTS, name), 0)
            for name in ("accepted", "unreadable")
        },
    )


def _stages(outbox: Figures) -> Iterator[Metric]:
    text = "; ".join(f"{stage}: {what}" for stage, what in STAGES.items())
    metric = HistogramMetricFamily(
        "tocsin_stage_seconds", f"How long a stage took. {text}.", labels=["stage"]
    )
    for stage in STAGES:
        total = 0
        buckets = []
        for end in tally.BUCKETS:
            total += outbox.counts.get(tally.key_of(tally.SECONDS, f"{stage}:{end:g}"), 0)
            buckets.append(("+Inf" if end == tally.BUCKETS[-1] else f"{end:g}", float(total)))
        spent = outbox.counts.get(tally.key_of(tally.MICROSECONDS, stage), 0) / 1_000_000
        metric.add_metric([stage], buckets, spent)
    yield metric


def _labelled(counts: dict[str, int], name: str) -> dict[str, int]:
    start = f"{name}:"
    return {key.removeprefix(start): n for key, n in counts.items() if key.startswith(start)}


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tocsin_{name}", text, value=float(value))


def _gauge(name: str, text: str, labels: dict[str, str], value: float) -> Metric:
    metric = GaugeMetricFamily(f"tocsin_{name}", text, labels=list(labels))
    metric.add_metric(list(labels.values()), value)
    return metric


def _by(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    metric = GaugeMetricFamily(f"tocsin_{name}", text, labels=[label])
    for key, value in values.items():
        metric.add_metric([key], value)
    return metric


def _counter(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    metric = CounterMetricFamily(f"tocsin_{name}", text, labels=[label])
    for key, value in values.items():
        metric.add_metric([key], value)
    return metric
