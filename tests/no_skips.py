"""A pytest plugin (`-p tests.no_skips`): a skipped test is a failed one.

On a machine that has everything, a skip hides a test that nobody runs any more. Only the optional
reference material beside the checkout may be missing (tests/reference.py): such a skip says so in
its reason.
"""

import re
from collections.abc import Generator
from typing import TypeVar

import pytest

ALLOWED_REASON = re.compile(r"\breference\b|\bbeside th(e|is) checkout\b", re.IGNORECASE)


def must_fail(outcome: str, *, is_expected_failure: bool, reason: str) -> bool:
    """Whether a report with this outcome hides a test that should have run."""
    if outcome != "skipped" or is_expected_failure:
        return False
    return ALLOWED_REASON.search(reason) is None


R = TypeVar("R", pytest.TestReport, pytest.CollectReport)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """A skip's report carries (file, line, "Skipped: reason")."""
    where = report.longrepr
    return str(where[2]) if isinstance(where, tuple) else str(where)


def _judged(report: R) -> R:
    reason = _reason(report)
    is_expected_failure = hasattr(report, "wasxfail")
    if must_fail(report.outcome, is_expected_failure=is_expected_failure, reason=reason):
        report.outcome = "failed"
        report.longrepr = f"Nothing may be skipped here. {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Each phase of each test."""
    return _judged((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Whole modules that skip themselves (`importorskip`)."""
    return _judged((yield))
