"""A pytest plugin (`-p tests.failed_list`): what failed, an ID a line, in the file FAILED_LIST.

`.ci/run` has these run once more, alone. There is no file unless tests ran to the end and some
failed: a run that was interrupted, or collected nothing, says nothing of single tests.
"""

import os
from pathlib import Path

import pytest


class Failures:
    """Kept by the process that starts the others: it hears of all tests."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.ids: dict[str, None] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Each phase of each test."""
        if report.failed:
            self.ids[report.nodeid] = None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Modules that could not be read."""
        if report.failed:
            self.ids[report.nodeid] = None

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """At the end."""
        if exitstatus == pytest.ExitCode.TESTS_FAILED:
            self.target.write_text("".join(f"{one}\n" for one in self.ids))


def pytest_configure(config: pytest.Config) -> None:
    """Only where somebody asks for it, and in the first process alone."""
    target = os.environ.get("FAILED_LIST")
    if target and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Failures(Path(target)))
