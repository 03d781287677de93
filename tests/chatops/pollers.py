"""What tests/chatops/poller_kills.py runs in: a sandbox, a Redis and an empty database of its own.

    python -m tests.chatops.pollers --bots 200 --rate 50 --seconds 60 --calm 120 --slow 30

By `--postgres` on PostgreSQL instead of SQLite. The other options are those of poller_kills.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from config.supervisor.options import redis_socket_urls
from tests.faults.servers import Postgres, Redis
from tests.sandbox.process import ROOT, running_sandbox


@contextmanager
def surroundings(*, on_postgres: bool = False) -> Iterator[Mapping[str, str]]:
    """The environment of an installation that has nothing in its database yet."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-pollers-")))
        telegram = stack.enter_context(running_sandbox())
        redis = Redis(folder)
        redis.start()
        stack.callback(redis.kill)
        database = f"sqlite:///{folder}/test.sqlite3"
        if on_postgres:
            postgres = Postgres()
            postgres.start()
            stack.callback(postgres.remove)
            database = postgres.url
        broker, cache = redis_socket_urls(redis.socket)
        yield os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(folder),
            "DATABASE_URL": database,
            "TELEGRAM_API_URL": telegram.url,
            "OUTBOUND_ALLOWED_HOSTS": "127.0.0.1",
            "CELERY_BROKER_URL": broker,
            "REDIS_URL": cache,
            "LOG_LEVEL": "ERROR",
        }


def run(*options: str, seconds: float, on_postgres: bool = False) -> dict[str, Any]:
    """What poller_kills found, within so many seconds."""
    with surroundings(on_postgres=on_postgres) as env:
        url = env["TELEGRAM_API_URL"]
        ran = subprocess.run(
            [sys.executable, "-m", "tests.chatops.poller_kills", url, *options],
            check=False,  # the assertion shows what it said
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    given = [option for option in sys.argv[1:] if option != "--postgres"]
    told = run(*given, seconds=3600, on_postgres="--postgres" in sys.argv)
    print(json.dumps(told, indent=1))
