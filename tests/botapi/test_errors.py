"""The errors carry facts and nothing secret, and survive the way between processes."""

import pickle

import pytest

from botapi.errors import (
    DESCRIPTION_MAX,
    BotApiError,
    BotApiFailure,
    DeadlineExceeded,
    InvalidAnswer,
    UnexpectedResult,
    Unreachable,
)

SECRET = "AAE" + "x" * 31 + "c"
LEAK = f"https://api.telegram.org/bot123456789:{SECRET}/getMe"

EXAMPLES = [
    BotApiError("getMe", 400, 400, f"Bad Request: {LEAK}", 5, -1001),
    InvalidAnswer("getMe", 502, f"page of {LEAK}", True, 7),
    UnexpectedResult("getMe", "chat.id", "an integer"),
    Unreachable("getMe", "connect", f"no way to {LEAK}", False),
    DeadlineExceeded("getMe", "answer", f"no answer from {LEAK}", True),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda e: type(e).__name__)
def test_errors_hold_no_token_and_survive_pickling(error: BotApiFailure) -> None:
    for text in (str(error), repr(error), repr(error.args), repr(vars(error))):
        assert SECRET not in text
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), vars(copy), str(copy)) == (type(error), vars(error), str(error))
    assert copy.method == "getMe"


@pytest.mark.parametrize(
    ("error", "maybe_sent"),
    [
        (BotApiError("m", 400, 400, ""), False),
        (BotApiError("m", 500, 500, ""), True),
        (UnexpectedResult("m", "id", "an integer"), True),
        (Unreachable("m", "dns", "", False), False),
        (DeadlineExceeded("m", "answer", "", True), True),
    ],
)
def test_doubt_is_part_of_every_failure(error: BotApiFailure, maybe_sent: bool) -> None:
    assert error.maybe_sent is maybe_sent


def test_a_servers_words_are_cut_and_their_control_characters_blanked() -> None:
    error = BotApiError("m", 400, 400, "a\r\n\x1b[31m\u202eb" + "c" * 5000)
    assert error.description.startswith("a   [31m b")
    assert len(error.description) == DESCRIPTION_MAX
    assert error.description.endswith("…")
