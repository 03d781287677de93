"""What a getUpdates that failed means: how long to wait, and what to tell. Pure, but for chance."""

import random
from dataclasses import dataclass
from typing import Final

from botapi.errors import BotApiError, BotApiFailure, InvalidAnswer
from chatops.receiving.reception_advice import Trouble
from deliveries.decisions import SuspectBot, classify

BACKOFF_SECONDS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
OTHER_POLLER_SECONDS: Final = 30.0
"""After another program ended our poll: sooner, and the two would end each other's all the time."""
SUSPECT_SECONDS: Final = 31.0
"""A second refusal of the token after so long disables the bot (deliveries/health.py)."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds. `has_webhook`: polling is over until a webhook is gone; `is_suspect`:
    the token has to be checked."""

    seconds: float
    trouble: Trouble
    telegram: str
    has_webhook: bool = False
    is_suspect: bool = False


def after(failure: BotApiFailure, failures: int) -> Pause:
    """`failures`: how many came before this one, in a row."""
    said = failure.description if isinstance(failure, BotApiError) else str(failure)
    wait = jittered(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])
    if isinstance(failure, BotApiError) and failure.error_code == 409:
        small = said.lower()
        if "webhook" in small:
            return Pause(wait, Trouble.FOREIGN_WEBHOOK, said, has_webhook=True)
        return Pause(
            OTHER_POLLER_SECONDS + 10 * random.random(),  # noqa: S311  # no secret
            Trouble.OTHER_POLLER,
            said,
        )
    if isinstance(failure, BotApiError | InvalidAnswer) and failure.retry_after is not None:
        return Pause(max(wait, failure.retry_after), Trouble.RATE_LIMITED, said)
    if isinstance(classify(failure), SuspectBot):
        return Pause(SUSPECT_SECONDS, Trouble.WRONG_TOKEN, said, is_suspect=True)
    if isinstance(failure, BotApiError) and failure.error_code < 500:
        return Pause(max(wait, 10.0), Trouble.REFUSED, said)
    return Pause(wait, Trouble.UNREACHABLE, said)


def jittered(seconds: float) -> float:
    """Within a quarter of it, so that many bots do not come back at once."""
    return seconds * (0.75 + random.random() / 2)  # noqa: S311  # no secret
