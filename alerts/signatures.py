"""The signature that Grafana can put on a webhook (grafana/alerting receivers/webhook/v1): pure.

The header is the lower-case hex HMAC-SHA256 of the body, or of `<Unix seconds>:` and the body when
a header with those seconds is configured.
"""

import hashlib
import hmac

MAX_AGE = 300
"""Seconds between the signed time and ours, either way."""


def signature_problem(
    secret: str, body: bytes, signature: str | None, timestamp: str | None, now: float
) -> str:
    """Why the body is not proven to come from who knows the secret; "" when it is.

    `timestamp`: the timestamp header's text, None when none is configured; `now`: Unix seconds.
    """
    signed = body
    if timestamp is not None:
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            return "the timestamp header is missing or not Unix seconds"
        if abs(now - int(timestamp)) > MAX_AGE:
            return f"the signed time is more than {MAX_AGE} seconds away from now"
        signed = timestamp.encode() + b":" + body
    if not signature:
        return "the signature header is missing"
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    given = signature.strip().lower().removeprefix("sha256=")
    if not hmac.compare_digest(expected.encode(), given.encode()):
        return "the signature does not match the body"
    return ""
