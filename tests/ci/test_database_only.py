"""The plugin that leaves out what no other database can change, in a pytest of its own."""

from pathlib import Path

from tests.ci.plugins import run

CONFTEST = """
import pytest

@pytest.fixture
def db(): pass

@pytest.fixture
def person(db): pass
"""
SUITE = """
import pytest

def test_pure(): assert False, "not asked for"

def test_by_fixture(db): pass

def test_by_a_fixture_of_a_fixture(person): pass

@pytest.mark.django_db
def test_by_mark(): pass
"""
MODULE = """
import pytest
pytestmark = pytest.mark.django_db

def test_in_a_marked_module(): pass
"""


def test_what_asks_for_no_database_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "none.ini").write_text("[pytest]\nmarkers = django_db\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_some.py").write_text(SUITE)
    (tmp_path / "test_module.py").write_text(MODULE)
    assert "1 failed, 4 passed" in run(tmp_path)
    output = run(tmp_path, "-p", "tests.database_only")
    assert "4 passed, 1 deselected" in output
    assert "exit 0" in output
