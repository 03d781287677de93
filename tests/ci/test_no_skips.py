"""The plugin that turns skips into failures, in a pytest of its own."""

from pathlib import Path

import pytest

from tests.ci.plugins import run

SUITE = """
import pytest

def test_that_runs(): pass

@pytest.mark.skip(reason="no database here")
def test_marked(): pass

def test_skipping_itself(): pytest.skip("no browser here")

@pytest.mark.xfail(reason="known")
def test_expected_to_fail(): assert False

def test_optional(): pytest.skip("the reference folder is missing")

def test_optional_too(): pytest.skip("no payloads beside this checkout")
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "none.ini").write_text("[pytest]\n")
    (tmp_path / "test_some.py").write_text(SUITE)
    return tmp_path


def test_skips_pass_without_the_plugin(suite: Path) -> None:
    assert "1 passed, 4 skipped, 1 xfailed" in run(suite)


@pytest.mark.parametrize("jobs", [(), ("-p", "xdist", "-n", "1")])
def test_skips_fail_with_the_plugin(suite: Path, jobs: tuple[str, ...]) -> None:
    output = run(suite, "-p", "tests.no_skips", *jobs)
    assert "1 failed, 1 passed, 2 skipped, 1 xfailed, 1 error" in output
    assert "no database here" in output
    assert "exit 1" in output


def test_a_module_that_skips_itself_fails(suite: Path) -> None:
    (suite / "test_other.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    output = run(suite, "-p", "tests.no_skips")
    assert "no_such_module" in output
    assert "exit 0" not in output
    assert "exit 5" not in output
