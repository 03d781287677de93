"""What a flood into one chat leaves in the database, without Telegram."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from accounts.models import new_id
from alerts import publish, publish_claim, publish_read, purge
from alerts.models import AlertGroup, GroupMessage, Storm
from alerts.route_table import forget_cached_routes
from alerts.routes import set_channels
from alerts.storms import absorb as storm_absorb
from alerts.storms import publish as storm_publish
from alerts.storms.divide import divide
from channels_app.channels import disable_channel
from channels_app.models import Bot, Chat, NotificationChannel
from deliveries import backlog, health
from deliveries.models import Delivery, SentMessage, Stream
from tests.alerts.senders import Site, make_site

pytestmark = pytest.mark.django_db

FLOOD = 40


def flood(site: Site, numbers: Sequence[int], status: str = "firing", **values: Any) -> None:
    """An alert in a group of its own for each number."""
    told = {"status": status, "severity": "warning", **values}
    site.post([{"title": f"A{n}", "fingerprint": f"f{n}", **told} for n in numbers])


def make_group_site() -> Site:
    """Its chat is a group: 20 calls a minute."""
    site = make_site()
    Chat.objects.update(type="supergroup")
    return site


def calls(site: Site, **filters: Any) -> list[Delivery]:
    """All that still stand, oldest first."""
    rows = Delivery.objects.for_organization(site.organization).exclude(state="superseded")
    return list(rows.filter(**filters).order_by("id"))


def texts(site: Site) -> list[str]:
    """What waits to be said."""
    return [one.params.get("text", one.method) for one in calls(site, state="waiting")]


def leave(site: Site) -> None:
    """As if Telegram took all that waits."""
    now = timezone.now()
    for number, call in enumerate(calls(site, state="waiting"), 1):
        assert call.target_id is not None
        Delivery.objects.filter(pk=call.pk).update(state="sent", attempts=1, settled_at=now)
        SentMessage.objects.filter(pk=call.target_id, message_id=None).update(
            state="shown", message_id=number
        )


def let_pass(seconds: float) -> None:
    """As if so much time had passed for every storm."""
    for storm in Storm.objects.all():
        shown = storm.shown
        for name in ("edited_at", "document_at", "rung_at"):
            if shown.get(name):
                shown[name] -= seconds
        shown["joined"] = [[at - seconds, count] for at, count in shown.get("joined", [])]
        storm.absorbed_at -= timedelta(seconds=seconds)
        storm.due_at = storm.due_at and storm.due_at - timedelta(seconds=seconds)
        storm.save()


def tell() -> None:
    """Publish what is due."""
    publish.publish_due()


def tell_in_the_end(words: str) -> None:
    """Publish until every digest says so: a slow machine tells of storms while they still grow."""
    digests = Delivery.objects.filter(state="waiting", purpose="digest")
    for _ in range(20):
        let_pass(31)
        tell()
        if all(words in str(one.params) for one in digests.all()):
            return
    said = {str(one.params.get("text") or one.params.get("caption"))[:60] for one in digests.all()}
    pytest.fail(f"{words!r} is not what all say: {said}")


def end(site: Site) -> None:
    """Nothing comes any more: what is to be heard is, and then it is over."""
    for _ in range(3):
        leave(site)
        let_pass(61)
        tell()
    leave(site)
    assert the_storm(site).closed_at is not None


def the_storm(site: Site) -> Storm:
    """The organization's only one."""
    return Storm.objects.get(organization=site.organization)


def test_few_alerts_make_no_storm() -> None:
    site = make_group_site()
    flood(site, range(8))
    tell()
    assert not Storm.objects.exists()
    assert len(texts(site)) == 8


def test_more_than_a_chat_may_be_told_is_one_digest_and_one_document() -> None:
    site = make_group_site()
    flood(site, range(FLOOD))
    tell()
    storm = the_storm(site)
    assert (storm.reason, storm.closed_at, storm.joined) == ("storm", None, FLOOD)
    digest, document = calls(site, state="waiting")
    assert (digest.method, digest.purpose) == ("sendMessage", "digest")
    let_pass(1)
    tell()
    digest.refresh_from_db()
    assert f"{FLOOD} alerts, {FLOOD} firing" in digest.params["text"]
    assert not digest.params["disable_notification"]
    assert document.method == "sendDocument"
    assert document.reply_to == digest.target == storm.message
    assert GroupMessage.objects.filter(storm=storm, message=None).count() == FLOOD


def test_what_waited_already_is_merged() -> None:
    site = make_group_site()
    flood(site, range(9))
    tell()
    assert len(texts(site)) == 9
    flood(site, range(9, 12))
    tell()
    assert len(texts(site)) == 2
    merged = Delivery.objects.filter(state="superseded")
    assert {one.outcome for one in merged} == {"merged into a digest"}
    assert len(merged) == 9
    assert "12 alerts, 12 firing" in texts(site)[0]


