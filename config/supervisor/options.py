"""What the operator said through the environment, checked once and kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 -- compared with, not bound to

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


class StartRefusedError(Exception):
    """`up` cannot start; the message names what is wrong and what to do about it."""


@dataclass(frozen=True, slots=True)
class Options:
    """One start's settings; secrets are left out of the repr."""

    root: Path
    data_dir: Path
    bind: str
    port: int
    site_url: str
    sandbox: bool
    sandbox_bind: str
    sqlite: bool
    log_level: str
    chat_id: str
    bot_token: str = field(repr=False)
    broker_url: str = field(repr=False)
    redis_url: str = field(repr=False)

    @property
    def sandbox_port(self) -> int:
        """The sandbox's port is always the next one."""
        return self.port + 1

    @property
    def sandbox_url(self) -> str:
        """Where this machine reaches the sandbox."""
        return f"http://{reachable(self.sandbox_bind)}:{self.sandbox_port}"

    @property
    def chat_page_url(self) -> str:
        """Where a person opens the sandbox: on this machine, else under the console's host."""
        if self.sandbox_bind == "127.0.0.1":
            host = "localhost"
        elif self.sandbox_bind in ANY_ADDRESS:
            host = urlsplit(self.site_url).hostname or "localhost"
        else:
            host = reachable(self.sandbox_bind)
        return f"http://{host}:{self.sandbox_port}"

    @property
    def web_url(self) -> str:
        """Where this machine reaches the web process, whatever SITE_URL tells the world."""
        return f"http://{reachable(self.bind)}:{self.port}"

    @property
    def private_redis(self) -> bool:
        """Whether `up` must start a Redis of its own."""
        return not (self.broker_url and self.redis_url)


def read_options(environ: Mapping[str, str], root: Path) -> Options:
    """The options in `environ`; relative paths are taken from `root`, the project's folder.

    Raises StartRefusedError naming the variable, its value and the fix.
    """
    port = _port(environ)
    bot_token = setting(environ, "TELEGRAM_BOT_TOKEN")
    sandbox = _switch(environ, "SANDBOX", default=not bot_token)
    if sandbox and port == 65535:
        raise StartRefusedError(
            "PORT=65535 leaves no room for the sandbox, which takes PORT + 1: choose a lower one."
        )
    broker_url, redis_url = _redis_urls(environ)
    data_dir = Path(setting(environ, "DATA_DIR") or "var").expanduser()
    return Options(
        root=root,
        data_dir=data_dir if data_dir.is_absolute() else root / data_dir,
        bind=_address(environ, "BIND"),
        port=port,
        site_url=setting(environ, "SITE_URL") or f"http://localhost:{port}",
        sandbox=sandbox,
        sandbox_bind=_address(environ, "SANDBOX_BIND"),
        sqlite=(setting(environ, "DATABASE_URL") or "sqlite").startswith("sqlite"),
        log_level=(setting(environ, "LOG_LEVEL") or "WARNING").upper(),
        bot_token=bot_token,
        chat_id=setting(environ, "TELEGRAM_CHAT_ID"),
        broker_url=broker_url,
        redis_url=redis_url,
    )


def setting(environ: Mapping[str, str], name: str) -> str:
    """The value of NAME or the contents of the file that NAME_FILE names; "" when neither is set.

    NAME_FILE wins, as it does in the Django settings (django-environ's FileAwareEnv).
    """
    file_name = environ.get(f"{name}_FILE", "").strip()
    if not file_name:
        return environ.get(name, "").strip()
    try:
        return Path(file_name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StartRefusedError(
            f"{name}_FILE={file_name} cannot be read ({error}): "
            f"point it to a readable file, or unset it and set {name}."
        ) from error


def redis_socket_urls(socket_path: Path) -> tuple[str, str]:
    """(CELERY_BROKER_URL, REDIS_URL) of a Redis that listens on a Unix socket."""
    path = quote(str(socket_path))
    return f"redis+socket://{path}?virtual_host=0", f"unix://{path}?db=0"


def reachable(address: str) -> str:
    """The address under which this machine reaches a server bound to `address`, as a URL's host."""
    if address in ANY_ADDRESS:
        return "127.0.0.1"
    return f"[{address}]" if ":" in address else address


def _port(environ: Mapping[str, str]) -> int:
    text = setting(environ, "PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise StartRefusedError(f"PORT={text} is not a port: give a number from 1 to 65535.")
    return int(text)


def _address(environ: Mapping[str, str], name: str) -> str:
    text = setting(environ, name) or "127.0.0.1"
    if text == "localhost":
        return "127.0.0.1"
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise StartRefusedError(
            f"{name}={text} is not an IP address: use 127.0.0.1 for this machine alone, "
            "or 0.0.0.0 for every network it is on."
        ) from error


def _switch(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = setting(environ, name).lower()
    if not text:
        return default
    if text not in TRUE | FALSE:
        raise StartRefusedError(
            f"{name}={text} is neither on nor off: use {name}=on or {name}=off."
        )
    return text in TRUE


def _redis_urls(environ: Mapping[str, str]) -> tuple[str, str]:
    """(CELERY_BROKER_URL, REDIS_URL); a Redis that only one of them names serves both."""
    broker_url = setting(environ, "CELERY_BROKER_URL")
    redis_url = setting(environ, "REDIS_URL")
    if redis_url and not broker_url:
        parts = urlsplit(redis_url)
        is_socket = parts.scheme == "unix"
        broker_url = redis_socket_urls(Path(unquote(parts.path)))[0] if is_socket else redis_url
    elif broker_url and not redis_url:
        parts = urlsplit(broker_url)
        if parts.scheme == "redis+socket":
            redis_url = redis_socket_urls(Path(unquote(parts.path)))[1]
        elif parts.scheme in {"redis", "rediss"}:
            redis_url = broker_url
    return broker_url, redis_url
