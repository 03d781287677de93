"""What keeps a bot's updates away and what mends it: one text for REST and console. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from deliveries.advice import Advice


class Trouble(StrEnum):
    """What stands between Telegram and us; the values are part of the API."""

    FOREIGN_WEBHOOK = "foreign_webhook"
    OTHER_POLLER = "other_poller"
    WRONG_TOKEN = "wrong_token"  # noqa: S105  # the code of a trouble
    UNREACHABLE = "unreachable"
    RATE_LIMITED = "rate_limited"
    WEBHOOK_REFUSED = "webhook_refused"
    WEBHOOK_FAILS = "webhook_fails"
    ERRAND_REFUSED = "errand_refused"
    LEFT_SERVER = "left_server"
    REFUSED = "refused"
    DEFECT = "defect"


ADVICE: Final[Mapping[Trouble, Advice]] = {
    Trouble.FOREIGN_WEBHOOK: Advice(
        "Another service receives this bot's updates by webhook.",
        "Leave it there and use another bot here, or press Take over: the other service then "
        "hears nothing of this bot any more.",
    ),
    Trouble.OTHER_POLLER: Advice(
        "Another program polls with this bot's token.",
        "Stop it, or give it a bot of its own: each of the two ends the other's poll, and each "
        "gets updates that the other misses. If you do not know it, revoke the token at "
        "@BotFather and enter the new one here. Tocsin tries again every half minute, and this "
        "goes once it can poll.",
    ),
    Trouble.WRONG_TOKEN: Advice(
        "Telegram does not accept the bot's token.",
        "The token is being checked. Enter a new one from @BotFather if it was revoked.",
    ),
    Trouble.UNREACHABLE: Advice(
        "The bot's server did not answer.",
        "It is asked again by itself. Updates wait there for up to 24 hours.",
    ),
    Trouble.RATE_LIMITED: Advice(
        "Telegram asked to be asked less often.", "It is asked again by itself."
    ),
    Trouble.WEBHOOK_REFUSED: Advice(
        "Telegram does not take the webhook.",
        "Mend what it says, most often SITE_URL, or switch to long polling.",
    ),
    Trouble.WEBHOOK_FAILS: Advice("Telegram could not post updates here.", "See what it met with."),
    Trouble.ERRAND_REFUSED: Advice(
        "The bot's server refused to let the bot go.", "Mend what it says, and ask again."
    ),
    Trouble.LEFT_SERVER: Advice(
        "The bot left its server.",
        "Enter the address of the other server and the token under Change; that switches the bot "
        "on again. Telegram's own server takes it back after ten minutes.",
    ),
    Trouble.REFUSED: Advice("The bot's server refused.", "It is asked again by itself."),
    Trouble.DEFECT: Advice("Tocsin failed at it.", "Its log says why."),
}

_CHAIN: Final = "The certificate is not accepted: install the whole chain of a public authority."
_OPEN: Final = "Open the port in the firewall for 149.154.160.0/20 and 91.108.4.0/22."
_FAILS: Final[Mapping[str, str]] = {
    "response from the webhook: 403": "A proxy in front drops the header "
    "X-Telegram-Bot-Api-Secret-Token, or comes from an address that is not allowed: let it pass.",
    "response from the webhook: 404": "SITE_URL leads elsewhere: let the proxy pass /telegram/ to "
    "Tocsin.",
    "response from the webhook: 413": "The proxy refuses the body: allow 1 MiB.",
    "response from the webhook: 3": "The proxy redirects, which Telegram does not follow: set "
    "SITE_URL to the final address.",
    "response from the webhook: 5": "Tocsin or the proxy failed; the updates come again by "
    "themselves.",
    "ssl": _CHAIN,
    "certificate": _CHAIN,
    "resolve": "The name in SITE_URL does not resolve on the Internet.",
    "timed out": _OPEN,
    "timeout": _OPEN,
    "refused": "Nothing listens at SITE_URL from the Internet's side.",
    "reserved": "The address in SITE_URL is an internal one: use long polling.",
}
"""In WebhookInfo.last_error_message, or in what setWebhook was refused with, small
(telegram-bot-api WebhookActor.cpp) → what to do."""


def problem(
    trouble: Trouble, telegram: str = "", detail: str = "", mend: str = ""
) -> dict[str, Any]:
    """As it is stored and shown: Telegram's own words beside ours. `mend`: where more is known than
    the trouble's own advice says."""
    known = ADVICE[trouble]
    advice = " ".join(filter(None, (known.wrong, detail, mend or known.mend)))
    return {"problem": str(trouble), "telegram": telegram, "advice": advice}


def webhook_advice(message: str) -> str:
    """What mends what Telegram met with when it posted, or has against the address."""
    small = message.lower()
    return next((mend for text, mend in _FAILS.items() if text in small), "")