def test_what_left_already_is_changed_later() -> None:
    site = make_group_site()
    flood(site, range(3))
    tell()
    leave(site)
    flood(site, range(3), "resolved")
    flood(site, range(3, FLOOD))
    tell()
    rows = GroupMessage.objects.exclude(owed_at=None)
    assert len(rows) == 3
    assert all(row.message is not None for row in rows)
    let_pass(1)
    tell()
    assert f"{FLOOD} alerts, {FLOOD - 3} firing" in texts(site)[0]


def test_document_lists_every_alert_worst_first() -> None:
    site = make_group_site()
    flood(site, range(20))
    flood(site, range(20, 30), severity="critical")
    flood(site, range(5), "resolved")
    tell()
    file = storm_publish.make_document(site.organization.pk, str(the_storm(site).pk))
    lines = bytes(file.content).decode().splitlines()
    told = [line.split()[0] for line in lines if line.startswith("A")]
    critical = sorted(f"A{n}" for n in range(20, 30))
    firing, over = sorted(f"A{n}" for n in range(5, 20)), sorted(f"A{n}" for n in range(5))
    assert told == [*critical, *firing, *over]


def test_two_topics_of_one_chat_have_a_digest_each() -> None:
    site = make_group_site()
    (channel,) = site.channels
    topic = NotificationChannel.objects.get(pk=channel.pk)
    topic.pk, topic.message_thread_id, topic.name = new_id(), 7, "Topic"
    topic.save(force_insert=True)
    set_channels(COMMAND_LINE, site.route, [channel, topic])
    forget_cached_routes()
    flood(site, range(8))
    tell()
    let_pass(1)
    tell()
    digests = calls(site, state="waiting", method="sendMessage", purpose="digest")
    assert sorted(one.params.get("message_thread_id", 0) for one in digests) == [0, 7]
    assert all("8 alerts, 8 firing" in one.params["text"] for one in digests)
    assert not [one for one in calls(site, state="waiting") if one.purpose != "digest"]


def test_many_chats_of_one_bot_share_what_it_may_say() -> None:
    site = make_site(channels=10)
    Bot.objects.update(per_second=2)
    flood(site, range(3))
    tell()
    assert not Storm.objects.exists(), "three calls to each of ten chats"
    backlog.forget()
    flood(site, range(3, 8))
    tell()
    assert Storm.objects.count() == 10
    assert {one.state for one in calls(site, purpose="group")} <= {"superseded"}


def test_digest_is_the_caption_of_its_document_where_very_many_chats_wait() -> None:
    site = make_site(channels=22)
    Bot.objects.update(per_second=1)
    flood(site, range(1))
    tell()
    backlog.forget()
    flood(site, range(1, 15))
    tell_in_the_end("15 alerts, 15 firing")
    first = calls(site, state="waiting")
    assert [one.method for one in first] == ["sendDocument"] * 22
    for one in first:
        assert not one.params["disable_notification"]
        assert one.files["document"]["render"] == "storm_document"
    storm = Storm.objects.latest("id")
    file = storm_publish.make_document(site.organization.pk, str(storm.pk))
    assert all(f"\nA{n} " in bytes(file.content).decode() for n in range(15))
    leave(site)
    backlog.forget()
    flood(site, range(15, 17))
    tell_in_the_end("17 alerts, 17 firing")
    later = calls(site, state="waiting", purpose="digest")
    assert [one.method for one in later] == ["editMessageMedia"] * 22
    assert {one.document for one in Storm.objects.all()} == {None}


def test_a_call_that_begins_meanwhile_is_not_taken_back() -> None:
    site = make_group_site()
    flood(site, range(2))
    tell()
    flood(site, range(12))
    flood(site, range(2), "resolved")
    loaded = publish_read.load(publish_claim.claim(50).ids, timezone.now())
    division = divide(loaded, timezone.now())
    assert {one.fate for one in division.apart} == {"absorbed"}
    Delivery.objects.filter(state="waiting").update(state="in_flight", attempts=1)
    with transaction.atomic():
        storm_absorb.write(division.apart, [], timezone.now())
    owed = GroupMessage.objects.exclude(owed_at=None)
    assert len(owed) == 2
    assert not Delivery.objects.filter(state="superseded").exists()
    assert all(row.message is not None and row.storm is not None for row in owed)


def test_what_is_seen_after_all_is_not_listed_as_missed() -> None:
    site = make_site()
    flood(site, range(2))
    tell()
    AlertGroup.objects.update(opened_at=timezone.now() - timedelta(minutes=9))
    flood(site, range(2), "resolved")
    loaded = publish_read.load(publish_claim.claim(50).ids, timezone.now())
    division = divide(loaded, timezone.now())
    assert {one.fate for one in division.apart} == {"missed"}
    Delivery.objects.filter(state="waiting").update(state="in_flight", attempts=1)
    with pytest.raises(storm_absorb.Meanwhile), transaction.atomic():
        storm_absorb.write(division.apart, [], timezone.now())


