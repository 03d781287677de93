"""Error reports to Sentry, when the operator wants them, cleaned as logs are."""

from typing import Any

import sentry_sdk

from config.logs import without_secrets


def start(dsn: str, release: str) -> None:
    """Report errors to this DSN: no local variables, no requests' bodies, no breadcrumbs."""
    sentry_sdk.init(
        dsn=dsn,
        release=release,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=0.0,
        before_send=lambda event, hint: clean(event),
    )


def clean(event: Any) -> Any:
    """The event without secrets, whatever they stand in: URLs, messages, exception values."""
    if isinstance(event, str):
        return without_secrets(event)
    if isinstance(event, dict):
        return {key: clean(value) for key, value in event.items()}
    if isinstance(event, list | tuple):
        return [clean(value) for value in event]
    return event
