"""The environment: each setting as NAME or as NAME_FILE, and the secrets that a first start makes.

Nothing else in the project reads `os.environ`.
"""

import base64
import os
import secrets
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.FileAwareEnv()


def data_dir() -> Path:
    """The folder for everything that this installation writes; made with mode 0700 when missing."""
    path = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).expanduser()
    path = path if path.is_absolute() else BASE_DIR / path
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def secret(name: str, file_name: str, make: "type[SecretKey] | type[EncryptionKey]") -> str:
    """A secret from NAME, NAME_FILE or `DATA_DIR/file_name`, which is made when it is missing.

    Making is safe against a second process that starts at the same moment: the file is linked
    into place whole, and whoever comes second reads what the first one wrote. Raises
    ImproperlyConfigured where it cannot be made.
    """
    given = env.str(name, default="")
    if given:
        return str(given).strip()
    path = data_dir() / file_name
    try:
        if not path.exists():
            _make_once(path, make.new())
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} is not set, and {path} cannot be used ({error.strerror}): "
            f"set {name}, or {name}_FILE to a file that can be read."
        ) from error


def _make_once(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


class SecretKey:
    """Django's signing key."""

    @staticmethod
    def new() -> str:
        """64 random bytes, base64url."""
        return secrets.token_urlsafe(64)


class EncryptionKey:
    """A key for secrets at rest, as `id:base64` of 32 bytes (AES-256)."""

    @staticmethod
    def new() -> str:
        """A fresh key under the ID `k1`."""
        return "k1:" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
