"""How much memory and processor time processes take while they work."""

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import linear_regression
from typing import Any

EVERY = 1.0
WARM_UP = 20
"""Samples in which caches and pools fill."""


class Usage:
    """Of the processes that `pids` names until `stop`: RSS, looked at each second, and processor
    time."""

    def __init__(self, pids: Callable[[], Mapping[str, int]]) -> None:
        self._pids = pids
        self._samples: dict[str, list[float]] = {}
        self._began = {name: cpu_seconds(pid) for name, pid in pids().items()}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(EVERY):
            for name, pid in self._pids().items():
                self._samples.setdefault(name, []).append(rss_megabytes(pid))

    def stop(self) -> dict[str, Any]:
        """By name: what it spent; MB at first, at last and each half minute, and by how much that
        grew in a minute once it was warm."""
        self._stopped.set()
        self._thread.join()
        spent = {name: cpu_seconds(pid) - self._began[name] for name, pid in self._pids().items()}
        return {
            name: {"cpu_seconds": round(spent[name], 1)} | _told(samples)
            for name, samples in self._samples.items()
        }


def _told(samples: list[float]) -> dict[str, Any]:
    warm = samples[min(WARM_UP, len(samples) // 2) :]
    slope = linear_regression(range(len(warm)), warm).slope if len(warm) > 1 else 0.0
    return {
        "first_mb": round(samples[0], 1),
        "last_mb": round(samples[-1], 1),
        "half_minutes_mb": [round(one) for one in samples[:: int(30 / EVERY)]],
        "mb_a_minute": round(slope * 60 / EVERY, 2),
    }


def rss_megabytes(pid: int) -> float:
    """0.0 for one that has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    line = next((line for line in text.splitlines() if line.startswith("VmRSS:")), "VmRSS: 0")
    return int(line.split()[1]) / 1024


def cpu_seconds(pid: int) -> float:
    """Of one that runs, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
