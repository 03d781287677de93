"""A pytest of its own, for tests of plugins."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, *arguments: str) -> str:
    """The output of a pytest over `folder` that knows nothing of this project's settings."""
    command = [sys.executable, "-m", "pytest", "-q", "-rA", *arguments]
    done = subprocess.run(
        [*command, "-c", str(folder / "none.ini"), str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return f"{done.stdout}\nexit {done.returncode}"
