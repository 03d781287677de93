"""Claims, parking, retries: what publishing leaves in the database, without Telegram."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from alerts import publish, publish_claim, publish_commit, publish_read, sweep
from alerts.models import Alert, AlertGroup, GroupMessage
from channels_app.channels import disable_channel
from channels_app.models import NotificationChannel
from deliveries import health
from deliveries.models import Delivery, SentMessage
from tests.alerts.senders import LATER, Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db


def calls(site: Site) -> list[tuple[str, str]]:
    """Method and purpose of all calls that still stand, oldest first."""
    rows = Delivery.objects.for_organization(site.organization).exclude(state="superseded")
    return list(rows.order_by("id").values_list("method", "purpose"))


def message_of(site: Site) -> GroupMessage:
    """The organization's only group message."""
    return GroupMessage.objects.get(organization=site.organization)


def test_publishing_clears_what_was_due_and_remembers_what_was_shown() -> None:
    site = make_site()
    site.post(webhook(alert()))
    assert publish.publish_due() == 1
    row = message_of(site)
    assert (row.due_at, row.claimed_until) == (None, None)
    assert row.shown["kind"] == "text"
    assert row.repeat_at is not None
    assert calls(site) == [("sendMessage", "group")]
    assert publish.publish_due() == 0


def test_a_change_before_the_call_left_is_told_in_the_same_call() -> None:
    site = make_site()
    site.post(webhook(alert()))
    publish.publish_due()
    site.post(webhook(alert(status="resolved")))
    publish.publish_due()
    assert calls(site) == [("sendMessage", "group")]
    params = Delivery.objects.get(organization=site.organization, state="waiting").params
    assert "RESOLVED" in params["text"]


def waiting(site: Site) -> Delivery:
    """The only call that waits."""
    return Delivery.objects.get(organization=site.organization, state="waiting")


def is_silent(delivery: Delivery) -> bool:
    """Whether it leaves without a sound."""
    return bool(delivery.params["disable_notification"])


def time_for_a_sound() -> None:
    """As if the last sound was long ago."""
    GroupMessage.objects.update(sounded_at=timezone.now() - timedelta(hours=1))


def test_what_fired_and_resolved_unseen_is_one_silent_message() -> None:
    site = make_site()
    site.post(webhook(alert()))
    publish.publish_due()
    assert not is_silent(waiting(site))
    time_for_a_sound()
    site.post(webhook(alert(status="resolved")))
    publish.publish_due()
    assert calls(site) == [("sendMessage", "group")]
    assert is_silent(waiting(site))
    assert message_of(site).sound_due_at is None


def test_news_before_the_first_message_left_is_in_that_message() -> None:
    site = make_site()
    NotificationChannel.objects.update(silent="below", silent_below="critical")
    site.post(webhook(alert()))
    publish.publish_due()
    assert is_silent(waiting(site))
    time_for_a_sound()
    site.post(webhook(alert(), alert("Other", labels={"severity": "critical"})))
    publish.publish_due()
    assert calls(site) == [("sendMessage", "group")]
    assert not is_silent(waiting(site))


def test_what_may_have_been_seen_rings_once_when_it_is_over() -> None:
    site = make_site()
    site.post(webhook(alert()))
    publish.publish_due()
    Delivery.objects.update(attempts=1, maybe_sent=True)
    time_for_a_sound()
    site.post(webhook(alert(status="resolved")))
    publish.publish_due()
    assert calls(site) == [("sendMessage", "group")]
    assert not is_silent(waiting(site))


def test_what_may_have_been_seen_and_died_rings_when_it_is_over() -> None:
    """A server that took it and named no message, say: somebody may have got up for it."""
    site = make_site()
    site.post(webhook(alert()))
    publish.publish_due()
    Delivery.objects.update(state="dead", attempts=1, maybe_sent=True)
    site.post(webhook(alert(status="resolved")))
    publish.publish_due()
    assert not is_silent(waiting(site))
    site.post(webhook(alert(status="resolved"), alert("Other", status="resolved")))
    publish.publish_due()
    assert not is_silent(waiting(site)), "also once it waits anew"


def test_message_that_died_is_tried_again_when_it_is_to_be_repeated() -> None:
    site = make_site()
    site.post(webhook(alert()))
    publish.publish_due()
    Delivery.objects.update(state="dead", attempts=1)
    GroupMessage.objects.update(repeat_at=timezone.now())
    publish.publish_due()
    assert calls(site) == [("sendMessage", "group")] * 2
    assert not is_silent(waiting(site))
    assert waiting(site).target == message_of(site).message


