"""Failed calls, worded as the Bot API server words them (telegram-bot-api Client.cpp,
fail_query_with_error).
"""

from __future__ import annotations


class BotApiError(Exception):
    """A refused call: the HTTP status, the description, and the optional response parameters.

    `retry_after` is in seconds; `migrate_to_chat_id` names the supergroup that a group became.
    """

    def __init__(
        self,
        code: int,
        description: str,
        *,
        retry_after: int | None = None,
        migrate_to_chat_id: int | None = None,
    ) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after
        self.migrate_to_chat_id = migrate_to_chat_id


class Refusal(Exception):
    """A 400 whose text is TDLib's sentence as it is, so that it can still be put behind a context.

    Whoever adds no context lets it pass: the dispatcher makes it `Bad Request: <sentence>`.
    """


def bad_request(message: str) -> BotApiError:
    """400 with the server's prefix and its rule for the first letter."""
    return BotApiError(400, f"Bad Request: {lower_first(message)}")


def forbidden(message: str) -> BotApiError:
    return BotApiError(403, f"Forbidden: {lower_first(message)}")


def conflict(message: str) -> BotApiError:
    return BotApiError(409, f"Conflict: {message}")


def too_many_requests(retry_after: int) -> BotApiError:
    return BotApiError(
        429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after
    )


def lower_first(message: str) -> str:
    """Lower the first letter unless the second is an underscore or a capital: CODES stay as they
    are.
    """
    second = message[1:2]
    if second == "_" or ("A" <= second <= "Z"):
        return message
    return message[:1].lower() + message[1:]
