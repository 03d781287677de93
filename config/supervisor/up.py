"""The story of `manage.py up`, from the first check to the last process stopped."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from config.supervisor.ledger import Ledger
from config.supervisor.options import Options, StartRefusedError, read_options
from config.supervisor.preflight import check_platform, check_ports, prepare_data_dir
from config.supervisor.processes import child_environment, choose_places, remove_places
from config.supervisor.start import Start
from config.supervisor.terminal import Terminal, terminal_for
from config.supervisor.watch import Watch

ROOT = Path(__file__).resolve().parents[2]
STOP_ORDER = ("prepare", "web", "worker", "sandbox", "redis")
"""Whoever takes work in stops before whoever works on it; Redis, which all use, is last."""


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Run `manage.py up`; the exit code is 0 after a clean stop and 1 when it could not start."""
    parser = argparse.ArgumentParser(
        prog="manage.py up",
        description="Start everything on this machine: migrate, a private Redis, web, worker and, "
        "unless TELEGRAM_BOT_TOKEN is set, the sandbox. Ctrl-C stops all of it.",
        epilog="Settings come from the environment: PORT, BIND, DATA_DIR, SANDBOX, SITE_URL, …",
    )
    parser.parse_args(arguments)
    terminal = terminal_for(sys.stdout, os.environ)
    os.umask(0o077)  # the database and all else in DATA_DIR is for this user alone
    try:
        check_platform()
        options = read_options(os.environ, root)
        prepare_data_dir(options.data_dir)
        _up(options, os.environ, terminal)
    except StartRefusedError as refusal:
        terminal.error(str(refusal))
        return 1
    return 0


def _up(options: Options, environ: Mapping[str, str], terminal: Terminal) -> None:
    ledger = Ledger(options.data_dir)
    ledger.take(options.port)
    try:
        if ended := ledger.end_leftovers():
            terminal.note(f"ended what an earlier run left behind: {', '.join(ended)}")
        check_ports(options)
        places = choose_places(options.data_dir)
        watch = Watch(terminal, ledger)
        watch.listen_to_signals()
        try:
            Start(options, child_environment(environ, options, places), places, watch).run()
            watch.keep_alive()
            terminal.note("stopping…")
        finally:
            for child in sorted(watch.children, key=lambda child: STOP_ORDER.index(child.name)):
                watch.stop(child)
            watch.flush()
            remove_places(places, options.data_dir)
    finally:
        ledger.release()
    terminal.note("stopped.")
