"""What happens while a run is open to what it was begun with: its chat, its bot, its endpoint, its
choices."""

import pytest

from accounts.audit import COMMAND_LINE
from channels_app.models import Bot, Chat, NotificationChannel
from chatops.actions import changes, runs
from chatops.endpoints import changes as endpoints
from chatops.models import ActionRun
from deliveries.models import Delivery
from tests.chatops.actions.stage import Stage
from tests.factories import make_channel, make_organization


@pytest.fixture
def running(stage: Stage) -> Stage:
    """A run that the endpoint has taken, and answered with 202."""
    stage.action()
    stage.answers(202)
    stage.says(stage.ada, "/lightson")
    stage.call()
    return stage


def test_a_chat_that_is_anothers_by_now_is_told_nothing(running: Stage) -> None:
    before = running.shown()
    count = Delivery.objects.count()
    Chat.objects.filter(pk=running.channel.chat_id).update(organization=make_organization())
    assert running.post(text="Ours alone", progress=50) == 200
    assert running.post(state="done", text="Ours alone") == 200
    assert running.shown() == before
    assert Delivery.objects.count() == count
    assert (running.run.state, running.run.text) == ("done", "Ours alone")


def test_a_bot_that_is_not_lent_any_more_says_nothing(running: Stage) -> None:
    before = running.shown()
    count = Delivery.objects.count()
    Bot.objects.filter(pk=running.talk.bot.pk).update(organization=make_organization())
    assert running.post(state="done", text="On") == 200
    assert running.shown() == before
    assert Delivery.objects.count() == count


def test_a_run_that_waits_for_an_endpoint_that_is_removed_ends(stage: Stage) -> None:
    stage.action(deadline=86_400)
    stage.answers(503)
    stage.says(stage.ada, "/lightson")
    stage.call()
    assert runs.end_due() == 0
    endpoints.delete_endpoint(COMMAND_LINE, stage.endpoint)
    assert runs.end_due() == 1
    assert stage.shown() == "❌ /lightson failed\nThe endpoint was removed."
    assert stage.run.state == "failed"


def test_a_run_that_was_taken_outlives_its_endpoint(running: Stage) -> None:
    endpoints.delete_endpoint(COMMAND_LINE, running.endpoint)
    assert running.post(state="done", text="On") == 200
    assert running.shown() == "✅ /lightson done\nOn"


def test_a_button_means_the_choice_that_it_showed(stage: Stage) -> None:
    action = stage.action(parameter="required", choices=["web", "db"])
    stage.says(stage.ada, "/lightson")
    changes.change_action(COMMAND_LINE, action, choices=["db", "web"])
    stage.press(stage.ada, stage.group, "web")
    assert stage.run.argument == "web"


def test_a_choice_that_is_gone_is_not_taken(stage: Stage) -> None:
    action = stage.action(parameter="required", choices=["web", "db"])
    stage.says(stage.ada, "/lightson")
    changes.change_action(COMMAND_LINE, action, choices=["db", "cache"])
    stage.press(stage.ada, stage.group, "web")
    assert not ActionRun.objects.exists()
    assert stage.last(stage.group).text.startswith("Choose one of db, cache.")


def test_what_is_asked_after_a_press_keeps_the_alerts_channel(stage: Stage) -> None:
    first = make_channel(stage.talk.bot, name="Before", chat_id=stage.group.id)
    NotificationChannel.objects.filter(pk=first.pk).update(created_at="2020-01-01T00:00:00Z")
    stage.action("restart", button="Restart it", parameter="required", choices=["web"])
    stage.fire("HighCPU")
    stage.press(stage.ada, stage.group, "More…")
    stage.press(stage.ada, stage.group, "Restart it")
    stage.press(stage.ada, stage.group, "web")
    assert stage.run.channel == stage.channel