def test_message_that_died_is_made_anew_as_it_was_to_be() -> None:
    """In its topic, protected, and heard: nobody heard of it yet."""
    site = make_site()
    wishes = {"message_thread_id": 7, "protect_content": True}
    NotificationChannel.objects.update(**wishes)
    site.post(webhook(alert()))
    publish.publish_due()
    Delivery.objects.update(state="dead", attempts=1)
    site.post(webhook(alert(labels={"severity": "critical"})))
    publish.publish_due()
    assert calls(site) == [("sendMessage", "group")] * 2
    anew = waiting(site)
    assert {name: anew.params.get(name) for name in wishes} == wishes
    assert not is_silent(anew)
    assert "critical" in anew.params["text"]


@pytest.mark.parametrize(("call", "message"), [("in_flight", "expected"), ("sent", "shown")])
def test_what_leaves_while_it_is_changed_is_edited_and_replied_to(call: str, message: str) -> None:
    site = make_site()
    site.post(webhook(alert()))
    publish.publish_due()
    time_for_a_sound()
    site.post(webhook(alert(status="resolved")))
    claimed = publish_claim.claim(10)
    loaded = publish_read.load(claimed.ids, timezone.now())
    ready = publish_read.prepare(loaded.usable, loaded, timezone.now())
    Delivery.objects.update(state=call, attempts=1)
    SentMessage.objects.update(state=message, message_id=1 if message == "shown" else None)
    with transaction.atomic():
        publish_commit.commit(ready)
    assert calls(site)[1:] == [("editMessageText", "group"), ("sendMessage", "notice")]


def test_replies_that_an_outage_held_up_are_overtaken() -> None:
    site = make_site()
    site.post(webhook(alert()))
    publish.publish_due()
    Delivery.objects.update(state="sent", attempts=1)
    SentMessage.objects.update(state="shown", message_id=1)
    for payload in (webhook(alert(), alert("Other")), webhook(alert(status="resolved"))):
        time_for_a_sound()
        site.post(payload)
        publish.publish_due()
    assert calls(site).count(("sendMessage", "notice")) == 1, "it is told in the newer one's time"
    time_for_a_sound()
    Delivery.objects.update(due_at=timezone.now() - timedelta(minutes=5))
    resolved = [alert(status="resolved"), alert("Other", status="resolved")]
    site.post(webhook(*resolved))
    publish.publish_due()
    waiting_ones = Delivery.objects.filter(purpose="notice", state="waiting")
    (last,) = [one.params["text"] for one in waiting_ones]
    assert "resolved" in last
    (overtaken,) = Delivery.objects.filter(purpose="notice", state="superseded")
    assert overtaken.outcome == "overtaken by newer news"


def test_unchanged_content_makes_no_call() -> None:
    site = make_site()
    site.post(webhook(alert()))
    publish.publish_due()
    GroupMessage.objects.update(due_at=timezone.now())
    assert publish.publish_due() == 1
    assert calls(site) == [("sendMessage", "group")]


def test_nobody_claims_twice_and_a_lost_claim_runs_out() -> None:
    site = make_site()
    site.post(webhook(alert()))
    lost = publish_claim.claim(10)
    assert len(lost.ids) == 1
    assert not publish_claim.claim(10)
    GroupMessage.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    again = publish_claim.claim(10)
    assert again.ids == lost.ids
    assert publish.publish_claimed(lost) == 1
    assert calls(site) == []  # the claim was another's by then
    publish.publish_claimed(again)
    assert calls(site) == [("sendMessage", "group")]


def test_a_change_while_publishing_stays_due() -> None:
    site = make_site()
    site.post(webhook(alert()))
    claimed = publish_claim.claim(10)
    site.post(webhook(alert(labels={"severity": "critical"})))
    publish.publish_claimed(claimed)
    assert message_of(site).due_at is not None


def test_organizations_take_turns() -> None:
    noisy, quiet = make_site(), make_site()
    for number in range(5):
        noisy.post(webhook(alert(f"A{number}"), groupKey=f"group {number}"))
    quiet.post(webhook(alert()))
    claimed = publish_claim.claim(2)
    owners = GroupMessage.objects.filter(pk__in=claimed.ids).values_list(
        "organization_id", flat=True
    )
    assert set(owners) == {noisy.organization.pk, quiet.organization.pk}


def test_who_has_little_does_not_wait_for_who_floods() -> None:
    """All of it is claimed together, the flood's first: it is not published first."""
    loud, quiet = make_site(8), make_site()
    for number in range(2):
        loud.post(webhook(alert(f"Loud{number}"), groupKey=f"{number}"))
    quiet.post(webhook(alert("Quiet")))
    publish.publish_due()
    owners = Delivery.objects.order_by("created_at", "id").values_list("organization", flat=True)
    assert list(owners) == [quiet.organization.pk] + 16 * [loud.organization.pk]


