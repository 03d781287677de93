"""Reading answers: whatever the bytes, the outcome is a result or one of two errors."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botapi.envelope import read_answer, seconds
from botapi.errors import BotApiError, InvalidAnswer
from botapi.limits import RETRY_AFTER_MAX

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "ok": st.booleans() | JSON,
        "result": JSON,
        "error_code": st.integers(400, 600) | JSON,
        "description": st.text() | JSON,
        "parameters": JSON
        | st.fixed_dictionaries({}, optional={"retry_after": JSON, "migrate_to_chat_id": JSON}),
    },
)
BODIES = st.binary(max_size=200) | ENVELOPES.map(lambda e: json.dumps(e).encode())


@given(status=st.integers(200, 599), header=st.none() | st.text(max_size=20), body=BODIES)
def test_wild_answers_end_in_a_result_or_a_typed_error(
    status: int, header: str | None, body: bytes
) -> None:
    headers = {} if header is None else {"Retry-After": header}
    error: BotApiError | InvalidAnswer | None = None
    try:
        read_answer("getMe", status, headers, body)
    except (BotApiError, InvalidAnswer) as caught:
        error = caught
    if isinstance(error, BotApiError):
        assert isinstance(error.error_code, int)
        assert error.retry_after is None or 0 <= error.retry_after <= RETRY_AFTER_MAX
        assert error.migrate_to_chat_id is None or error.migrate_to_chat_id < 0
    elif error:
        assert error.status == status
        assert error.maybe_sent is not (300 <= status < 500)
    else:
        assert 200 <= status < 300
        assert json.loads(body)["ok"] is True


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"ok":true,"result":' + b"9" * 5000 + b"}",
        b'{"ok":true}',
        b'{"ok":"true","result":1}',
    ],
)
def test_answers_that_no_server_should_give_are_invalid(body: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        read_answer("getMe", 200, {}, body)


@pytest.mark.parametrize("result", [None, False, 0, "", [], {}])
def test_any_result_is_a_result(result: object) -> None:
    body = json.dumps({"ok": True, "result": result, "description": "Webhook was set"}).encode()
    assert read_answer("m", 200, {}, body) == result


def test_an_error_in_an_answer_of_200_is_an_error() -> None:
    with pytest.raises(BotApiError) as caught:
        read_answer("m", 200, {}, b'{"ok":false,"error_code":403,"description":"Forbidden"}')
    assert (caught.value.status, caught.value.error_code) == (200, 403)


def test_the_header_says_how_long_when_the_envelope_does_not() -> None:
    with pytest.raises(BotApiError) as caught:
        read_answer("m", 429, {"Retry-After": "9"}, b'{"ok":false,"error_code":429}')
    assert caught.value.retry_after == 9


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (14, 14),
        (1.2, 2),
        ("14", 14),
        (" 14 ", 14),
        (10**30, RETRY_AFTER_MAX),
        ("9" * 5000, RETRY_AFTER_MAX),
        (-1, None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        ("soon", None),
        ("²", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        (None, None),
        ([], None),
    ],
)
def test_waiting_times(value: object, expected: int | None) -> None:
    assert seconds(value) == expected


@pytest.mark.parametrize("value", [5, 0, -(1 << 60), True, "-100", None])
def test_only_a_possible_chat_is_migrated_to(value: object) -> None:
    body = json.dumps({"ok": False, "parameters": {"migrate_to_chat_id": value}}).encode()
    with pytest.raises(BotApiError) as caught:
        read_answer("m", 400, {}, body)
    assert caught.value.migrate_to_chat_id is None
