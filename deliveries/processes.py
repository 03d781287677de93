"""Which process this is, and whether another one is provably gone.

A process that is gone makes no call any more, so what it held need not be waited for. Proven only
where the kernel can know: on the same boot of the same machine, in the same PID namespace. Of any
other process it is never said that it is gone.
"""

import os
from functools import cache
from pathlib import Path

PROC = Path("/proc")
_START_TIME = 19
"""Where the fields of /proc/<pid>/stat after the program's name have it: proc(5), field 22."""


def name(proc: Path = PROC) -> str:
    """This process among all that ever ran on this machine, such as `3f2a…/4026531836/812/90417`:
    boot, PID namespace, number, start. Without spaces or colons, at most 45 characters; "" where
    the kernel does not say."""
    return _name(os.getpid(), proc)


@cache
def _name(pid: int, proc: Path) -> str:
    """Read once, though it is asked for with every claim: a child of this process is another."""
    place, born = _place(proc), _born(pid, proc)
    return f"{place}/{pid}/{born}" if place and born else ""


def is_gone(process: str, proc: Path = PROC) -> bool:
    """Whether the process of this `name` has ended. Where that is not certain it has not."""
    place, _, own = process.rpartition("/")
    place, _, pid = place.rpartition("/")
    if not place or place != _place(proc):
        return False
    try:
        # Asked first, because /proc may hide the processes of other users (hidepid).
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    born = _born(int(pid), proc)
    return born != "" and born != own  # its number is another process's by now


def _born(pid: int, proc: Path) -> str:
    """When it was started, in ticks since the boot; "" when that cannot be read."""
    try:
        stat = (proc / str(pid) / "stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[_START_TIME]  # a program's name may hold anything


def _place(proc: Path) -> str:
    """Boot and PID namespace; "" where /proc shows the numbers of another namespace, or nothing."""
    try:
        if (proc / "self").readlink().name != str(os.getpid()):
            return ""
        namespace = (proc / "self" / "ns" / "pid").readlink().name
    except OSError:
        return ""
    return f"{_boot(proc)}/{namespace.strip('pid:[]')}"


@cache
def _boot(proc: Path) -> str:
    return (proc / "sys/kernel/random/boot_id").read_text().replace("-", "")[:12]
