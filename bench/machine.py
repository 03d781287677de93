"""The machine and the programs that a result belongs to."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

from bench.servers import ALERTMANAGER, postgresql_programs

LIBRARIES = ("Django", "celery", "granian", "psycopg", "redis", "requests", "apprise")


def describe() -> dict[str, str]:
    """What → text, in the order to be shown."""
    programs = postgresql_programs()
    postgres = _first_line([str(programs / "postgres"), "--version"]) if programs else "–"
    return {
        "CPU": f"{_of('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores",
        "memory": f"{int(_of('/proc/meminfo', 'MemTotal').split()[0]) / 2**20:.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "PostgreSQL": postgres,
        "Redis": _first_line(["redis-server", "--version"]),
        "Alertmanager": _first_line([ALERTMANAGER, "--version"]),
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


def circumstances() -> dict[str, str]:
    """When it is, which commit is measured, and how busy the machine is; as `describe`."""
    return {
        "when": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": commit(),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


@cache
def commit() -> str:
    """The one that runs, "-dirty" when something was changed since. Results are no change: writing
    them begins while scenarios still run."""
    changed = ["git", "diff", "--stat", "HEAD", "--", ".", ":(exclude)docs/benchmarks"]
    is_dirty = _first_line(changed) != "–"
    return _first_line(["git", "rev-parse", "--short", "HEAD"]) + ("-dirty" if is_dirty else "")


def _of(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "unknown"


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except OSError:
        return "–"
    return ((done.stdout or done.stderr).splitlines() or ["–"])[0].strip()
