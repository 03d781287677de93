"""What is kept of Telegram's answers, also of a server that says anything."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliveries.answers import NOTHING_TOLD, message_id_of, read, read_poll

POLL = {
    "id": "5",
    "question": "q",
    "options": [{"text": "a", "voter_count": 2, "persistent_id": "0"}],
    "total_voter_count": 2,
    "is_closed": False,
    "is_anonymous": False,
}
TOLD = {
    "poll_id": "5",
    "question": "q",
    "options": [{"text": "a", "voter_count": 2}],
    "total_voter_count": 2,
    "is_closed": False,
    "is_anonymous": False,
}


@pytest.mark.parametrize(
    ("answer", "facts"),
    [
        (
            {"message_id": 5, "dice": {"emoji": "🎲", "value": 6}},
            {"dice": {"emoji": "🎲", "value": 6}},
        ),
        ({"photo": [{"file_id": "small"}, {"file_id": "large"}]}, {"file_id": "large"}),
        ({"document": {"file_id": "d"}, "animation": {"file_id": "a"}}, {"file_id": "a"}),
        ([{"message_id": 5}, {"message_id": 6}], {"message_ids": [5, 6]}),
        ({"document": {"file_id": "a/../b"}}, {}),
        ({"dice": {"value": True}}, {}),
        (True, {}),
        (None, {}),
    ],
)
def test_facts(answer: Any, facts: dict[str, Any]) -> None:
    assert read("sendAnything", answer).facts == facts


def test_polls() -> None:
    assert read("sendPoll", {"message_id": 5, "poll": POLL}).poll == TOLD
    assert read("stopPoll", POLL | {"is_closed": True}).poll == TOLD | {"is_closed": True}
    assert read_poll(POLL | {"id": "../5"}) is None
    assert read("sendMessage", True) == NOTHING_TOLD


def test_the_first_message_of_an_album_names_it() -> None:
    assert message_id_of([{"message_id": 7}, {"message_id": 8}]) == 7
    wrong: list[Any] = [[], {}, {"message_id": True}, {"message_id": -1}]
    assert [message_id_of(one) for one in wrong] == [None] * 4


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from([*POLL, "poll", "dice", "photo", "value"]), inner),
    ),
)


@given(JSON, st.sampled_from(["sendPoll", "stopPoll", "sendMediaGroup"]))
def test_whatever_a_server_says_is_read(answer: Any, method: str) -> None:
    told = read(method, answer)
    assert told.facts.keys() <= {"message_ids", "dice", "file_id"}
    found = message_id_of(answer)
    assert found is None or found > 0
