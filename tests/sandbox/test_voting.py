"""People vote in polls."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.membership import Refused
from sandbox.model import Bot, Content, Dialog, Json, Message, User
from sandbox.scenery import build_default_world
from sandbox.voting import vote
from sandbox.world import World


def _scene(**fields: Any) -> tuple[World, Bot, Dialog, Message, User]:
    world = World()
    build_default_world(world)
    bot = next(iter(world.bots.values()))
    ada = next(user for user in world.users.values() if user.first_name == "Ada")
    poll: Json = {
        "id": "77",
        "question": "Now?",
        "options": [{"text": "Yes", "voter_count": 0}, {"text": "No", "voter_count": 0}],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": False,
        "type": "regular",
        "allows_multiple_answers": False,
    }
    message = Message(1, ada.id, bot.id, bot.id, 0.0, Content("text", {"poll": poll | fields}))
    dialog = world.dialog(bot, world.chats[ada.id])
    world.store_message(dialog, message)
    return world, bot, dialog, message, ada


def test_a_vote_is_told_counted_and_taken_back() -> None:
    world, bot, dialog, message, ada = _scene()
    assert vote(world, dialog, message, ada, [1])["options"][1]["voter_count"] == 1
    assert vote(world, dialog, message, ada, [])["total_voter_count"] == 0
    updates = [queued.update for queued in bot.updates.values()]
    assert [update["poll"]["total_voter_count"] for update in updates[::2]] == [1, 0]
    answers = [update["poll_answer"] for update in updates[1::2]]
    assert [answer["option_ids"] for answer in answers] == [[1], []]
    assert (answers[0]["poll_id"], answers[0]["user"]["id"]) == ("77", ada.id)


def test_who_votes_anonymously_is_not_told() -> None:
    world, bot, dialog, message, ada = _scene(is_anonymous=True)
    vote(world, dialog, message, ada, [0])
    assert ["poll" in queued.update for queued in bot.updates.values()] == [True]


@pytest.mark.parametrize(
    ("fields", "options", "expected"),
    [
        ({"is_closed": True}, [0], "closed"),
        ({}, [2], "2 options"),
        ({}, [0, 1], "one answer"),
    ],
)
def test_refused_votes(fields: Json, options: list[int], expected: str) -> None:
    world, _, dialog, message, ada = _scene(**fields)
    with pytest.raises(Refused, match=expected):
        vote(world, dialog, message, ada, options)


def test_an_answer_to_a_quiz_stays() -> None:
    world, _, dialog, message, ada = _scene(type="quiz")
    vote(world, dialog, message, ada, [0])
    with pytest.raises(Refused, match="stays"):
        vote(world, dialog, message, ada, [1])
