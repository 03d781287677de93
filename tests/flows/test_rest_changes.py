"""What can be done over REST to a message that was sent: edits, live places, polls, deletion."""

import json
from typing import Any

import pytest

from channels_app.models import Bot
from deliveries import dispatcher, polls
from deliveries.models import Delivery, PollAnswer
from tests.flows.test_rest_kinds import KEYBOARDS, PLACE, POLL, sent
from tests.flows.test_rest_messages import Scene, make_scene
from tests.rest import problem_of
from tests.sandbox.process import SandboxHandle


@pytest.fixture
def scene(sandbox: SandboxHandle, transactional_db: None) -> Scene:
    sandbox.clear_faults()
    return make_scene(sandbox, "private")


def change(scene: Scene, delivery: str, body: dict[str, Any]) -> Any:
    answer = scene.api.post(f"deliveries/{delivery}/changes/", body)
    assert answer.status_code == 202, answer.content
    dispatcher.dispatch(until_idle=True)
    made = scene.api.get(answer["Location"]).json()
    assert made["state"] == "sent", made
    return scene.telegram.messages(scene.chat, deleted=True)[-1]


def test_a_text_its_keyboard_and_its_end(scene: Scene) -> None:
    pk = sent(scene, {"text": "one"})
    markup = KEYBOARDS[0]
    shown = change(scene, pk, {"kind": "text", "text": "<b>two</b>", "parse_mode": "HTML"})
    assert (shown.text, len(shown.message["entities"])) == ("two", 1)
    shown = change(scene, pk, {"kind": "reply_markup", "reply_markup": markup})
    assert shown.message["reply_markup"]["inline_keyboard"][0][0]["text"] == "Open"
    assert "reply_markup" not in change(scene, pk, {"kind": "reply_markup"}).message
    assert change(scene, pk, {"kind": "delete"}).is_deleted
    again = scene.api.post(f"deliveries/{pk}/changes/", {"kind": "text", "text": "a"})
    assert "gone" in problem_of(again, 409)["detail"]


def test_a_live_location_moves_and_stops(scene: Scene) -> None:
    pk = sent(scene, PLACE | {"kind": "location", "live_period": 600})
    moved = change(scene, pk, {"kind": "live_location", "latitude": 1, "longitude": 2.5})
    assert moved.message["location"]["longitude"] == 2.5
    stopped = change(scene, pk, {"kind": "stop_live_location"})
    assert stopped.message["location"] == {"latitude": 1.0, "longitude": 2.5}
    late = scene.api.post(
        f"deliveries/{pk}/changes/", {"kind": "live_location", "latitude": 1, "longitude": 1}
    )
    dispatcher.dispatch(until_idle=True)
    dead = scene.api.get(late["Location"]).json()
    assert (dead["state"], dead["message_id"]) == ("dead", stopped.message_id)
    assert change(scene, pk, {"kind": "delete"}).is_deleted, "it is there, and can be deleted"


def test_changes_leave_in_order_even_before_the_message(scene: Scene) -> None:
    pk = scene.api.post(scene.path, PLACE | {"kind": "location", "live_period": 600}).json()["id"]
    for longitude in (1, 2, 3):
        body = {"kind": "live_location", "latitude": 1, "longitude": longitude}
        assert scene.api.post(f"deliveries/{pk}/changes/", body).status_code == 202
    assert scene.api.post(f"deliveries/{pk}/changes/", {"kind": "stop_live_location"}).json()
    text = scene.api.post(scene.path, {"text": "one"}).json()["id"]
    scene.api.post(f"deliveries/{text}/changes/", {"kind": "text", "text": "two"})
    dispatcher.dispatch(until_idle=True)
    location, message = scene.telegram.messages(scene.chat)
    assert location.message["location"] == {"latitude": 1.0, "longitude": 3.0}
    assert (message.text, message.versions) == ("two", [])


