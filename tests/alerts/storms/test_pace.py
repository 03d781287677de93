"""Storms in very many chats of one bot at once, on a simulated lane."""

import pytest

from alerts.storms.decisions import is_one_message
from deliveries.pacing import Limits
from deliveries.streams import Priority
from tests.deliveries.simulation import Lane, Way, Wish


@pytest.mark.parametrize("sign", [1, -1], ids=["private", "groups"])
@pytest.mark.parametrize("chats", [600, 601, 1_000, 1_500])
def test_every_chat_is_told_everything_within_a_minute(chats: int, sign: int) -> None:
    calls = 1 if is_one_message(Limits(), chats=chats) else 2
    wishes = [
        Wish(0.0, sign * (chat + 1), Priority.CRITICAL)
        for chat in range(chats)
        for _ in range(calls)
    ]
    made = Lane(wishes, lambda _: Way()).run(120)
    assert len(made) == chats * calls
    assert all(call.accepted for call in made)
    assert max(call.arrived for call in made) <= 55