def test_storms_are_purged_with_their_groups() -> None:
    site = make_group_site()
    flood(site, range(FLOOD))
    tell()
    end(site)
    flood(site, range(FLOOD), "resolved")
    let_pass(31)
    tell()
    leave(site)
    let_pass(121)
    tell()
    leave(site)
    assert purge.purge()["storms"] == 0
    long_ago = timezone.now() - timedelta(days=1_000)
    AlertGroup.objects.update(closed_at=long_ago)
    Storm.objects.update(closed_at=long_ago)
    assert purge.purge()["groups"] == FLOOD
    assert not Storm.objects.exists()
    assert not Stream.objects.exists()


def test_broken_storm_keeps_no_other_one_back(caplog: pytest.LogCaptureFixture) -> None:
    one, two = make_group_site(), make_group_site()
    for site in (one, two):
        flood(site, range(FLOOD))
        tell()
        leave(site)
        flood(site, range(FLOOD, FLOOD + 3))
        tell()
    let_pass(61)
    Storm.objects.filter(organization=one.organization).update(shown={"joined": 7})
    tell()
    assert "could not be told" in caplog.text
    assert calls(two, state="waiting", method="editMessageText")
    broken = the_storm(one)
    assert broken.due_at is not None
    assert broken.due_at > timezone.now()


def test_very_many_storms_do_not_keep_groups_waiting() -> None:
    sites = [make_group_site() for _ in range(3)]
    for site in sites:
        flood(site, range(FLOOD))
        tell()
    Storm.objects.update(due_at=timezone.now())
    due = Storm.objects.filter(due_at__lte=timezone.now())
    assert storm_publish.publish_due(at_once=True, seconds=0), "there are more"
    assert due.count() == 2
    tell()
    assert not due.exists(), "a run goes on with them between groups"


def test_nobody_waits_for_a_thousand_storms_of_another_organization() -> None:
    many, one = make_group_site(), make_group_site()
    for site in (many, one):
        flood(site, range(FLOOD))
        tell()
    now = timezone.now()
    storm = the_storm(many)
    others = [
        Storm(
            organization=many.organization,
            channel=storm.channel,
            opened_at=now,
            absorbed_at=now,
            closed_at=now,
            due_at=now - timedelta(minutes=9),
        )
        for _ in range(60)
    ]
    Storm.objects.bulk_create(others)
    Storm.objects.filter(pk=the_storm(one).pk).update(due_at=now)
    claimed = [storm_publish.claim(now) for _ in range(40)]
    assert the_storm(one).pk in [pk for pk, _ in filter(None, claimed)], "one time in 2 ** 40"


def test_disabled_channel_waits_with_its_digest() -> None:
    site = make_group_site()
    flood(site, range(FLOOD))
    tell()
    leave(site)
    flood(site, range(FLOOD), "resolved")
    disable_channel(site.channels[0], "kicked", {})
    let_pass(31)
    tell()
    assert calls(site, state="waiting") == []
    health.enable(COMMAND_LINE, NotificationChannel.objects.get(pk=site.channels[0].pk))
    tell()
    assert f"all {FLOOD} resolved" in texts(site)[0]


def test_it_ends_when_nothing_comes_any_more() -> None:
    site = make_group_site()
    flood(site, range(FLOOD))
    tell()
    leave(site)
    flood(site, range(FLOOD - 2), "resolved")
    tell()
    assert the_storm(site).closed_at is None
    end(site)
    summary = calls(site, method="editMessageText")[-1]
    (notice,) = calls(site, purpose="notice")
    assert "STORM OVER" in summary.params["text"]
    assert f"2 of {FLOOD} still firing" in summary.params["text"]
    assert f"Storm over: {FLOOD - 2} of {FLOOD} resolved, 2 firing" in notice.params["text"]


def test_what_resolves_later_is_in_the_summary_and_what_fires_again_speaks_for_itself() -> None:
    site = make_group_site()
    flood(site, range(FLOOD))
    tell()
    end(site)
    flood(site, range(FLOOD), "resolved")
    let_pass(31)
    tell()
    (edit, reply) = [
        one for one in calls(site, state="waiting") if one.method != "editMessageMedia"
    ]
    assert f"all {FLOOD} resolved" in edit.params["text"]
    assert f"All {FLOOD} alerts" in reply.params["text"]
    leave(site)
    flood(site, [7])
    tell()
    (own,) = calls(site, state="waiting", purpose="group")
    assert own.method == "sendMessage"
    assert not own.params["disable_notification"]
    row = GroupMessage.objects.get(message=own.target)
    assert row.storm is None
    assert the_storm(site).parted == 1
