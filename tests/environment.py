"""The environment of every test: a DATA_DIR of its own, and no way to the real Telegram.

Loaded as a plugin (`-p tests.environment`), because pytest-django reads the settings before any
conftest.py.
"""

import gc
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Until all tests are collected nothing of what is made is garbage: to look for it takes a tenth of
# the time of a run. See pytest_collection_finish.
gc.disable()

_DATA_DIR = Path(tempfile.mkdtemp(prefix="tocsin-tests-"))

# Before settings are read. An address that refuses at once stands in for the real Bot API.
os.environ["DATA_DIR"] = str(_DATA_DIR)
os.environ.setdefault("TELEGRAM_API_URL", "http://127.0.0.1:9")
os.environ.setdefault("SITE_URL", "http://testserver")
os.environ.setdefault("OUTBOUND_ALLOWED_HOSTS", "127.0.0.1")
# A test may take its time in the middle of a transaction.
os.environ.setdefault("DATABASE_SESSION_OPTIONS", "")
# Playwright's synchronous API leaves an event loop in the main thread for as long as it is open.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
for _name in ("TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID"):
    os.environ.pop(_name, None)
if "REDIS_URL" in os.environ:
    # Processes of one run count rates for themselves, as their tests expect.
    _server, _, _number = os.environ["REDIS_URL"].rpartition("/")
    _worker = dict(os.environ).get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    os.environ["REDIS_URL"] = f"{_server}/{int(_number) - int(_worker)}"


def pytest_configure() -> None:
    """A cheap password hash: a suite that makes hundreds of people would spend minutes on it. And a
    cheap way to empty tables after each of hundreds of tests: TRUNCATE makes new files for all of
    them and their indexes, which takes PostgreSQL half a second, and a DELETE of some rows nothing.
    """
    from django.conf import settings
    from django.db.backends.postgresql.operations import DatabaseOperations

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    DatabaseOperations.sql_flush = _delete_all  # type: ignore[assignment]  # no setting of Django


def pytest_collection_finish() -> None:
    """From now on garbage is looked for among what tests make, not among thousands of tests."""
    gc.collect()
    gc.freeze()
    gc.enable()


def _delete_all(
    operations: Any,
    style: Any,
    tables: Sequence[str],
    *,
    reset_sequences: bool = False,
    allow_cascade: bool = False,
) -> list[str]:
    """As Django's own, in one transaction, at whose end foreign keys are checked."""
    assert not reset_sequences
    return [f"DELETE FROM {operations.quote_name(table)};" for table in tables]
