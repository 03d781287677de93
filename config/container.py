"""What a container of the image does: `python -m config.container ROLE`.

    web       the web server on BIND and PORT, in WEB_PROCESSES processes
    worker    the background work; options of `manage.py worker` may follow
    migrate   set up or change the database, then end
    wait      end once the database has every migration that this version needs
    healthy   end with 0 while what runs in this container is well
    …         any other command of `manage.py`, with its arguments

Web server and worker take this process's place, so that SIGTERM reaches them. Nothing here imports
Django: `healthy` runs every few seconds beside them.
"""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from config.supervisor.options import Options, StartRefusedError, reachable, read_options, setting
from config.supervisor.processes import web_arguments

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = {"wait": "wait_for_migrations"}
"""Roles whose command of manage.py has another name."""
STALE_SECONDS = 20.0
"""A worker touches its heartbeat file every two seconds while it is well."""
ANSWER_SECONDS = 4.0


def arguments(role: str, rest: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """The command line that takes this process's place. Raises StartRefusedError."""
    if role != "web":
        command = COMMANDS.get(role, role)
        quiet = ["--no-input"] if role == "migrate" else []
        return [sys.executable, str(ROOT / "manage.py"), command, *quiet, *rest]
    options = read_options({"SANDBOX": "off", **environ}, ROOT)
    return [*web_arguments(options, processes(environ)), *rest]


def processes(environ: Mapping[str, str]) -> int:
    """WEB_PROCESSES. Raises StartRefusedError when it is none that could be started."""
    text = setting(environ, "WEB_PROCESSES") or "1"
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 64):
        raise StartRefusedError(f"WEB_PROCESSES={text} is no number from 1 to 64: give one.")
    return int(text)


def trouble(environ: Mapping[str, str]) -> str:
    """What is wrong with this container's process; "" while it is well.

    Only a worker has a heartbeat file; without one, the web server has to answer.
    """
    heartbeat = Path(setting(environ, "WORKER_HEARTBEAT_FILE") or "worker.alive")
    try:
        silent = time.time() - heartbeat.stat().st_mtime
    except FileNotFoundError:
        return _web_trouble(read_options({"SANDBOX": "off", **environ}, ROOT))
    if silent <= STALE_SECONDS:
        return ""
    return f"The worker has not touched {heartbeat} for {silent:.0f} seconds."


def _web_trouble(options: Options) -> str:
    connection = HTTPConnection(
        reachable(options.bind).strip("[]"), options.port, timeout=ANSWER_SECONDS
    )
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"Port {options.port} does not answer: {type(error).__name__}."
    finally:
        connection.close()
    return "" if status == 200 else f"Port {options.port} answers /healthz with {status}."


def main(argv: Sequence[str]) -> int:
    """Run the role that the arguments name; returns an exit code where it is not replaced."""
    role, *rest = argv or ["web"]
    try:
        if role == "healthy":
            found = trouble(os.environ)
            sys.stdout.write(f"{found or 'well'}\n")
            return 1 if found else 0
        command = arguments(role, rest, os.environ)
    except StartRefusedError as refused:
        sys.stderr.write(f"{refused}\n")
        return 2
    os.chdir(ROOT)
    return os.execv(command[0], command)  # noqa: S606  # our own argument list, no shell


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