def test_a_poll_its_votes_and_its_end(scene: Scene) -> None:
    pk = sent(scene, POLL | {"is_anonymous": False})
    shown = scene.telegram.messages(scene.chat)[-1].message["poll"]
    bot = Bot.objects.get(pk=scene.channel.chat.bot_id)
    ada = {"id": 5, "is_bot": False, "first_name": "Ada", "last_name": "L"}
    answer = {"poll_id": shown["id"], "user": ada, "option_ids": [1]}
    assert polls.record_answer(bot, answer)
    assert polls.record_answer(bot, answer | {"option_ids": [0]})
    assert polls.record_answer(bot, answer | {"user": ada | {"id": 6}})
    assert polls.record_answer(bot, answer | {"user": ada | {"id": 6}, "option_ids": []})
    assert not polls.record_answer(bot, answer | {"poll_id": "1"})
    counted = json.loads(json.dumps(shown))
    counted["options"][0]["voter_count"] = counted["total_voter_count"] = 1
    assert polls.record_poll(bot, counted)
    assert not polls.record_poll(bot, counted | {"id": "1"})
    (row,) = scene.api.get(f"deliveries/{pk}/answers/").json()["results"]
    assert (row["voter_id"], row["voter_name"], row["option_ids"]) == (5, "Ada L", [0])
    poll = scene.api.get(f"deliveries/{pk}/").json()["result"]["poll"]
    assert (poll["options"][0], poll["is_closed"]) == ({"text": "Yes", "voter_count": 1}, False)
    assert change(scene, pk, {"kind": "stop_poll"}).message["poll"]["is_closed"]
    assert scene.api.get(f"deliveries/{pk}/").json()["result"]["poll"]["is_closed"]
    assert polls.record_poll(bot, counted)
    assert scene.api.get(f"deliveries/{pk}/").json()["result"]["poll"]["is_closed"], "it stays so"
    assert scene.api.get(f"deliveries/{pk}/answers/?page_size=1").status_code == 200
    assert problem_of(scene.api.get(f"deliveries/{pk}/answers/?ordering=id"), 400)
    Delivery.objects.filter(pk=pk).get().stream.delete()
    assert not PollAnswer.objects.exists()


@pytest.mark.parametrize(
    ("body", "asked", "words"),
    [
        ({"text": "a"}, {"kind": "caption", "caption": "a"}, "caption fits photo"),
        ({"text": "a"}, {"kind": "stop_poll"}, "of kind text"),
        ({"kind": "dice"}, {"kind": "text", "text": "a"}, "text fits text"),
        (PLACE | {"kind": "location"}, {"kind": "stop_live_location"}, "live_period"),
        (
            {"text": "a", "reply_markup": {"force_reply": True}},
            {"kind": "text", "text": "b"},
            "reply keyboard",
        ),
    ],
)
def test_changes_that_do_not_fit(
    scene: Scene, body: dict[str, Any], asked: dict[str, Any], words: str
) -> None:
    pk = sent(scene, body)
    answer = scene.api.post(f"deliveries/{pk}/changes/", asked)
    assert words in problem_of(answer, 409)["detail"]


def test_changes_are_checked_like_messages(scene: Scene) -> None:
    pk = sent(scene, {"text": "a"})
    for asked, place in (
        ({}, "/kind"),
        ({"kind": "text"}, "/text"),
        ({"kind": "text", "text": "<b>", "parse_mode": "HTML"}, "/text"),
        ({"kind": "text", "text": "a", "silent": True}, "/silent"),
        ({"kind": "text", "text": "a", "message_id": 5}, "/message_id"),
        ({"kind": "text", "text": "a", "reply_markup": {"force_reply": True}}, "/reply_markup"),
        ({"kind": "delete", "message_id": 5}, "/message_id"),
    ):
        errors = problem_of(scene.api.post(f"deliveries/{pk}/changes/", asked), 400)["errors"]
        assert place in [error["pointer"][: len(place)] for error in errors], errors
