"""What silences do to messages: from their start to their end, and when nobody was there to see it.

Nothing is sent here: the outbox shows what would be.
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from accounts.models import Organization
from alerts import publish, publish_claim, responding, sweep
from alerts.integrations import create_integration
from alerts.models import AlertGroup, GroupMessage, Route, Silence, TimelineEvent
from alerts.muting import effects as mute_effects
from alerts.muting.silences import Wanted, change_silence, expire_silence
from deliveries.models import SentMessage
from tests.alerts.muting.muted import (
    HOUR,
    calls,
    leave,
    let_pass,
    pass_time,
    settle,
    silence,
)
from tests.alerts.senders import LATER, Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db

DB = {"instance": "db-1"}


def row_of(site: Site) -> GroupMessage:
    return GroupMessage.objects.get(organization=site.organization)


def told(site: Site, *alerts: object) -> None:
    """The channel shows these."""
    site.post(webhook(*alerts))  # type: ignore[arg-type]
    publish.publish_due()
    leave()
    pass_time(HOUR)  # long enough ago that what comes next may ring at once
    assert calls(site) == []


def test_nothing_is_sent_of_what_is_silenced_and_it_is_told_when_that_ends() -> None:
    site = make_site()
    silence(site)
    site.post(webhook(alert()))
    settle()
    row = row_of(site)
    assert calls(site) == []
    assert (row.muted, row.due_at, row.claimed_until, row.published_at) == ("silenced",) + 3 * (
        None,
    )
    assert row.sound_due_at == Silence.objects.get().ends_at
    pass_time(HOUR)
    ((method, text, rings),) = calls(site)
    assert (method, rings) == ("sendMessage", True)
    assert "FIRING warning · InstanceDown" in text
    assert "ilenced" not in text
    assert row_of(site).muted == ""


def test_what_ends_while_nobody_is_there_is_told_by_whoever_comes() -> None:
    """No effect ran between the end and the next start: the row itself says when to look."""
    site = make_site()
    silence(site)
    site.post(webhook(alert()))
    settle()
    let_pass(HOUR)
    sweep.sweep()
    publish.publish_due()
    assert len(calls(site)) == 1


def test_what_resolves_while_it_is_silenced_is_never_told() -> None:
    site = make_site()
    silence(site)
    site.post(webhook(alert()))
    settle()
    site.post(webhook(alert(status="resolved")))
    settle()
    assert calls(site) == []
    assert row_of(site).muted == ""
    pass_time(HOUR)
    assert calls(site) == []


def test_what_fires_and_resolves_at_once_is_never_told_either() -> None:
    site = make_site()
    silence(site)
    site.post(webhook(alert()))
    site.post(webhook(alert(status="resolved")))
    settle()
    pass_time(HOUR)
    assert calls(site) == []


def test_what_resolves_as_the_silence_ends_is_not_told_as_unseen() -> None:
    site = make_site()
    silence(site)
    site.post(webhook(alert()))
    settle()
    let_pass(HOUR)
    site.post(webhook(alert(status="resolved")))
    settle()
    assert calls(site) == []


def test_what_fires_again_after_the_silence_is_told() -> None:
    site = make_site()
    silence(site)
    site.post(webhook(alert()))
    settle()
    site.post(webhook(alert(status="resolved")))
    settle()
    pass_time(HOUR)
    site.post(webhook(alert(startsAt=LATER)))
    settle()
    ((method, _, rings),) = calls(site)
    assert (method, rings) == ("sendMessage", True)


def test_an_event_that_is_silenced_is_never_told() -> None:
    site = make_site()
    silence(site, 'host="nas"')
    site.post({"title": "Backup done", "labels": {"host": "nas"}})
    settle()
    pass_time(HOUR)
    assert calls(site) == []


def test_a_message_says_who_silenced_it_until_when_and_is_quiet() -> None:
    site = make_site()
    told(site, alert())
    made = silence(site, comment="new disks")
    ((method, text, _),) = calls(site)
    assert method == "editMessageText"
    assert f"{made.ends_at:%H:%M} UTC by anna: new disks" in text
    assert "🔇 Silenced until" in text
    assert "FIRING" in text
    leave()
    site.post(webhook(alert(), alert("InstanceDown", labels=DB)))
    settle()
    assert [(method, rings) for method, _, rings in calls(site)] == [("editMessageText", False)]


def test_time_is_told_in_the_channels_zone() -> None:
    site = make_site()
    (channel,) = site.channels
    channel.timezone = "Asia/Kolkata"
    channel.save()
    told(site, alert())
    silence(site)
    ((_, text, _),) = calls(site)
    assert "IST by anna" in text


def test_nothing_is_repeated_while_it_is_silenced() -> None:
    site = make_site()
    Route.objects.update(repeat_interval=7200)
    told(site, alert())
    silence(site, ends_at=timezone.now() + 10 * HOUR)
    leave()
    assert row_of(site).repeat_at is None
    pass_time(3 * HOUR)
    assert calls(site) == []


@pytest.mark.parametrize("how", ["end", "expire", "shorten"])
def test_what_still_burns_is_told_with_a_sound_when_the_silence_ends(how: str) -> None:
    site = make_site()
    told(site, alert())
    made = silence(site)
    leave()
    if how == "expire":
        assert expire_silence(COMMAND_LINE, made)
    elif how == "shorten":
        now = timezone.now()
        change_silence(
            COMMAND_LINE, made, Wanted(made.matchers, made.starts_at, now + HOUR / 60, "", "anna")
        )
        settle()
        leave()
    settle() if how == "expire" else pass_time(HOUR)
    (edit, reply) = calls(site)
    assert edit[0] == "editMessageText"
    assert "ilenced" not in edit[1]
    assert reply[0] == "sendMessage"
    assert reply[1] == "🟡 no longer silenced: InstanceDown · web-1"
    assert reply[2]
    assert row_of(site).shown.get("muted") is None


def test_what_the_chat_did_not_know_before_the_silence_is_new_after_it() -> None:
    """And what it knew is not marked as new beside it."""
    site = make_site()
    told(site, alert())
    silence(site)
    leave()
    site.post(webhook(alert(), alert(labels=DB)))
    settle()
    leave()
    pass_time(HOUR)
    (edit, reply) = calls(site)
    assert reply[1].splitlines() == [
        "🟡 new warning: InstanceDown · db-1",
        "🟡 no longer silenced: InstanceDown · web-1",
    ]
    (new,) = [line for line in edit[1].splitlines() if "🆕" in line]
    assert "db-1" in new


def test_what_fires_anew_within_the_silence_is_new_after_it() -> None:
    site = make_site()
    told(site, alert(), alert(labels=DB))
    silence(site, 'instance="db-1"')
    leave()
    site.post(webhook(alert(), alert(labels=DB, status="resolved")))
    settle()
    later = (timezone.now() + HOUR / 60).isoformat()
    site.post(webhook(alert(), alert(labels=DB, startsAt=later)))
    settle()
    leave()
    pass_time(HOUR)
    assert "new warning: InstanceDown · db-1" in calls(site)[-1][1]


def test_a_longer_silence_is_said_without_a_sound() -> None:
    site = make_site()
    told(site, alert())
    made = silence(site)
    leave()
    later = made.ends_at + HOUR
    change_silence(COMMAND_LINE, made, Wanted(made.matchers, made.starts_at, later, "", "anna"))
    settle()
    ((method, text, _),) = calls(site)
    assert method == "editMessageText"
    assert f"{later:%H:%M} UTC" in text
    assert row_of(site).sound_due_at == later


def test_the_end_of_what_is_silenced_is_shown_and_does_not_sound() -> None:
    site = make_site()
    told(site, alert())
    silence(site)
    leave()
    site.post(webhook(alert(status="resolved")))
    settle()
    ((method, text, _),) = calls(site)
    assert method == "editMessageText"
    assert "RESOLVED" in text
    assert "ilenced" not in text


def test_some_of_a_group() -> None:
    """Those that are silenced are counted, not listed; the others are told as if alone."""
    site = make_site()
    silence(site, 'instance="db-1"')
    site.post(webhook(alert(), alert(labels=DB)))
    settle()
    ((method, text, rings),) = calls(site)
    assert (method, rings) == ("sendMessage", True)
    assert "web-1" in text
    assert "db-1" not in text
    assert "🔇 1 silenced until" in text
    leave()
    row = row_of(site)
    assert row.muted == "silenced"
    _, content = _document(row)
    assert "FIRING warning silenced" in content
    assert "db-1" in content
    pass_time(HOUR)
    (edit, reply) = calls(site)
    assert "db-1" in edit[1]
    assert "new warning: InstanceDown · db-1" in reply[1]
    assert "web-1" not in reply[1]


def _document(row: GroupMessage) -> tuple[str, str]:
    made = publish.make_document(row.organization_id, str(row.pk))
    content = made.content
    assert isinstance(content, bytes)
    return made.filename, content.decode()


def test_who_was_rung_for_the_others_hears_that_they_are_over() -> None:
    site = make_site()
    told(site, alert(), alert(labels=DB))
    silence(site, 'instance="db-1"')
    leave()
    site.post(webhook(alert(status="resolved"), alert(labels=DB)))
    settle()
    (edit, reply) = calls(site)
    assert "FIRING" in edit[1]
    assert "resolved" in reply[1]
    assert "db-1" not in reply[1]


def test_two_silences_hold_until_the_last_one_ends() -> None:
    site = make_site()
    silence(site)
    silence(site, 'severity="warning"', ends_at=timezone.now() + 2 * HOUR, author="bob")
    site.post(webhook(alert()))
    settle()
    pass_time(HOUR)
    assert calls(site) == []
    pass_time(HOUR)
    assert len(calls(site)) == 1


def test_a_silence_that_is_to_come_holds_from_its_start() -> None:
    site = make_site()
    told(site, alert())
    now = timezone.now()
    silence(site, starts_at=now + HOUR, ends_at=now + 2 * HOUR)
    assert calls(site) == []
    assert Silence.objects.get().due_at is not None
    pass_time(HOUR)
    ((_, text, _),) = calls(site)
    assert "Silenced until" in text
    assert Silence.objects.get().due_at is None


def test_the_timeline_says_who_silenced_it_once_for_each_silence() -> None:
    site = make_site(channels=2)
    told(site, alert())
    made = silence(site, comment="new disks")
    silence(site, 'severity="warning"', author="bob")
    settle()
    rows = TimelineEvent.objects.filter(kind="silenced").order_by("id")
    assert [row.actor_name for row in rows] == ["anna", "bob"]
    assert rows[0].data == {
        "silence": str(made.pk),
        "until": made.ends_at.isoformat(),
        "why": "new disks",
    }


def test_another_organizations_silence_holds_for_nobody_else() -> None:
    site, other = make_site(), make_site()
    silence(other)
    site.post(webhook(alert()))
    settle()
    assert len(calls(site)) == 1


def test_group_wait_is_waited_for_though_a_silence_changes() -> None:
    site = make_site()
    Route.objects.update(group_wait=3600)
    payload = {**webhook(alert()), "groupKey": ""}
    site.post(payload)
    before = row_of(site).due_at
    silence(site, 'severity="warning"')
    assert row_of(site).due_at == before
    assert calls(site) == []


def test_what_waits_to_leave_leaves_without_a_sound() -> None:
    site = make_site()
    site.post(webhook(alert()))
    publish.publish_due()
    silence(site)
    ((method, text, rings),) = calls(site)
    assert (method, rings) == ("sendMessage", False)
    assert "Silenced" in text
    pass_time(HOUR)
    ((_, text, rings),) = calls(site)
    assert rings
    assert "Silenced" not in text


def test_a_lost_message_is_not_sent_anew_while_it_is_silenced() -> None:
    site = make_site()
    told(site, alert())
    silence(site)
    leave()
    SentMessage.objects.update(state="forgotten")
    sweep.sweep()
    publish.publish_due()
    sweep.sweep()
    assert publish.publish_due() == 0, "nothing is looked at over and over"
    assert calls(site) == []
    pass_time(HOUR)
    assert any(method == "sendMessage" and "FIRING" in text for method, text, _ in calls(site))


def test_an_acknowledgement_is_shown_without_waking_what_is_held_back() -> None:
    site = make_site()
    silence(site)
    site.post(webhook(alert()))
    settle()
    responding.acknowledge(COMMAND_LINE, AlertGroup.objects.get())
    settle()
    assert calls(site) == []


@pytest.mark.parametrize("number", [1, 12])
def test_how_many_queries_silences_cost(number: int) -> None:
    site = make_site()
    silence(site, 'severity="warning"')
    for one in range(number):
        site.post(webhook(alert(f"A{one}"), groupKey=f"group {one}"))
    publish.publish_due()  # what is remembered is remembered
    GroupMessage.objects.update(due_at=timezone.now())
    claimed = publish_claim.claim(100)
    with CaptureQueriesContext(connection) as queries:
        publish.publish_claimed(claimed)
    assert len(claimed.ids) == number
    assert len(queries) <= 11


def test_expired_silences_cost_nothing() -> None:
    site = make_site()
    silence(site)
    pass_time(HOUR)
    organization = Organization.objects.get(pk=site.organization.pk)
    site.post(webhook(alert()))
    publish.publish_due()
    assert organization.muting_version
    GroupMessage.objects.update(due_at=timezone.now())
    claimed = publish_claim.claim(100)
    with CaptureQueriesContext(connection) as queries:
        publish.publish_claimed(claimed)
    assert not [one for one in queries if "alerts_silence" in one["sql"]]


def test_alerts_are_read_once_for_all_silences_that_are_due() -> None:
    site = make_site()
    told(site, alert(), alert("DiskFull"))
    for name in ("InstanceDown", "DiskFull", "Other"):
        silence(site, f'alertname="{name}"')
    Silence.objects.update(due_at=timezone.now())
    with CaptureQueriesContext(connection) as queries:
        assert mute_effects.apply_due() == 1
    reads = [one["sql"] for one in queries if 'FROM "alerts_alert"' in one["sql"]]
    assert (
        len([sql for sql in reads if "labels" in sql]) == 2
    )  # its rows, and that there are no more
    assert not Silence.objects.exclude(due_at=None).filter(due_at__lte=timezone.now()).exists()


def test_a_silence_of_one_integration_wakes_no_other_ones_messages() -> None:
    site = make_site()
    told(site, alert())
    other, _ = create_integration(COMMAND_LINE, site.organization, "Other")
    silence(site, integration=other)
    Silence.objects.update(due_at=timezone.now())
    assert mute_effects.apply_due() == 0
    assert Silence.objects.get().due_at is None
    silence(site, "alertname=DiskFull")
    Silence.objects.update(due_at=timezone.now())
    assert mute_effects.apply_due() == 0  # nor do the matchers of the one count for the other
    silence(site, "alertname=DiskFull", integration=site.integration)
    silence(site, integration=site.integration)
    Silence.objects.update(due_at=timezone.now())
    assert mute_effects.apply_due() == 1


def test_effects_are_done_once_and_again_after_a_change_meanwhile() -> None:
    site = make_site()
    told(site, alert())
    made = silence(site)
    assert mute_effects.apply_due() == 0
    Silence.objects.update(due_at=timezone.now(), updated_at=timezone.now())
    assert mute_effects.apply_due() == 1
    assert Silence.objects.get(pk=made.pk).due_at is None