@pytest.mark.parametrize(("count", "most"), [(1, 13), (12, 16), (25, 16)])
def test_queries_do_not_grow_with_the_number_of_groups(count: int, most: int) -> None:
    site = make_site()
    for number in range(count):
        site.post(webhook(alert(f"A{number}"), groupKey=f"group {number}"))
    claimed = publish_claim.claim(100)
    assert len(claimed.ids) == count
    with CaptureQueriesContext(
        connection,
    ) as queries:
        publish.publish_claimed(claimed)
    assert len(queries) <= most


def test_disabled_channel_is_parked_and_gets_the_present_state_once() -> None:
    site = make_site()
    (channel,) = site.channels
    disable_channel(channel, "kicked", {})
    site.post(webhook(alert()))
    publish.publish_due()
    row = message_of(site)
    assert row.parked_at is not None
    assert row.due_at is None
    assert calls(site) == []
    site.post(webhook(alert(status="resolved")))
    publish.publish_due()
    health.enable(COMMAND_LINE, NotificationChannel.objects.get(pk=channel.pk))
    publish.publish_due()
    assert message_of(site).parked_at is None
    assert calls(site) == [("sendMessage", "group")]
    assert "RESOLVED" in Delivery.objects.get(organization=site.organization).params["text"]


def test_sweep_unparks_when_the_bot_works_again() -> None:
    site = make_site()
    bot = site.channels[0].chat.bot
    bot.enabled = False
    bot.save()
    site.post(webhook(alert()))
    publish.publish_due()
    sweep.sweep()
    assert message_of(site).parked_at is not None
    bot.enabled = True
    bot.save()
    sweep.sweep()
    publish.publish_due()
    assert calls(site) == [("sendMessage", "group")]


def test_forgotten_message_of_an_open_group_is_sent_anew() -> None:
    site = make_site()
    site.post(webhook(alert()))
    publish.publish_due()
    SentMessage.objects.update(state="forgotten")
    Delivery.objects.update(state="sent", attempts=1)
    assert sweep.renew_forgotten() == 1
    publish.publish_due()
    assert calls(site) == [("sendMessage", "group")] * 2
    assert sweep.renew_forgotten() == 0


def break_shown(row: GroupMessage) -> None:
    """What it was told cannot be read."""
    GroupMessage.objects.filter(pk=row.pk).update(shown={"told": {"x": 1}, "kind": "text"})


def break_alert(row: GroupMessage) -> None:
    """Its alert has a link of a kind that this version does not know."""
    Alert.objects.filter(memberships__group=row.group_id).update(links=[["new kind", "x", ""]])


def break_outbox(row: GroupMessage) -> None:
    """The outbox refuses its message: it is another organization's."""
    other = make_site()
    other.post(webhook(alert()))
    publish.publish_due()
    theirs = SentMessage.objects.get(organization=other.organization)
    GroupMessage.objects.filter(pk=row.pk).update(message=theirs, shown={"kind": "text"})


@pytest.mark.parametrize("break_it", [break_shown, break_alert, break_outbox])
@pytest.mark.parametrize("reason", ["due_at", "sound_due_at", "repeat_at"])
def test_one_broken_group_does_not_keep_the_others_back(
    break_it: Callable[[GroupMessage], None], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = make_site()
    site.post(webhook(alert("A"), groupKey="a"))
    broken = GroupMessage.objects.get(organization=site.organization)
    GroupMessage.objects.update(due_at=None)
    break_it(broken)
    GroupMessage.objects.filter(pk=broken.pk).update(**{reason: timezone.now()})
    site.post(webhook(alert("B"), groupKey="b"))
    publish.publish_claimed(publish_claim.claim(10))
    assert calls(site) == [("sendMessage", "group")]
    broken.refresh_from_db()
    assert broken.due_at is not None
    assert broken.due_at > timezone.now()
    assert not publish_claim.claim(10), "it would be tried again without a pause"
    assert str(broken.pk) in caplog.text


def test_closed_group_tells_how_it_ended_when_its_alert_burns_elsewhere_again() -> None:
    site = make_site()
    (channel,) = site.channels
    disable_channel(channel, "kicked", {})
    site.post(webhook(alert()))
    site.post(webhook(alert(status="resolved")))
    AlertGroup.objects.update(closed_at=timezone.now() - timedelta(hours=1))
    site.post(webhook(alert(startsAt=LATER)))
    publish.publish_due()
    health.enable(COMMAND_LINE, NotificationChannel.objects.get(pk=channel.pk))
    publish.publish_due()
    said = Delivery.objects.filter(state="waiting").order_by("stream_id")
    first, second = [delivery.params["text"] for delivery in said]
    assert "RESOLVED" in first
    assert "Lasted 27 min, from 23 Nov 00:02 UTC to 00:30" in first
    assert "FIRING" in second
