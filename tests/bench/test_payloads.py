"""What the benchmark POSTs is read by the product as it is meant."""

from datetime import UTC, datetime

import pytest

from alerts.sources.detect import detect_and_parse
from alerts.sources.incoming import ParseOptions, Source
from bench.http import Messages
from bench.payloads import SHAPES, STORM_NAMES, Shape, body, is_critical, marker

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shape", "source", "grouped"),
    [
        ("webhook", Source.ALERTMANAGER, True),
        ("separate", Source.GENERIC, False),
    ],
)
def test_a_post_is_read_whole(shape: Shape, source: Source, grouped: bool) -> None:
    batch = detect_and_parse(
        body(shape, range(100)),
        "application/json",
        kind="auto",
        options=ParseOptions(now=NOW, ignored_labels=frozenset(), max_alerts=1000),
    )
    assert (batch.source, batch.problems) == (source, ())
    assert [alert.name for alert in batch.alerts] == [marker(number) for number in range(100)]
    assert {alert.status for alert in batch.alerts} == {"firing"}
    assert len({alert.fingerprint for alert in batch.alerts}) == 100
    assert (batch.group_key is not None) == grouped


def test_a_storm_has_few_names_and_some_that_are_critical() -> None:
    batch = detect_and_parse(
        body("storm", range(40)),
        "application/json",
        kind="auto",
        options=ParseOptions(now=NOW, ignored_labels=frozenset(), max_alerts=1000),
    )
    assert {alert.name for alert in batch.alerts} == set(STORM_NAMES)
    assert [alert.labels["host"] for alert in batch.alerts] == [marker(n) for n in range(40)]
    critical = [alert.labels["severity"] == "critical" for alert in batch.alerts]
    assert critical == [is_critical(marker(number)) for number in range(40)]
    assert sum(critical) == 2


def test_every_shape_has_its_marker() -> None:
    assert all(marker(7).encode() in body(shape, [7]) for shape in SHAPES)


def test_messages_are_cut_wherever_they_are_split() -> None:
    stream = b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabcHTTP/1.1 204 -\r\n\r\n"
    for split in range(len(stream)):
        messages = Messages()
        whole = [*messages.feed(stream[:split]), *messages.feed(stream[split:])]
        assert [found for _, found in whole] == [b"abc", b""]
