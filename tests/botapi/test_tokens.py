"""Tokens: which are refused, and that none passes the redaction."""

import base64
import io
import logging
import sys
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botapi.tokens import InvalidToken, RedactTokens, bot_id, check_token, redact

SECRET = "AAE" + "x" * 31 + "c"
TOKEN = f"123456789:{SECRET}"


@given(
    number=st.integers(100_000, (1 << 53)),
    secret=st.binary(min_size=26, max_size=26).map(
        lambda b: base64.urlsafe_b64encode(b).decode().rstrip("=")
    ),
)
def test_every_token_that_telegram_can_make_is_taken(number: int, secret: str) -> None:
    token = f"{number}:{secret}"
    assert check_token(f" {token}\n") == token
    assert bot_id(token) == number


@pytest.mark.parametrize("length", [24, 34, 36, 60])
def test_other_lengths_are_for_telegram_to_judge(length: int) -> None:
    assert check_token("123456:" + "B" * length)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("", "no colon"),
        (SECRET, "no colon"),
        (f"12345:{SECRET}", "number"),
        (f"0123456:{SECRET}", "number"),
        (f"x123456:{SECRET}", "number"),
        (f"٣٣٣٣٣٣٣:{SECRET}", "number"),
        (f"18014398509481984:{SECRET}", "number"),
        (f"9999999999999999999:{SECRET}", "number"),
        ("123456789:", "0 characters"),
        (f"123456789:{SECRET[:20]}", "20 characters"),
        (f"123456789:{SECRET * 2}", "70 characters"),
        (f"123456789:{SECRET[:-1]}!", "letters, digits"),
        (f"123456789: {SECRET}", "letters, digits"),
        (f"123456789:{SECRET[:-1]}d", "mistyped"),
        (f"{TOKEN}\n{TOKEN}", "letters, digits"),
    ],
)
def test_what_cannot_be_a_token_is_refused_with_its_fault(token: str, words: str) -> None:
    for function in (check_token, bot_id):
        with pytest.raises(InvalidToken, match=words) as caught:
            function(token)
        assert SECRET[:20] not in str(caught.value)
    if token:
        assert check_token(TOKEN) == TOKEN  # the refusals above are not for want of a good one


ENCODINGS = [
    TOKEN,
    quote(TOKEN, safe=""),
    quote(quote(TOKEN, safe=""), safe=""),
    TOKEN.replace(":", "%3a"),
    TOKEN.replace("x", "-").replace("-", "%2D"),
    TOKEN[:-8],
    TOKEN + "x" * 60,
]


@pytest.mark.parametrize("spelling", ENCODINGS)
@pytest.mark.parametrize("frame", ["{}", "https://h/bot{}/sendMessage?x=1", "'{}'", "bot{},{}"])
def test_every_spelling_of_a_token_is_removed(spelling: str, frame: str) -> None:
    clean = redact(frame.format(spelling, spelling))
    assert "xxxx" not in clean
    assert "%2D" not in clean
    assert "123456789:…" in clean


@given(before=st.text(), after=st.text())
def test_a_token_is_removed_from_any_surroundings(before: str, after: str) -> None:
    assert SECRET not in redact(f"{before}bot{TOKEN}/{after}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10:30:45",
        "node-1.example:9100",
        "1700000000:abc",
        "sha256:" + "a" * 64,
        "https://a/b?c=1:2",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert redact(text) == text


class Log:
    """A logger of its own, with the filter on its handler."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        handler = logging.StreamHandler(self.stream)
        handler.addFilter(RedactTokens())
        handler.setFormatter(
            logging.Formatter("%(message)s %(extra_field)s", defaults={"extra_field": ""})
        )
        self.logger = logging.getLogger("test.tokens")
        self.logger.handlers = [handler]
        self.logger.propagate = False

    @property
    def text(self) -> str:
        return self.stream.getvalue()


class Holder:
    def __str__(self) -> str:
        return f"holder of {TOKEN}"


@pytest.mark.parametrize(
    ("message", "args"),
    [
        (f"calling {TOKEN}", ()),
        ("calling %s", (TOKEN,)),
        ("calling bot%s:%s", (123456789, SECRET)),
        ("calling %(token)s", ({"token": TOKEN},)),
        ("calling %s", (ValueError(f"bad {TOKEN}"),)),
        ("calling %s", (Holder(),)),
        (f"100 %% of {TOKEN} %s", ("done",)),
        (ValueError(TOKEN), ()),
    ],
)
def test_the_filter_cleans_messages_and_arguments(
    message: object, args: tuple[object, ...]
) -> None:
    log = Log()
    log.logger.error(message, *args)
    assert SECRET not in log.text
    assert "123456789:…" in log.text


def test_the_filter_cleans_exceptions_stacks_and_extra_fields() -> None:
    log = Log()
    try:
        try:
            raise ConnectionError(f"/bot{TOKEN}/getMe")
        except ConnectionError as error:
            raise ValueError("outer") from error
    except ValueError:
        log.logger.exception("failed", extra={"extra_field": [{"url": TOKEN}, (TOKEN,)]})
    assert SECRET not in log.text
    assert "ConnectionError: /bot123456789:…/getMe" in log.text
    assert "ValueError: outer" in log.text


def test_the_filter_ends_on_circular_fields() -> None:
    log = Log()
    circle: list[object] = [TOKEN]
    circle.append(circle)
    log.logger.error(
        "x", extra={"extra_field": {"first": TOKEN, "circle": circle[:1]}, "c": circle}
    )
    assert SECRET not in log.text


def test_the_filter_leaves_clean_records_as_they_are() -> None:
    try:
        raise ValueError("clean")
    except ValueError:
        info = sys.exc_info()
    args = ("a", 5, {"k": ["v"]})
    record = logging.LogRecord("n", logging.INFO, "p", 1, "x %s %d %s", args, info)
    before = dict(record.__dict__)
    assert RedactTokens().filter(record)
    assert all(record.__dict__[name] is value for name, value in before.items())


def test_arguments_that_do_not_fit_are_left_to_logging(capsys: pytest.CaptureFixture[str]) -> None:
    log = Log()
    log.logger.error("two %s %s", *["one"])
    assert "not enough arguments" in capsys.readouterr().err
