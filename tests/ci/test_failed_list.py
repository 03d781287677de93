"""The plugin that writes down what failed, in a pytest of its own."""

from pathlib import Path

import pytest

from tests.ci.plugins import run

SUITE = """
import pytest

@pytest.fixture
def broken(): raise RuntimeError

def test_that_passes(): pass

@pytest.mark.parametrize("word", ["a - b", "c d"])
def test_with_words(word): assert word == "c d"

def test_with_a_broken_fixture(broken): pass
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "none.ini").write_text("[pytest]\n")
    monkeypatch.setenv("FAILED_LIST", str(tmp_path / "failed"))
    return tmp_path


@pytest.mark.parametrize("jobs", [(), ("-p", "xdist", "-n", "2")])
def test_each_failure_is_a_line_that_pytest_reads_again(suite: Path, jobs: tuple[str, ...]) -> None:
    (suite / "test_some.py").write_text(SUITE)
    run(suite, "-p", "tests.failed_list", *jobs)
    failed = (suite / "failed").read_text().splitlines()
    names = sorted(one.rpartition("::")[2] for one in failed)
    assert names == ["test_with_a_broken_fixture", "test_with_words[a - b]"]


def test_a_module_that_cannot_be_read_is_a_failure(suite: Path) -> None:
    (suite / "test_some.py").write_text(SUITE)
    (suite / "test_other.py").write_text("import no_such_module\n")
    run(suite, "-p", "tests.failed_list", "--continue-on-collection-errors")
    assert len((suite / "failed").read_text().splitlines()) == 3


@pytest.mark.parametrize("text", ["def test_it(): pass\n", "import no_such_module\n", ""])
def test_no_list_where_nothing_failed_or_nothing_ran(suite: Path, text: str) -> None:
    (suite / "test_some.py").write_text(text)
    run(suite, "-p", "tests.failed_list")
    assert not (suite / "failed").exists()
