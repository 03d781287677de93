"""The clock of the tests, in processes that are stopped as a whole, as by a machine that stalls."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import clock

ROOT = Path(__file__).resolve().parents[2]
STALL_SECONDS = 2.0
TELLS = """
import json, sys, time
from tests import clock
began, passed, lost = time.monotonic(), clock.now(), clock.lost()
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps([time.monotonic() - began, clock.now() - passed, clock.lost() - lost]))
"""


def test_a_stall_does_not_count() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", TELLS], cwd=ROOT, stdin=pipe, stdout=pipe, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        time.sleep(STALL_SECONDS)
        process.send_signal(signal.SIGCONT)
        said, _ = process.communicate("go\n", timeout=60)
    wall, passed, lost = json.loads(said)
    assert wall >= STALL_SECONDS
    assert lost >= STALL_SECONDS - 2 * clock.COUNTED_SECONDS
    assert passed + lost == pytest.approx(wall, abs=clock.COUNTED_SECONDS)


def test_a_deadline_comes_all_the_same() -> None:
    began = time.monotonic()
    clock.sleep(0.3)
    assert time.monotonic() - began >= 0.3


UNDISTURBED = """
import os, signal, subprocess, sys, time
from tests import clock
runs = []

@clock.undisturbed
def test(stalled):
    runs.append(stalled)
    if len(runs) < 3:
        if stalled:
            command = f"kill -STOP {os.getpid()}; sleep 0.7; kill -CONT {os.getpid()}"
            subprocess.run(["sh", "-c", command])
            clock.now()
        raise AssertionError("by chance")

clock.now()
try:
    test(sys.argv[1] == "stalled")
finally:
    print(len(runs), "runs", flush=True)
"""


@pytest.mark.parametrize(("machine", "runs"), [("stalled", 3), ("well", 1)])
def test_what_failed_in_a_stall_is_run_again(machine: str, runs: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNDISTURBED, machine],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert f"{runs} runs" in done.stdout
    assert (done.returncode == 0) is (machine == "stalled")
