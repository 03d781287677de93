"""Logs and error reports without secrets."""

import logging
import re
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from botapi.tokens import redact

KEY = re.compile(r"(tk_|ti_|th_|trun_|tes_|tfs_|link-)[A-Za-z0-9_-]{12,}")
"""API keys (`tk_…`), integration keys (`ti_…`), heartbeats' keys (`th_…`), tokens of runs
(`trun_…`), secrets of endpoints (`tes_…`) and of fallbacks (`tfs_…`), and codes of links
(`link-…`): so made that logs can recognise them."""
LINK = re.compile(r"(/password/reset/[^/\s]+/)[0-9a-z]+-[0-9a-f]{20,}")
"""A link that sets a password (Django's PasswordResetTokenGenerator): worth a log-in while it is
new."""
WEBHOOK = re.compile(r"(/telegram/)[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}")
"""Where Telegram posts a bot's updates (chatops/urls.py)."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""All but the tab; with what some viewers take for the end of a line."""


def without_secrets(text: str) -> str:
    """The text with bot tokens, API keys, integration keys, webhooks and password links taken
    out."""
    text = KEY.sub(lambda match: f"{match[1]}…", redact(text))
    text = WEBHOOK.sub(lambda match: f"{match[1]}…", text)
    return LINK.sub(lambda match: f"{match[1]}…", text)


class SecretsFilter(logging.Filter):
    """Renders the record early and cleans it, its exception included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true: the record stays, its secrets go."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):  # wrong arguments are no reason to fail a request
            message = f"{record.msg} {record.args}"
        record.msg = _one_record(without_secrets(message))
        record.args = None
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        if record.exc_text:
            record.exc_text = _one_record(without_secrets(record.exc_text))
        if record.stack_info:
            record.stack_info = _one_record(without_secrets(record.stack_info))
        return True


def _one_record(text: str) -> str:
    """Later lines are indented and control characters written out: what a stranger sent can neither
    pass for a record of its own nor drive a terminal."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n    ".join(CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", one) for one in lines)


class ExceptionFilter(SafeExceptionReporterFilter):
    """Django's error reports hide all local variables, request data and settings."""

    def is_active(self, request: HttpRequest | None) -> bool:
        """Also in DEBUG."""
        return True

    def get_safe_settings(self) -> dict[str, Any]:
        """None: they say more of the installation than a report needs."""
        return {}

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> Any:
        """No values at all: any of them may be a secret."""
        return []


class SecretsFreeReporter(ExceptionReporter):
    """Reports know nothing of the request (its path may hold a key) and are cleaned as logs are."""

    def __init__(self, request: HttpRequest | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(None, *args, **kwargs)

    def get_traceback_html(self) -> SafeString:
        """Cleaned."""
        return mark_safe(without_secrets(super().get_traceback_html()))  # noqa: S308  # Django rendered it

    def get_traceback_text(self) -> SafeString:
        """Cleaned."""
        return mark_safe(without_secrets(super().get_traceback_text()))  # noqa: S308  # Django rendered it
