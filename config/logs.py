"""Logs and error reports without secrets."""

import logging
import re
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from botapi.tokens import redact

KEY = re.compile(r"(tk|ti)_[A-Za-z0-9_-]{12,}")
"""API keys (`tk_…`) and integration keys (`ti_…`): so made that logs can recognise them."""


def without_secrets(text: str) -> str:
    """The text with bot tokens, API keys and integration keys taken out."""
    return KEY.sub(lambda match: f"{match[1]}_…", redact(text))


class SecretsFilter(logging.Filter):
    """Renders the record early and cleans it, its exception included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true: the record stays, its secrets go."""
        record.msg = without_secrets(record.getMessage())
        record.args = None
        if record.exc_info:
            text = logging.Formatter().formatException(record.exc_info)
            record.exc_text = without_secrets(text)
            record.exc_info = None
        return True


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
