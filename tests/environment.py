"""The environment of every test: a DATA_DIR of its own, and no way to the real Telegram.

Loaded as a plugin (`-p tests.environment`), because pytest-django reads the settings before any
conftest.py.
"""

import os
import tempfile
from pathlib import Path

_DATA_DIR = Path(tempfile.mkdtemp(prefix="tocsin-tests-"))

# Before settings are read. An address that refuses at once stands in for the real Bot API.
os.environ["DATA_DIR"] = str(_DATA_DIR)
os.environ.setdefault("TELEGRAM_API_URL", "http://127.0.0.1:9")
os.environ.setdefault("SITE_URL", "http://testserver")
os.environ.setdefault("OUTBOUND_ALLOWED_HOSTS", "127.0.0.1")
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
    """A cheap password hash: a suite that makes hundreds of people would spend minutes on it."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
