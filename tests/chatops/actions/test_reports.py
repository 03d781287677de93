"""What endpoints post about runs: who may, what is stored, and what they hear."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from chatops.actions import runs, webhooks
from chatops.actions.tokens import token_of
from chatops.models import ActionRun, EndpointCall
from deliveries import clock
from deliveries.models import Delivery, DeliveryAttempt
from tests.chatops.actions.stage import Stage


@pytest.fixture
def running(stage: Stage) -> Stage:
    """A run that the endpoint has taken, and answered with 202."""
    stage.action()
    stage.answers(202)
    stage.says(stage.ada, "/lightson")
    stage.call()
    return stage


def test_a_report_is_repeated_without_effect(running: Stage) -> None:
    assert running.post(text="half", progress=50) == 200
    assert running.post(text="half", progress=50) == 200
    assert running.post(state="done", text="On") == 200
    assert running.post(state="done", text="On") == 200, "its 200 was lost"
    assert running.post(state="done", text="Off") == 409
    assert running.post(state="failed", text="On") == 409
    assert running.post(text="more") == 409
    assert running.shown() == "✅ /lightson done\nOn"
    assert "ended" in running.problem["detail"]


def test_nothing_is_forged(running: Stage) -> None:
    good = running.respond()["token"]
    other = ActionRun.objects.get()
    assert token_of(other.pk) == good
    forged = ["", good[:-1], good.upper(), f"{good}0", token_of(uuid4()), "trun_ä", good[4:]]
    for token in forged:
        assert running.post_as(token, {"state": "done"}) == 401, token
    url = f"/runs/{uuid4()}/"
    assert running.post_as(good, {"state": "done"}, url) == 401, "another run's"
    assert Client().post(url, "{}", content_type="application/json").status_code == 401
    client = Client()
    path = running.respond()["url"].removeprefix("http://localhost:8000")
    headers = {"Authorization": f"Basic {good}"}
    answer = client.post(path, "{}", content_type="application/json", headers=headers)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert client.get(path).status_code == 405
    assert client.post("/runs/x/").status_code == 404
    assert ActionRun.objects.get().state == "running"


def test_a_run_that_is_purged_is_gone(running: Stage) -> None:
    ActionRun.objects.all().delete()
    assert running.post(state="done") == 410


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b"x", 400, ""),
        (b"[]", 400, ""),
        (b'{"progress": 200}', 400, "/progress"),
        (b'{"state": "well"}', 400, "/state"),
        (b'{"text": 5}', 400, "/text"),
        (b'{"txt": "x"}', 400, "/txt"),
        (b'{"text": "' + b"x" * 70_000 + b'"}', 413, None),
    ],
)
def test_what_is_wrong_is_named(
    running: Stage, body: Any, status: int, pointer: str | None
) -> None:
    assert running.post_as(running.respond()["token"], body) == status
    errors = running.problem.get("errors", [{}])
    assert errors[0].get("pointer") == pointer
    assert ActionRun.objects.get().text == ""


def test_what_comes_after_its_time_is_shown_nowhere(running: Stage) -> None:
    running.post(text="Half", progress=50)
    past = clock.now() - timedelta(seconds=1)
    ActionRun.objects.update(expires_at=past, started_at=past - timedelta(seconds=60))
    assert running.post(state="done", text="Late") == 410, "before the sweep, too"
    shown = running.shown()
    assert shown == "⌛ /lightson timed out\nHalf\nThere was no result within 60 s."
    assert running.post(state="done", text="Late") == 410
    assert running.post(text="Later") == 410
    assert runs.end_due() == 0
    assert running.shown() == shown
    assert ActionRun.objects.get().state == "timed_out"


def test_progress_is_shown_now_and_then_and_the_last_word_counts(running: Stage) -> None:
    running.post(progress=0)
    began = ActionRun.objects.get().shown_at
    assert began is not None
    running.talk.settle()
    before = DeliveryAttempt.objects.count()
    for percent in range(1, 60):
        assert running.post(progress=percent) == 200
    waiting = Delivery.objects.filter(state="waiting")
    assert waiting.count() == 1, "each takes the place of the one before"
    [edit] = waiting
    assert "59 %" in edit.params["text"]
    assert edit.priority == Delivery.Priority.LOW
    assert edit.due_at == began + timedelta(seconds=5)
    later = clock.now() + timedelta(hours=1)
    waiting.update(due_at=later, not_before=later)
    assert running.post(state="done", text="On") == 200
    edit.refresh_from_db()
    assert edit.not_before <= clock.now(), "the end waits for nothing"
    assert edit.priority == Delivery.Priority.INTERACTIVE
    assert running.shown() == "✅ /lightson done\nOn"
    assert DeliveryAttempt.objects.count() == before + 1


def test_too_much_progress_is_refused_and_hides_no_end(running: Stage) -> None:
    taken = 0
    while running.post(text="on my way") == 200:
        taken += 1
        assert taken < 10 * webhooks.PROGRESS
    assert taken >= webhooks.PROGRESS, "more by what is free again meanwhile"
    assert running.post(text="on my way") == 429
    assert "Post less often" in running.problem["detail"]
    assert running.post(state="done", text="On") == 200
    assert running.shown() == "✅ /lightson done\nOn"


def test_what_is_posted_during_the_call_counts(stage: Stage) -> None:
    """A program may post before it has answered; its answer may come to nothing."""
    stage.action()
    stage.says(stage.ada, "/lightson")
    run = ActionRun.objects.get()
    token, url = token_of(run.pk), f"/runs/{run.pk}/"
    assert stage.post_as(token, {"text": "begun", "progress": 10}, url) == 200
    stage.receiver.status = 500
    EndpointCall.objects.update(give_up_at=clock.now() + timedelta(seconds=1))
    stage.call()
    assert ActionRun.objects.get().state == "running", "who posts about it has it"
    assert stage.post_as(token, {"state": "done", "text": "On"}, url) == 200
    assert stage.shown() == "✅ /lightson done\nOn"
    assert not EndpointCall.objects.filter(state="waiting").exists()


def test_a_message_that_was_deleted_is_followed_by_the_end(running: Stage) -> None:
    message = running.last(running.group)
    running.talk.telegram.api(
        running.talk.telegram_bot,
        "deleteMessage",
        chat_id=running.group.id,
        message_id=message.message_id,
    )
    running.post(text="half", progress=50)
    running.talk.settle()
    running.post(state="done", text="On")
    assert running.shown() == "✅ /lightson done\nOn"
    assert running.last(running.group).message_id > message.message_id
