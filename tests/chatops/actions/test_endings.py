"""How runs end when their endpoint does not do what it should."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from chatops import purge
from chatops.actions import changes, runs
from chatops.actions.reports import Report
from chatops.endpoints import changes as endpoints
from chatops.endpoints import send
from chatops.models import ActionRun, EndpointCall
from deliveries import clock
from tests.chatops.actions.stage import Stage


def test_a_failure_is_shown_in_the_endpoints_words(stage: Stage) -> None:
    stage.action()
    stage.answers(state="failed", text="The fuse <blew>")
    stage.says(stage.ada, "/lightson")
    assert stage.call() == "❌ /lightson failed\nThe fuse <blew>"
    assert EndpointCall.objects.get().state == "accepted"


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (404, b"secret words", "The endpoint did not take it: it answered with HTTP 404"),
        (302, b"", "127.0.0.1: it redirects (HTTP 302); give the final URL"),
        (200, b"x" * 70_000, "127.0.0.1: it has more than 65536 bytes"),
        (200, b'{"text": 5}', "Its answer can't be read. text: Give a text (a JSON string)."),
    ],
)
def test_what_would_be_no_better_is_not_tried_again(
    stage: Stage, status: int, answer: bytes, said: str
) -> None:
    stage.action()
    stage.receiver.status, stage.receiver.answer = status, answer
    stage.says(stage.ada, "/lightson")
    shown = stage.call()
    assert shown.startswith("❌ /lightson failed\n")
    assert shown.endswith(said)
    stage.call()
    assert len(stage.receiver.keys) == 1


@pytest.mark.parametrize(
    "answer",
    [b'{"ok": true}', b'{"a\\ud800\\u0000": 5}', b'{"' + b"x" * 60_000 + b'": 5}', b'{"text'],
)
def test_what_a_framework_says_of_its_own_is_a_success_and_shown_to_nobody(
    stage: Stage, answer: bytes
) -> None:
    stage.action()
    stage.receiver.status, stage.receiver.answer = 200, answer
    stage.says(stage.ada, "/lightson")
    assert stage.call() == "✅ /lightson done"
    stage.call()
    assert len(stage.receiver.keys) == 1


@pytest.mark.parametrize("status", [500, 503, 429])
def test_what_may_pass_is_tried_again_under_the_same_key(stage: Stage, status: int) -> None:
    stage.action()
    stage.answers(status)
    stage.says(stage.ada, "/lightson")
    assert stage.call().startswith("⏳")
    assert stage.call().startswith("⏳")
    stage.answers(text="On")
    assert stage.call() == "✅ /lightson done\nOn"
    assert stage.receiver.keys == [str(stage.run.pk)] * 3
    assert len({body["respond"]["token"] for body in stage.receiver.bodies}) == 1


def test_an_endpoint_that_never_takes_it_is_given_up(stage: Stage) -> None:
    stage.action(deadline=5)
    stage.answers(500)
    stage.says(stage.ada, "/lightson")
    EndpointCall.objects.update(give_up_at=clock.now() + timedelta(seconds=1))
    assert stage.call() == (
        "❌ /lightson failed\nThe endpoint did not take it: it answered with HTTP 500"
    )
    assert EndpointCall.objects.get().state == "failed"


def test_who_lost_its_claim_ends_nothing(stage: Stage) -> None:
    """A process that stood still comes back with a refusal, while another one makes the call."""
    stage.action()
    stage.says(stage.ada, "/lightson")
    slow = EndpointCall.objects.get()
    assert send._claim(slow)
    EndpointCall.objects.update(claimed_until=clock.now() - timedelta(seconds=1))
    second = EndpointCall.objects.get()
    assert send._claim(second)
    send._write_down(slow, send.Outcome("it answered with HTTP 404", final=True))
    assert stage.run.state == "waiting"
    send._write_down(second, send.Outcome("HTTP 200", taken=True, report=Report("done", "On")))
    assert stage.shown() == "✅ /lightson done\nOn"


def test_its_time_is_over(stage: Stage) -> None:
    stage.action(deadline=90)
    stage.answers(500)
    stage.says(stage.ada, "/lightson")
    stage.call()
    run = stage.run
    past = clock.now() - timedelta(milliseconds=1)
    ActionRun.objects.update(expires_at=past, started_at=past - timedelta(seconds=90))
    assert runs.end_due() == 1
    assert runs.end_due() == 0
    assert stage.shown() == (
        "⌛ /lightson timed out\n"
        "There was no result within 90 s. Last try: it answered with HTTP 500"
    )
    assert EndpointCall.objects.get().state == "failed"
    assert send.send_waiting(1) == 0
    assert stage.receiver.keys == [str(run.pk)]


def test_a_call_whose_time_is_over_is_not_begun(stage: Stage) -> None:
    stage.action()
    stage.says(stage.ada, "/lightson")
    EndpointCall.objects.update(give_up_at=clock.now())
    assert send.send_waiting(1) == 0
    assert stage.receiver.keys == []


def test_a_result_after_the_end_is_shown_nowhere(stage: Stage) -> None:
    stage.action()
    stage.answers(text="On")
    stage.says(stage.ada, "/lightson")
    ActionRun.objects.update(expires_at=clock.now())
    assert runs.end_due() == 1
    EndpointCall.objects.update(state="waiting", settled_at=None)  # as if it was under way
    assert stage.call().startswith("⌛ /lightson timed out")
    assert stage.receiver.keys == [str(stage.run.pk)]
    assert "On" not in stage.shown()


def test_where_nobody_may_be_reached_it_says_so_at_once(stage: Stage, settings: Any) -> None:
    stage.action()
    settings.OUTBOUND_ALLOWED_HOSTS = frozenset()
    stage.says(stage.ada, "/lightson")
    shown = stage.call()
    assert shown.startswith("❌ /lightson failed\nThe endpoint did not take it: 127.0.0.1:")
    assert "OUTBOUND_ALLOWED_HOSTS" in shown
    assert "s3cret" not in shown
    assert stage.receiver.keys == []


def test_an_endpoint_that_is_gone(stage: Stage) -> None:
    action = stage.action()
    endpoints.delete_endpoint(COMMAND_LINE, stage.endpoint)
    assert stage.says(stage.ada, "/lightson") == "/lightson has no endpoint any more. Ask an admin."
    changes.delete_action(COMMAND_LINE, action)
    assert stage.says(stage.ada, "/lightson") == ""


def test_a_run_outlives_its_action(stage: Stage) -> None:
    action = stage.action()
    stage.answers(202)
    stage.says(stage.ada, "/lightson")
    stage.call()
    changes.delete_action(COMMAND_LINE, action)
    assert stage.post(state="done", text="On") == 200
    assert stage.shown() == "✅ /lightson done\nOn"


def test_nobody_has_too_many_at_once(stage: Stage) -> None:
    stage.action()
    for _ in range(runs.OPEN_OF_ONE):
        ActionRun.objects.create(
            organization=stage.talk.organization,
            name="x",
            asked_by="x",
            telegram_user_id=stage.ada.id,
            asked_at=clock.now(),
            expires_at=clock.now() + timedelta(hours=1),
        )
    assert stage.says(stage.ada, "/lightson") == (
        "10 runs of yours are open. Wait until one is over."
    )


def test_what_is_over_is_purged_and_what_is_open_is_not(stage: Stage, settings: Any) -> None:
    stage.action()
    stage.answers()
    stage.says(stage.ada, "/lightson")
    stage.call()
    stage.says(stage.ada, "/lightson")
    long_ago = clock.now() - settings.RETENTION["deliveries"] - timedelta(seconds=1)
    ActionRun.objects.filter(state="done").update(settled_at=long_ago)
    ActionRun.objects.update(asked_at=long_ago)
    purge.purge()
    assert list(ActionRun.objects.values_list("state", flat=True)) == ["waiting"]
    assert EndpointCall.objects.count() == 1
