"""Today's Alertmanager, amtool and Prometheus on this machine, read live."""

import shutil
from pathlib import Path

import pytest

from alerts import fingerprints
from alerts.sources.incoming import Source
from tests.alerts.sources.capture import (
    Recorder,
    capture_alertmanager,
    capture_amtool,
    capture_prometheus,
)
from tests.alerts.sources.reading import assert_contract, read

PROGRAMS = ("prometheus-alertmanager", "amtool", "prometheus")

pytestmark = [
    pytest.mark.peers,
    pytest.mark.slow,
    pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason=f"needs {', '.join(PROGRAMS)}"),
]


def test_alertmanager(tmp_path: Path) -> None:
    for name, body in capture_alertmanager(Recorder(), tmp_path):
        batch = read(body)
        assert (name, batch.source, batch.problems) == (name, Source.ALERTMANAGER, ())
        assert_contract(batch)
        for alert in batch.alerts:
            assert alert.fingerprint == fingerprints.of_labels(alert.labels)


def test_amtool() -> None:
    for _, body in capture_amtool(Recorder()):
        assert read(body).source is Source.PROMETHEUS


def test_prometheus(tmp_path: Path) -> None:
    for name, body in capture_prometheus(Recorder(), tmp_path):
        batch = read(body)
        assert (name, batch.source, batch.problems) == (name, Source.PROMETHEUS, ())
        assert_contract(batch)
