"""The failpoints in the code are those that the fault suite runs and the document explains."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from botapi.failpoints import armed_by
from tests.architecture.imports import PACKAGES
from tests.faults.failpoints import (
    FAILPOINTS,
    OF_AGREEING,
    OF_ASKING,
    OF_CLOCKS,
    OF_FALLBACKS,
    OF_UPDATES,
    OF_UPSTREAMS,
)

ROOT = Path(__file__).resolve().parents[2]
_HIT = re.compile(r'\bfailpoints\.hit\("?(.*?)"?\)')
_ROW = re.compile(r"^\| `([a-z_]+\.[a-z_]+)` \|", re.MULTILINE)
LISTED = [
    *[one.name for one in FAILPOINTS],
    *(*OF_FALLBACKS, *OF_UPSTREAMS, *OF_CLOCKS, *OF_UPDATES, *OF_AGREEING, *OF_ASKING),
]


def names_in_the_code() -> list[str]:
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return [hit for path in sources for hit in _HIT.findall(path.read_text(encoding="utf-8"))]


def test_the_names_in_the_code_are_those_that_are_run() -> None:
    assert sorted(names_in_the_code()) == sorted(LISTED)


def test_each_name_is_one_place() -> None:
    assert [name for name, count in Counter(names_in_the_code()).items() if count > 1] == []


def test_the_names_explained_are_those_that_are_run() -> None:
    guarantees = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    assert sorted(_ROW.findall(guarantees)) == sorted(LISTED)


def run(setting: str) -> subprocess.CompletedProcess[str]:
    """A process that comes by `a.b` three times, with FAILPOINT set so."""
    script = (
        "from botapi import failpoints\n"
        "for number in range(3):\n"
        "    print(number, flush=True)\n"
        "    failpoints.hit('x.y')\n"
        "    failpoints.hit('a.b')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", script],
        check=False,  # it is to die
        cwd=ROOT,
        env={"FAILPOINT": setting} if setting else {},
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize(
    ("setting", "seen", "code"),
    [
        ("", "0 1 2", 0),
        ("a.c", "0 1 2", 0),
        ("a.b", "0", -9),
        ("a.b:2", "0 1", -9),
        ("a.b:4", "0 1 2", 0),
    ],
)
def test_a_process_dies_where_it_was_told_to(setting: str, seen: str, code: int) -> None:
    died = run(setting)
    assert died.stdout.split() == seen.split()
    assert died.returncode == code
    assert ("failpoint a.b: killed" in died.stderr) == (code != 0)


def test_a_wrong_count_is_refused() -> None:
    with pytest.raises(ValueError, match="often"):
        armed_by({"FAILPOINT": "a.b:often"})
