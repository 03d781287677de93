"""What must hold before anything is started; each refusal says what to do."""

import errno
import importlib.util
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from config.supervisor.ledger import ON_LINUX
from config.supervisor.options import ANY_ADDRESS, Options, StartRefusedError

OLDEST_PYTHON = (3, 11)


def check_platform() -> None:
    """Raises StartRefusedError on a Python or environment that cannot run the product."""
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        raise StartRefusedError(
            f"Python {found} is too old: Tocsin needs 3.11 or newer. "
            "Install one (Debian, Ubuntu: apt install python3; macOS: brew install python@3.12) "
            "and run `make run`."
        )
    missing = [
        name for name in ("django", "celery", "granian") if not importlib.util.find_spec(name)
    ]
    if missing:
        raise StartRefusedError(
            f"{sys.executable} lacks {', '.join(missing)}. `make run` installs what is needed "
            "into .venv; or start with `.venv/bin/python manage.py up`."
        )


def prepare_data_dir(data_dir: Path) -> None:
    """Makes the data folder (0700) when it is missing, and proves that it can be written.

    Raises StartRefusedError when it cannot.
    """
    advice = "Choose a folder that you can write to: DATA_DIR=~/tocsin-data make run"
    if data_dir.exists() and not data_dir.is_dir():
        raise StartRefusedError(f"DATA_DIR={data_dir} is a file, and must be a folder. {advice}")
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=data_dir, prefix=".write-test-") as probe:
            probe.write(b"x")
            probe.flush()
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno == errno.ENOSPC:
            advice = "Free some space on that disk, or choose another folder with DATA_DIR=…"
        raise StartRefusedError(
            f"DATA_DIR={data_dir} cannot be written: {reason}. {advice}"
        ) from error


def check_ports(options: Options) -> None:
    """Raises StartRefusedError naming a port that is taken, its holder, and a pair that is free."""
    wanted = [("the console", options.bind, options.port)]
    if options.sandbox:
        wanted.append(
            ("the sandbox, which takes PORT + 1", options.sandbox_bind, options.sandbox_port)
        )
    for purpose, address, port in wanted:
        error = bind_error(address, port)
        if error is None:
            continue
        if error.errno == errno.EADDRINUSE:
            holder = port_holder(port)
            raise StartRefusedError(
                f"Port {port} (for {purpose}) is already in use"
                f"{f' by {holder}' if holder else ''}. "
                f"Stop that, or use another port: PORT={_free_port(options)} make run"
            )
        if error.errno == errno.EACCES:
            raise StartRefusedError(
                f"Port {port} (for {purpose}) needs more rights than you have: "
                "ports below 1024 belong to root. Use PORT=8000 behind a reverse proxy."
            )
        raise StartRefusedError(
            f"{address}:{port} (for {purpose}) cannot be listened on: {error.strerror or error}. "
            "BIND and SANDBOX_BIND take an address of this machine, or 0.0.0.0 for all of them."
        )


def bind_error(address: str, port: int) -> OSError | None:
    """Why nothing can listen on address:port now, or None when it is free."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Connections of the previous run may linger in TIME_WAIT; they don't hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            # Two sockets may be bound at once with SO_REUSEADDR; only one of them may listen.
            probe.listen(1)
        except OSError as error:
            return error
    return None


def port_holder(port: int) -> str:
    """Who listens on a TCP port, as `name (PID 123)`; "" where that is not cheap to find out."""
    if ON_LINUX:
        return _port_holder_from_proc(port)
    return _port_holder_from_lsof(port)


def _port_holder_from_proc(port: int) -> str:
    """proc(5): /proc/net/tcp has the socket's inode, /proc/<pid>/fd links to it."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            columns = row.split()
            is_listening = columns[3] == "0A"
            if is_listening and int(columns[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{columns[9]}]")
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) in inodes:
                process = link.parent.parent
                name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                return f"{name} (PID {process.name})"
        except OSError:  # another user's process, or one that has just ended
            continue
    return ""


def _port_holder_from_lsof(port: int) -> str:
    lsof = shutil.which("lsof")
    if lsof is None:
        return ""
    listed = subprocess.run(  # noqa: S603 -- fixed arguments and an integer
        [lsof, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"],
        capture_output=True,
        text=True,
        timeout=5,
        check=False,
    )
    fields = {line[:1]: line[1:] for line in reversed(listed.stdout.splitlines())}
    return f"{fields['c']} (PID {fields['p']})" if {"c", "p"} <= fields.keys() else ""


def _free_port(options: Options) -> int:
    """The next round port that is free, together with its neighbour for the sandbox."""
    address = options.bind if options.bind not in ANY_ADDRESS else ""
    for port in range(options.port - options.port % 10 + 10, 65500, 10):
        if not bind_error(address, port) and not bind_error(options.sandbox_bind, port + 1):
            return port
    return 8010
