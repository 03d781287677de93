"""What a chat reads of a run is in the chat's language, whoever says it; its row is English."""

from collections.abc import Callable

import pytest

from accounts.audit import COMMAND_LINE
from channels_app.models import NotificationChannel
from chatops.actions import endings, runs
from chatops.actions.words import Shown, shown
from chatops.endpoints import changes as endpoints
from chatops.models import ActionRun
from chatops.replies import plain_of
from deliveries import clock
from languages.speaking import gettext, pgettext, speaking
from tests.chatops.actions.stage import Stage


@pytest.fixture
def german(stage: Stage) -> Stage:
    """The group is spoken to in German."""
    NotificationChannel.objects.filter(pk=stage.channel.pk).update(language="de")
    return stage


def expected(argument: str, state: str, why: Callable[[], str] | str = "") -> str:
    """What the group reads of a run of Ada's."""
    with speaking("de"):
        said = why if isinstance(why, str) else why()
        return plain_of(shown(Shown("lightson", argument, "Ada Lovelace", state, said)))


def test_it_is_asked_for_and_done(german: Stage) -> None:
    german.action()
    german.answers(202, text="On its way")
    assert german.says(german.ada, "/lightson hall") == expected("hall", "waiting")
    assert german.call() == expected("hall", "running", "On its way")
    assert german.post(state="done", text="It is on") == 200
    assert german.shown() == expected("hall", "done", "It is on")
    assert german.run.text == "It is on"


def unreadable(stage: Stage) -> None:
    stage.receiver.status, stage.receiver.answer = 200, b'{"text": 5}'
    stage.call()


def refuses(stage: Stage) -> None:
    stage.answers(404)
    stage.call()


def is_removed(stage: Stage) -> None:
    stage.answers(503)
    stage.call()
    endpoints.delete_endpoint(COMMAND_LINE, stage.endpoint)
    runs.end_due()


def says_nothing(stage: Stage) -> None:
    stage.answers(202)
    stage.call()
    now = clock.now()
    ActionRun.objects.update(started_at=now, expires_at=now)
    runs.end_due()


@pytest.mark.parametrize(
    ("happens", "state", "why"),
    [
        (
            unreadable,
            "failed",
            lambda: endings.not_understood("text", "Give a text (a JSON string)."),
        ),
        (refuses, "failed", lambda: endings.not_taken("it answered with HTTP 404")),
        (is_removed, "failed", endings.endpoint_removed),
        (says_nothing, "timed_out", lambda: endings.no_result(0, "", "")),
    ],
)
def test_why_it_ended_is_german_in_the_chat_and_english_in_its_row(
    german: Stage, happens: Callable[[Stage], None], state: str, why: Callable[[], str]
) -> None:
    german.action()
    german.says(german.ada, "/lightson")
    happens(german)
    assert german.shown() == expected("", state, why)
    assert (german.run.state, german.run.text) == (state, why())


def test_who_cancels_reads_it_in_german(german: Stage) -> None:
    german.action(confirm=True)
    german.says(german.ada, "/lightson")
    with speaking("de"):
        cancel, not_run = pgettext("button", "Cancel"), gettext("Not run.")
    german.press(german.ada, german.group, cancel)
    assert german.shown() == expected("", "cancelled", not_run)
    assert german.run.text == "Not run."


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (endings.unconfirmed(), "Nobody confirmed it in time."),
        (endings.not_run(), "Not run."),
        (endings.endpoint_removed(), "The endpoint was removed."),
        (endings.not_taken("HTTP 500"), "The endpoint did not take it: HTTP 500"),
        (endings.not_understood("", "No."), "Its answer can't be read. No."),
        (endings.not_understood("text", "No."), "Its answer can't be read. text: No."),
        (endings.no_result(3600, "", ""), "There was no result within 3,600 s."),
        (
            endings.no_result(60, "50 %", "HTTP 500"),
            "50 %\nThere was no result within 60 s. Last try: HTTP 500",
        ),
    ],
)
def test_what_is_said_of_an_end(why: str, words: str) -> None:
    assert why == words
