"""Logs and error reports: secrets are taken out whatever way they came in."""

import io
import logging

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.test import RequestFactory

from config.logs import SecretsFilter, SecretsFreeReporter, without_secrets
from tests.factories import make_token, make_user

TOKEN = make_token(123456789)
KEY = "ti_Vmu0tLg7FQ3hN5Yw2Xa9Rk8sPz1JcDqB4eH6iLoTfCA"
API_KEY = "tk_Vmu0tLg7FQ3hN5Yw2Xa9Rk8sPz1JcDqB4eH6iLoTfCA"
SECRETS = {
    "endpoint": "tes_Vmu0tLg7FQ3hN5Yw2Xa9Rk8sPz1JcDqB4eH6iLoTfCA",
    "fallback": "tfs_Vmu0tLg7FQ3hN5Yw2Xa9Rk8sPz1JcDqB4eH6iLoTfCA",
    "link": "link-Vmu0tLg7FQ3hN5Yw2Xa9Rk8sPz1JcD",
}
RUN_TOKEN = "trun_5f2b7c9d1e3a4b6c8d0e2f4a6b8c0d2e4f6a8b0c2d4e6f8a"


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(stream: io.StringIO) -> logging.Logger:
    handler = logging.StreamHandler(stream)
    handler.addFilter(SecretsFilter())
    logger = logging.getLogger("tests.secrets")
    logger.propagate = False
    logger.handlers.clear()
    logger.addHandler(handler)
    return logger


@pytest.mark.parametrize(
    "secret",
    [TOKEN, KEY, API_KEY, RUN_TOKEN, *SECRETS.values()],
    ids=["token", "key", "API key", "run", *SECRETS],
)
def test_a_secret_in_a_message_an_argument_or_an_exception_is_taken_out(
    logger: logging.Logger, stream: io.StringIO, secret: str
) -> None:
    logger.warning(f"in the message {secret}")  # noqa: G004  # as careless code would
    logger.warning("as an argument %s and %r", secret, {"deep": [secret]})
    try:
        raise ValueError(f"https://api.telegram.org/bot{secret}/getMe")
    except ValueError:
        logger.exception("in an exception")
    tail = secret[-24:]
    assert tail not in stream.getvalue()
    assert "in an exception" in stream.getvalue()
    assert "ValueError" in stream.getvalue()


def test_an_error_report_holds_no_values() -> None:
    request = RequestFactory().post(f"/hooks/v1/{KEY}/", {"token": TOKEN})
    secret = TOKEN
    try:
        assert secret
        raise RuntimeError("broken")
    except RuntimeError as error:
        reporter = SecretsFreeReporter(request, type(error), error, error.__traceback__)
    text = reporter.get_traceback_text() + reporter.get_traceback_html()
    assert TOKEN.partition(":")[2] not in text


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\u2028", "\x85"])
def test_what_a_stranger_sends_is_no_record_of_its_own(
    logger: logging.Logger, stream: io.StringIO, ending: str
) -> None:
    logger.warning("agent %s", f"curl{ending}2026-01-01 ERROR forged\x1b[2J")
    try:
        raise ValueError(f"bad{ending}2026-01-01 ERROR forged\x1b[2J")
    except ValueError:
        logger.exception("it failed")
    told = stream.getvalue()
    assert "\x1b" not in told
    assert [line for line in told.splitlines() if line.startswith("2026")] == []
    assert "ERROR forged" in told


def test_wrong_arguments_of_a_record_fail_no_request(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    logger.warning("%d things of %s", "no number", TOKEN)
    assert "no number" in stream.getvalue()
    assert TOKEN not in stream.getvalue()


def test_a_stack_is_cleaned(logger: logging.Logger, stream: io.StringIO) -> None:
    record = logging.LogRecord("x", logging.ERROR, "", 0, "m", None, None, sinfo=f"in {TOKEN}")
    logger.handle(record)
    assert TOKEN not in stream.getvalue()


@pytest.mark.django_db
def test_a_link_that_sets_a_password_is_taken_out() -> None:
    token = default_token_generator.make_token(make_user())
    said = without_secrets(f"Internal Server Error: /password/reset/MQ/{token}/")
    assert said == "Internal Server Error: /password/reset/MQ/…/"
