"""Tokens with which an endpoint posts about one run. Nothing of them is stored: each is made anew
of the run's ID and the installation's secret key, for the call that brings it may leave again."""

import hmac
from uuid import UUID

from django.utils.crypto import salted_hmac

PREFIX = "trun_"
_SALT = "chatops.actions.tokens"


def token_of(run_id: UUID) -> str:
    """What the endpoint is given with the call."""
    digest = salted_hmac(_SALT, run_id.hex, algorithm="sha256").hexdigest()
    return f"{PREFIX}{digest}"


def is_of(token: str, run_id: UUID) -> bool:
    """Whether it is this run's; in a time that tells nothing."""
    return hmac.compare_digest(token.encode("utf-8", "replace"), token_of(run_id).encode())
