"""Silences in a storm, and fallbacks: what is silenced is no news to either."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from alerts import publish
from alerts.fallbacks import watch as fallback_watch
from alerts.models import GroupMessage, Storm, TakeOver
from alerts.muting.silences import expire_silence
from channels_app.channels import disable_channel
from channels_app.models import Chat
from deliveries.models import Delivery, SentMessage
from tests.alerts.fallbacks import stage
from tests.alerts.muting.muted import HOUR, calls, let_pass, pass_time, settle, silence
from tests.alerts.senders import Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db

FLOOD = 40
TEAM = {"team": "core"}


def flood(site: Site, numbers: range, status: str = "firing", **labels: str) -> None:
    """An alert in a group of its own for each number."""
    told = {"status": status, "severity": "warning", "labels": {**TEAM, **labels}}
    site.post([{"title": f"A{n}", "fingerprint": f"f{n}", **told} for n in numbers])


def group_site() -> Site:
    """Its chat is a group: 20 calls a minute."""
    site = make_site()
    Chat.objects.update(type="supergroup")
    return site


def leave(site: Site) -> None:
    """As if Telegram took all that waits."""
    waiting = Delivery.objects.for_organization(site.organization).filter(state="waiting")
    SentMessage.objects.filter(pk__in=waiting.values("target")).update(
        state="shown", message_id=1, sent_at=timezone.now()
    )
    waiting.update(state="sent", attempts=1, settled_at=timezone.now())


def test_a_silence_keeps_a_storm_from_beginning_and_its_end_lets_it_begin() -> None:
    site = group_site()
    silence(site, 'team="core"')
    flood(site, range(FLOOD))
    settle()
    assert calls(site) == []
    assert not Storm.objects.exists()
    pass_time(HOUR)
    assert Storm.objects.get().joined == FLOOD
    assert GroupMessage.objects.filter(muted="").count() == FLOOD


def test_what_a_digest_told_of_is_no_news_while_it_is_silenced_nor_over() -> None:
    site = group_site()
    flood(site, range(FLOOD))
    settle()
    leave(site)
    before = Storm.objects.get()
    made = silence(site, 'team="core"')
    storm = Storm.objects.get()
    assert (storm.joined, storm.unheard["news"], storm.unheard["over"]) == (before.joined, {}, 0)
    rows = GroupMessage.objects.filter(storm=storm, muted="silenced", sound_due_at=made.ends_at)
    assert rows.count() == FLOOD
    assert not rows.exclude(repeat_at=None).exists(), "or they would be looked at without end"
    assert publish.publish_due() == 0
    assert expire_silence(COMMAND_LINE, made)
    settle()
    storm.refresh_from_db()
    assert sum(count for count, _ in storm.unheard["news"].values()) == FLOOD


def test_new_alerts_that_are_silenced_do_not_join_an_open_storm() -> None:
    site = group_site()
    flood(site, range(FLOOD))
    settle()
    leave(site)
    silence(site, 'silent="yes"')
    flood(site, range(FLOOD, 2 * FLOOD), silent="yes")
    settle()
    storm = Storm.objects.get()
    assert storm.joined == FLOOD
    held = GroupMessage.objects.filter(storm=None, muted="silenced", published_at=None)
    assert held.count() == FLOOD


def test_messages_that_are_silenced_in_a_storm_are_changed_when_there_is_room() -> None:
    site = group_site()
    flood(site, range(3), own="yes")
    settle()
    leave(site)
    flood(site, range(3, FLOOD))
    settle()
    leave(site)
    silence(site, 'own="yes"')
    owed = GroupMessage.objects.exclude(owed_at=None)
    assert owed.filter(muted="silenced", message__isnull=False).count() == 3
    assert Storm.objects.get().joined == FLOOD - 3


def test_what_is_gone_from_the_chat_leaves_its_storm_when_it_is_held_back() -> None:
    """Without a message of its own the digest would seem to tell of it."""
    site = group_site()
    flood(site, range(1), own="yes")
    settle()
    leave(site)
    flood(site, range(1, FLOOD))
    settle()
    leave(site)
    storm = Storm.objects.get()
    own = GroupMessage.objects.filter(storm=None)
    pk = own.get().pk
    SentMessage.objects.filter(pk__in=own.values("message")).update(state="forgotten")
    own.update(storm=storm, owed_at=None)
    made = silence(site, 'own="yes"')
    row = GroupMessage.objects.get(pk=pk)
    assert (row.muted, row.message_id, row.storm_id) == ("silenced", None, None)
    assert Storm.objects.get().parted == storm.parted + 1
    assert expire_silence(COMMAND_LINE, made)
    settle()
    row.refresh_from_db()
    assert row.muted == ""
    assert row.message_id is not None or row.storm_id == storm.pk


# --- fallbacks -----------------------------------------------------------------------------------


def wait(minutes: float) -> None:
    """Everything gets older, the silences too."""
    stage.let_pass(minutes)
    let_pass(timedelta(minutes=minutes))


def test_no_fallback_takes_over_what_is_silenced() -> None:
    site, _ = stage.make_stage()
    silence(site, 'severity="critical"', ends_at=timezone.now() + 2 * HOUR)
    site.post(webhook(stage.grave()))
    settle()
    wait(10)
    assert fallback_watch.sweep() == 0
    assert not TakeOver.objects.exists()


def test_what_is_silenced_while_it_waits_is_not_taken_over_either() -> None:
    site, _ = stage.make_stage()
    site.post(webhook(stage.grave()))
    settle()
    silence(site, 'severity="critical"', ends_at=timezone.now() + 2 * HOUR)
    wait(10)
    assert fallback_watch.sweep() == 0


def test_a_fallback_waits_from_the_end_of_the_silence() -> None:
    site, _ = stage.make_stage()
    silence(site, 'severity="critical"')
    site.post(webhook(stage.grave()))
    settle()
    disable_channel(site.channels[0], "kicked", {})
    wait(61)
    assert fallback_watch.sweep() == 0, "it could be told for a minute only"
    settle()
    stage.let_pass(2)
    assert fallback_watch.sweep() == 0
    stage.let_pass(10)
    assert fallback_watch.sweep() == 1


def test_the_others_of_a_group_are_taken_over() -> None:
    site, _ = stage.make_stage()
    silence(site, 'instance="db-1"', ends_at=timezone.now() + 2 * HOUR)
    site.post(webhook(stage.grave(labels={"instance": "db-1"}), alert()))
    settle()
    wait(10)
    assert fallback_watch.sweep() == 0, "the grave one is silenced"
    site.post(webhook(stage.grave("Other")))
    settle()
    wait(10)
    assert fallback_watch.sweep() == 1
