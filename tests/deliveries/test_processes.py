"""A process is said to be gone only where the kernel knows it."""

import subprocess
import sys
from pathlib import Path

import pytest

from deliveries import lanes, processes
from deliveries.models import Lane

OTHER = "from deliveries import processes; print(processes.name(), flush=True); input()"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def other() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", OTHER],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_process_is_gone_when_it_has_ended(other: "subprocess.Popen[str]") -> None:
    assert other.stdout is not None
    name = other.stdout.readline().strip()
    assert name.split("/")[2] == str(other.pid)
    assert not processes.is_gone(name)
    other.kill()
    other.wait()
    assert processes.is_gone(name)


def test_this_process_lives() -> None:
    assert not processes.is_gone(processes.name())


def changed(**parts: str) -> str:
    """Our own name with other parts."""
    own = dict(zip(("boot", "space", "pid", "born"), processes.name().split("/"), strict=True))
    return "/".join({**own, **parts}.values())


NOBODY = "4194305"
"""Above the highest number that the kernel gives to a process."""


@pytest.mark.parametrize(
    ("name", "is_gone"),
    [
        pytest.param(changed(born="1"), True, id="its number is ours by now"),
        pytest.param(changed(pid=NOBODY), True, id="no such process"),
        pytest.param(changed(pid=NOBODY, boot="0123456789ab"), False, id="another boot"),
        pytest.param(changed(pid=NOBODY, space="1"), False, id="another namespace"),
        pytest.param("", False, id="nothing said"),
        pytest.param("worker-7:4711:d0d0", False, id="a holder of an earlier version"),
    ],
)
def test_of_others_it_is_never_said(name: str, is_gone: bool) -> None:
    assert processes.is_gone(name) is is_gone


def test_where_the_kernel_says_nothing_nobody_is_gone(tmp_path: Path) -> None:
    assert processes.name(proc=tmp_path) == ""
    assert not processes.is_gone(changed(pid=NOBODY), proc=tmp_path)


def test_a_proc_of_another_namespace_says_nothing(tmp_path: Path) -> None:
    """As after `unshare --pid` without a /proc of its own: its numbers are not ours."""
    (tmp_path / "self").symlink_to("1234567")
    (tmp_path / "1234567" / "ns").mkdir(parents=True)
    (tmp_path / "1234567" / "ns" / "pid").symlink_to("pid:[4026531836]")
    assert processes.name(proc=tmp_path) == ""
    assert not processes.is_gone(changed(pid=NOBODY), proc=tmp_path)


def test_a_holder_fits_and_names_its_process() -> None:
    length = Lane._meta.get_field("holder").max_length
    assert length is not None
    assert len("h" * 20 + ":" + "0" * 12 + ":" + changed(pid=NOBODY, born="9" * 12)) <= length
    assert lanes.new_holder().endswith(f":{processes.name()}")
    assert lanes.new_holder() != lanes.new_holder()
