"""What to do about an upstream that does not agree, by what its API failed with. Pure."""

import re
from typing import Final

_ADVICE: Final = (
    (
        r"cannot be kept equal",
        "The others are. Change or end it on the side that has it.",
    ),
    (
        r"refuses the credential",
        "Give a user name with its password, or a token alone, that may write silences.",
    ),
    (
        r"answers with HTTP 404|with JSON|names no silence|no list of silences",
        "Is it the address up to the path, such as http://host:9093, and the right kind?",
    ),
    (r"answers with HTTP (409|429)", "It is asked again in half a minute."),
    (r"answers with HTTP 5", "Look at its log; it is asked again every half minute."),
    (r"it redirects", "Give the address that it leads to."),
    (
        r"certificate",
        "Give it a certificate that this machine trusts, for the name in the address.",
    ),
    (r"decrypt", "Enter the secret again."),
    (
        r"no answer|not loaded|not answer:|connection|not connect|no address|not resolve",
        "Does it run, and can this machine reach it?",
    ),
)


def advice_for(problem: str) -> str:
    """One sentence; "" where there is nothing to say."""
    for pattern, advice in _ADVICE:
        if re.search(pattern, problem, re.IGNORECASE):
            return advice
    return ""
