"""What is taken over, when, and when that ends."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from alerts import publish, publish_claim
from alerts.fallbacks import changes as fallbacks
from alerts.fallbacks import read as fallback_read
from alerts.fallbacks import watch as fallback_watch
from alerts.models import (
    AlertGroup,
    Fallback,
    FallbackCall,
    GroupMessage,
    Storm,
    TakeOver,
    TimelineEvent,
)
from channels_app.channels import disable_channel
from channels_app.models import Bot, Chat
from deliveries.models import Delivery, Trouble
from tests.alerts.fallbacks.stage import (
    deliver,
    grave,
    let_pass,
    make_stage,
    of_group,
    sweep,
)
from tests.alerts.senders import Site, alert, webhook

pytestmark = pytest.mark.django_db


def telegram_is_down(site: Site) -> None:
    publish.publish_due()


def nobody_publishes(site: Site) -> None:
    pass


def publisher_died(site: Site) -> None:
    publish_claim.claim(10)


def channel_is_disabled(site: Site) -> None:
    disable_channel(site.channels[0], "blocked by the user", {})
    publish.publish_due()


def disabled_with_calls_parked(site: Site) -> None:
    publish.publish_due()
    disable_channel(site.channels[0], "blocked by the user", {})
    Delivery.objects.update(state="parked")


def bot_is_disabled(site: Site) -> None:
    Bot.objects.update(enabled=False, disabled_reason="wrong token")
    publish.publish_due()


def telegram_refused_it(site: Site) -> None:
    publish.publish_due()
    Delivery.objects.update(state="dead", attempts=1, settled_at="2099-01-01T00:00:00Z")


WAYS = [
    (telegram_is_down, "no worker is sending"),
    (nobody_publishes, "not put into a message yet"),
    (publisher_died, "not put into a message yet"),
    (channel_is_disabled, "the channel is disabled: blocked by the user"),
    (disabled_with_calls_parked, "the channel is disabled"),
    (bot_is_disabled, "the bot is disabled: wrong token"),
    (telegram_refused_it, "it was refused"),
]


@pytest.mark.parametrize(("happens", "reason"), WAYS)
def test_whatever_keeps_it_from_the_chat_it_is_taken_over_once(
    happens: Callable[[Site], None], reason: str
) -> None:
    site, _ = make_stage()
    site.post(webhook(grave()))
    happens(site)
    let_pass(4)
    assert sweep() == 0, "not before its time"
    let_pass(2)
    assert sweep() == 1
    taken = TakeOver.objects.get()
    assert reason in taken.reason
    assert (taken.news, taken.ended_at) == ("", None)
    let_pass(10)
    assert sweep() == 0
    assert FallbackCall.objects.count() == 1
    line = TimelineEvent.objects.get(kind="fallback")
    assert "by e-mail to ada@example.org" in line.data["why"]


@pytest.mark.parametrize(
    ("severity", "threshold", "taken"),
    [
        ("critical", "critical", True),
        ("high", "critical", False),
        ("high", "high", True),
        ("warning", "high", False),
        ("critical", "info", True),
    ],
)
def test_the_threshold(severity: str, threshold: str, taken: bool) -> None:
    site, _ = make_stage(threshold=threshold)
    site.post(webhook(alert(labels={"severity": severity})))
    let_pass(6)
    assert sweep() == taken


def test_what_the_chat_shows_is_not_taken_over() -> None:
    site, _ = make_stage()
    site.post(webhook(grave()))
    publish.publish_due()
    deliver()
    let_pass(60)
    assert sweep() == 0


def test_an_edit_that_is_late_says_nothing_new() -> None:
    """The chat shows the alert; only its text has changed since."""
    site, _ = make_stage()
    site.post(webhook(grave()))
    publish.publish_due()
    deliver()
    let_pass(60)
    site.post(webhook(grave(annotations={"summary": "another text"})))
    GroupMessage.objects.update(due_at="2026-01-01T00:00:00Z")
    publish.publish_due()
    assert Delivery.objects.filter(state="waiting").exists()
    let_pass(60)
    assert sweep() == 0
    assert not TakeOver.objects.exists()


def test_a_grave_alert_that_joins_a_shown_group_is_taken_over() -> None:
    site, _ = make_stage()
    site.post(webhook(grave()))
    publish.publish_due()
    deliver()
    let_pass(60)
    site.post(webhook(grave(), grave("Other")))
    GroupMessage.objects.update(due_at="2026-01-01T00:00:00Z")
    publish.publish_due()
    let_pass(6)
    assert sweep() == 1


def test_a_mild_alert_that_joins_a_shown_grave_group_is_not() -> None:
    site, _ = make_stage()
    site.post(webhook(grave()))
    publish.publish_due()
    deliver()
    let_pass(60)
    site.post(webhook(grave(), alert("Other")))
    GroupMessage.objects.update(due_at="2026-01-01T00:00:00Z")
    publish.publish_due()
    let_pass(6)
    assert sweep() == 0
    assert not TakeOver.objects.exists()


def test_what_somebody_acknowledged_is_not_taken_over() -> None:
    site, _ = make_stage()
    site.post(webhook(grave()))
    let_pass(6)
    AlertGroup.objects.update(acknowledged_at="2099-01-01T00:00:00Z")
    assert sweep() == 0


def test_events_count_though_they_never_fire() -> None:
    site, _ = make_stage()
    site.post({"title": "Backup failed", "severity": "critical"})
    let_pass(6)
    assert sweep() == 1


def test_a_group_wait_is_not_counted() -> None:
    site, _ = make_stage()
    site.route.group_wait = 600
    site.route.save()
    site.post({"title": "Down", "status": "firing", "severity": "critical"})
    let_pass(6)
    assert sweep() == 0


def test_delivered_after_all_is_told_once() -> None:
    site, _ = make_stage()
    site.post(webhook(grave()))
    publish.publish_due()
    let_pass(6)
    assert sweep() == 1
    FallbackCall.objects.update(state="accepted")
    let_pass(2)
    deliver()
    assert sweep() == 1
    taken = TakeOver.objects.get()
    assert (taken.end, taken.news) == ("delivered", "")
    assert FallbackCall.objects.get(event="over").content["subject"].endswith("delivered at last")
    let_pass(2)
    site.post(webhook(grave(status="resolved")))
    assert sweep() == 0


def test_resolved_is_told_once_and_not_before_the_first_word_was_taken() -> None:
    site, _ = make_stage()
    site.post(webhook(grave()))
    let_pass(6)
    assert sweep() == 1
    site.post(webhook(grave(status="resolved")))
    let_pass(2)
    assert sweep() == 0, "the mail server has not taken the first mail yet"
    FallbackCall.objects.update(state="accepted")
    assert sweep() == 1
    assert TakeOver.objects.get().end == "resolved"
    let_pass(5)
    assert sweep() == 0


def test_more_grave_news_of_a_group_that_was_taken_over_are_told() -> None:
    site, _ = make_stage()
    site.post(webhook(grave()))
    publish.publish_due()
    let_pass(6)
    assert sweep() == 1
    site.post(webhook(grave(), grave("Other")))
    publish.publish_due()
    assert sweep() == 0
    let_pass(6)
    assert sweep() == 1
    assert TakeOver.objects.count() == 1
    assert sweep() == 0


def test_a_group_that_is_undelivered_again_later_is_taken_over_again() -> None:
    site, _ = make_stage()
    site.post(webhook(grave()))
    publish.publish_due()
    let_pass(6)
    sweep()
    deliver()
    sweep()
    FallbackCall.objects.update(state="accepted")
    let_pass(30)
    sweep()
    site.post(webhook(grave(), grave("Other")))
    let_pass(6)
    assert sweep() == 1
    assert TakeOver.objects.count() == 2


def test_a_fallback_that_is_switched_off_says_nothing_more() -> None:
    site, fallback = make_stage()
    site.post(webhook(grave()))
    let_pass(6)
    sweep()
    FallbackCall.objects.update(state="accepted")
    fallbacks.set_fallback(COMMAND_LINE, site.channels[0], enabled=False)
    let_pass(6)
    assert sweep() == 0
    assert TakeOver.objects.get().end == "dropped"
    assert Fallback.objects.get(pk=fallback.pk).enabled is False


@pytest.mark.parametrize(("kind", "calls"), [("email", 1), ("webhook", 1)])
def test_many_groups_at_once_are_one_call(kind: str, calls: int) -> None:
    where: dict[str, dict[str, Any]] = {
        "email": {"addresses": ["ada@example.org"]},
        "webhook": {"url": "https://a.example/"},
    }
    site, _ = make_stage(kind=kind, **where[kind])
    for number in range(21):
        site.post(of_group(grave(f"Down{number}"), name=f"g{number}"))
    let_pass(6)
    assert sweep() == calls
    assert TakeOver.objects.exclude(call=None).count() == 21
    content = FallbackCall.objects.get().content
    if kind == "webhook":
        assert [one["group"]["title"] for one in content["body"]["items"]]
        assert (content["body"]["event"], len(content["body"]["items"])) == ("list", 21)
    else:
        assert "21 alert groups undelivered" in content["subject"]
        assert all(f"Down{number}" in content["text"] for number in range(21))


def test_a_few_groups_at_once_are_a_post_each() -> None:
    site, _ = make_stage(kind="webhook", url="https://a.example/")
    for number in range(3):
        site.post(of_group(grave(f"Down{number}"), name=f"g{number}"))
    let_pass(6)
    assert sweep() == 3


def test_a_mail_a_minute_and_the_rest_merged() -> None:
    site, _ = make_stage()
    for number in range(3):
        site.post(of_group(grave(f"Down{number}"), name=f"g{number}"))
        let_pass(6)
        sweep()
        FallbackCall.objects.update(
            created_at="2099-01-01T00:00:00Z", not_before="2099-01-01T00:00:00Z"
        )
    assert FallbackCall.objects.count() == 1
    FallbackCall.objects.update(created_at="2026-01-01T00:00:00Z")
    assert sweep() == 1
    newest = FallbackCall.objects.order_by("id").last()
    assert newest is not None
    assert "2 alert groups undelivered" in newest.content["subject"]


def test_two_sweeps_at_once_take_over_once() -> None:
    site, fallback = make_stage()
    site.post(webhook(grave()))
    let_pass(6)
    stale = {fallback.channel_id: fallback}
    now = timezone.now()
    assert fallback_watch.take_over(stale, now) == 1
    looks = list(fallback_read.look(fallback_read.owed([fallback.channel_id], now), now))
    assert len(looks) == 1
    TakeOver.objects.bulk_create(
        [
            TakeOver(
                organization=site.organization,
                fallback=fallback,
                group_message=looks[0].row,
                undelivered_since=now,
                taken_at=now,
                told_until=now,
                looked_at=now,
                news="undelivered",
            )
        ],
        ignore_conflicts=True,
    )
    assert TakeOver.objects.count() == 1


def test_channels_without_a_fallback_cost_next_to_nothing() -> None:
    site, fallback = make_stage()
    fallbacks.remove_fallback(COMMAND_LINE, fallback)
    site.post(webhook(grave()))
    let_pass(6)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert sweep() == 0
    assert len(seen) <= 6


def test_the_number_of_queries_does_not_grow_with_the_groups() -> None:
    site, _ = make_stage()
    counts = []
    for round_ in range(2):
        for number in range(1 + 4 * round_):
            site.post(of_group(grave(f"Down{number}"), name=f"{round_}-{number}"))
        let_pass(6)
        with CaptureQueriesContext(connection) as seen:
            assert sweep() == 1
        counts.append(len(seen))
        let_pass(6)
    assert counts[1] <= counts[0] + 4, counts


def test_admins_hear_that_it_was_used_until_the_chat_shows_all() -> None:
    site, _ = make_stage()
    site.post(webhook(grave()))
    publish.publish_due()
    sweep()
    assert not Trouble.objects.exists()
    let_pass(10)
    sweep()
    trouble = Trouble.objects.get()
    assert (trouble.kind, trouble.organization, trouble.number) == (
        "fallback",
        site.channels[0].organization,
        1,
    )
    sweep()
    assert Trouble.objects.get().recovered_at is None
    deliver()
    sweep()
    assert not Trouble.objects.filter(recovered_at=None).exists()


def digest_waits() -> None:
    publish.publish_due()


def digest_is_not_made() -> None:
    """Whoever published died between the groups and their digest."""
    publish.publish_claimed(publish_claim.claim(100))
    Storm.objects.update(due_at=None)


@pytest.mark.parametrize("happens", [digest_waits, digest_is_not_made])
def test_what_a_digest_is_to_tell_is_owed_until_the_digest_is_there(
    happens: Callable[[], None],
) -> None:
    site, _ = make_stage()
    Chat.objects.update(type="supergroup")
    for number in range(30):
        site.post(of_group(grave(f"Down{number}"), name=f"{number}"))
    happens()
    assert GroupMessage.objects.filter(storm__isnull=False).count() == 30
    let_pass(4)
    assert sweep() == 0
    let_pass(2)
    assert sweep() == 1, "all in one mail"
    assert TakeOver.objects.filter(ended_at=None).count() == 30


def test_what_a_digest_has_told_is_not_taken_over() -> None:
    site, _ = make_stage()
    Chat.objects.update(type="supergroup")
    for number in range(30):
        site.post(of_group(grave(f"Down{number}"), name=f"{number}"))
    publish.publish_due()
    assert GroupMessage.objects.filter(storm__isnull=False).count() == 30
    deliver()
    let_pass(60)
    assert sweep() == 0
    assert not TakeOver.objects.exists()
