"""What can go wrong in a Bot API call, as data that a decision can be made from.

Four answers to "what happened?": Telegram refused (BotApiError), somebody answered who does not
speak Bot API (InvalidAnswer), Telegram accepted but said something unreadable (UnexpectedResult),
nobody answered (Unreachable). All of them survive pickling and none holds a token.
"""

from typing import Literal

from botapi.tokens import redact

DESCRIPTION_MAX = 300
"""Characters kept of what a server says about itself: a custom server's words are not ours."""

UnreachableKind = Literal["guard", "dns", "connect", "proxy", "tls", "send", "answer"]
"""The stage that failed: the guard refused; name, TCP, proxy and TLS; writing; awaiting."""


class BotApiFailure(Exception):
    """Base of everything that `BotApiClient.call` raises about the outside world.

    `method` is the Bot API method. `maybe_sent` tells whether Telegram may have acted on the
    request; False is certain, True is doubt.
    """

    method: str
    maybe_sent: bool


class BotApiError(BotApiFailure):
    """Telegram answered `{"ok": false}`: it did not do what was asked (Bot API "Making requests").

    `status` is HTTP's, `error_code` the envelope's; `retry_after` is in seconds;
    `migrate_to_chat_id` is the supergroup that the group became. With a 5xx there is doubt.
    """

    def __init__(
        self,
        method: str,
        status: int,
        error_code: int,
        description: str,
        retry_after: int | None = None,
        migrate_to_chat_id: int | None = None,
    ) -> None:
        self.method = method
        self.status = status
        self.error_code = error_code
        self.description = shown(description)
        self.retry_after = retry_after
        self.migrate_to_chat_id = migrate_to_chat_id
        self.maybe_sent = error_code >= 500
        super().__init__(
            method, status, error_code, self.description, retry_after, migrate_to_chat_id
        )

    def __str__(self) -> str:
        return f"{self.method}: {self.error_code} {self.description or '(no description)'}"


class InvalidAnswer(BotApiFailure):
    """The answer is no Bot API envelope: a front end's HTML, a redirect, a cut or oversized body.

    `status` is HTTP's; `retry_after` the header's, in seconds.
    """

    def __init__(
        self,
        method: str,
        status: int,
        reason: str,
        maybe_sent: bool,
        retry_after: int | None = None,
    ) -> None:
        self.method = method
        self.status = status
        self.reason = shown(reason)
        self.maybe_sent = maybe_sent
        self.retry_after = retry_after
        super().__init__(method, status, self.reason, maybe_sent, retry_after)

    def __str__(self) -> str:
        return f"{self.method}: HTTP {self.status}, {self.reason}"


class UnexpectedResult(BotApiFailure):
    """Telegram answered `{"ok": true}`, but `field` of the result is not what the Bot API says."""

    maybe_sent = True

    def __init__(self, method: str, field: str, expected: str) -> None:
        self.method = method
        self.field = field
        self.expected = expected
        super().__init__(method, field, expected)

    def __str__(self) -> str:
        return f"{self.method}: the result's {self.field} is not {self.expected}"


class Unreachable(BotApiFailure):
    """No answer. `reason` is for people; `kind` says at which stage the call failed."""

    def __init__(self, method: str, kind: UnreachableKind, reason: str, maybe_sent: bool) -> None:
        self.method = method
        self.kind = kind
        self.reason = shown(reason)
        self.maybe_sent = maybe_sent
        super().__init__(method, kind, self.reason, maybe_sent)

    def __str__(self) -> str:
        doubt = "; it may have been sent" if self.maybe_sent else ""
        return f"{self.method}: {self.reason}{doubt}"


class DeadlineExceeded(Unreachable):
    """The call's total time ran out."""


def shown(text: str) -> str:
    """`text` fit to be shown: no tokens, no control characters, at most DESCRIPTION_MAX long."""
    plain = "".join(c if c.isprintable() else " " for c in redact(text[: 4 * DESCRIPTION_MAX]))
    return plain if len(plain) <= DESCRIPTION_MAX else plain[: DESCRIPTION_MAX - 1] + "…"
