"""What is assigned to somebody, told them in private: whom, when, and in how many messages."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F

from accounts.audit import Actor
from accounts.models import Organization, Way
from alerts import responding
from alerts.models import AlertGroup
from channels_app.models import Bot, Chat
from chatops.linking.preferences import quiet_end
from chatops.models import AssignedNotice, TelegramIdentity
from chatops.personal import assigned
from deliveries import clock
from languages.speaking import gettext, ngettext, pgettext, speaking
from tests.chatops.conftest import Talk
from tests.chatops.stage import Stage, make_stage

BERT = Actor("Bert", Way.CONSOLE)


@pytest.fixture
def stage(talk: Talk) -> Stage:
    """Ada wants to be told."""
    stage = make_stage(talk)
    stage.asks(stage.ada, "/settings assigned on")
    return stage


def assign(stage: Stage, *names: str, by: Actor = BERT) -> None:
    for name in names:
        assert responding.assign(by, stage.group_row(name), stage.member.user)


def told(stage: Stage) -> list[str]:
    """What is told in private when the sweep comes by."""
    known = len(stage.talk.messages(stage.ada))
    assigned.tell_due()
    stage.talk.settle()
    return [one.text for one in stage.talk.messages(stage.ada)[known:]]


def be_quiet(hours: float = 1) -> None:
    """From an hour ago for so many more."""
    now = clock.now()
    TelegramIdentity.objects.update(
        timezone="UTC",
        quiet_from=(now - timedelta(hours=1)).time(),
        quiet_until=(now + timedelta(hours=hours)).time(),
    )


def quiet_is_over() -> None:
    TelegramIdentity.objects.update(quiet_from=None, quiet_until=None)
    AssignedNotice.objects.update(due_at=F("due_at") - timedelta(hours=2))


def test_the_alert_comes_in_private_once(stage: Stage) -> None:
    stage.fire("HighCPU", labels={"severity": "warning", "instance": "web-1"})
    assign(stage, "HighCPU")
    (said,) = told(stage)
    assert said.startswith("👤 Assigned to you by Bert\n\n")
    assert "HighCPU" in said
    assert "web-1" in said
    assert told(stage) == []
    assert not AssignedNotice.objects.exists()
    assert responding.assign(BERT, stage.group_row("HighCPU"), None)
    assign(stage, "HighCPU")
    assert len(told(stage)) == 1, "given anew, told anew"


def test_several_come_in_one_message(stage: Stage) -> None:
    stage.fire("HighCPU", "DiskFull", "Slow")
    assign(stage, "HighCPU", "DiskFull", "Slow")
    (said,) = told(stage)
    assert said.startswith("👤 Assigned to you: 3 alerts\n")
    assert [name in said for name in ("HighCPU", "DiskFull", "Slow")] == [True] * 3
    assert said.count("by Bert") == 3


def test_it_is_off_until_they_say_so(talk: Talk) -> None:
    stage = make_stage(talk)
    stage.asks(stage.ada, "/start")
    stage.fire("HighCPU")
    assign(stage, "HighCPU")
    assert told(stage) == []
    assert not AssignedNotice.objects.exists()


def test_what_they_took_themselves_is_no_news(stage: Stage) -> None:
    stage.fire("HighCPU")
    assign(stage, "HighCPU", by=Actor("Ada", Way.CONSOLE, stage.member.user))
    assert told(stage) == []


def test_settings(stage: Stage) -> None:
    row = TelegramIdentity.objects.get(telegram_id=stage.ada.id)
    assert (row.tell_assigned, row.direct_messages) == (True, True)
    assert "What is assigned to you: off" in stage.asks(stage.ada, "/settings direct off")
    stage.fire("HighCPU")
    assign(stage, "HighCPU")
    assert told(stage) == [], "no direct messages, and so none of these"
    assert stage.press(stage.ada, stage.ada, "What is assigned to me on") == "Changed."
    row.refresh_from_db()
    assert (row.tell_assigned, row.direct_messages) == (True, True)
    assert "What is assigned to you: off" in stage.asks(stage.ada, "/settings assigned off")


@pytest.mark.parametrize("why", ["never started", "blocked", "bot off", "no member", "inactive"])
def test_who_can_not_be_told(stage: Stage, why: str) -> None:
    stage.fire("HighCPU")
    assign(stage, "HighCPU")
    match why:
        case "never started":
            Chat.objects.filter(chat_id=stage.ada.id).update(chat_id=1)
        case "blocked":
            Chat.objects.filter(chat_id=stage.ada.id).update(blocked_at=clock.now())
        case "bot off":
            Bot.objects.update(enabled=False)
        case "no member":
            stage.member.delete()
        case _:
            stage.member.user.is_active = False
            stage.member.user.save()
    assert told(stage) == []
    assert not AssignedNotice.objects.exists(), "it does not wait for ever"


def test_quiet_hours_hold_back_and_then_tell_in_one_message(stage: Stage) -> None:
    stage.fire("HighCPU", "DiskFull", "Slow", "Gone", "Bobs", severity="warning")
    be_quiet()
    assign(stage, "HighCPU", "DiskFull")
    assert told(stage) == []
    assign(stage, "Slow", "Gone", "Bobs")
    assert told(stage) == []
    held = AssignedNotice.objects.values_list("due_at", flat=True)
    assert all(timedelta(minutes=55) < at - clock.now() <= timedelta(hours=1) for at in held)
    AlertGroup.objects.filter(pk=stage.group_row("Gone").pk).update(is_open=False)
    assert responding.assign(BERT, stage.group_row("Bobs"), None)
    quiet_is_over()
    (said,) = told(stage)
    assert said.startswith("👤 Assigned to you: 3 alerts, some in your quiet hours\n")
    assert "Gone" not in said
    assert "Bobs" not in said
    assert not AssignedNotice.objects.exists()


def test_what_is_critical_is_told_in_quiet_hours(stage: Stage) -> None:
    stage.fire("HighCPU", labels={"severity": "critical"})
    stage.fire("DiskFull", labels={"severity": "warning"})
    be_quiet()
    assign(stage, "HighCPU", "DiskFull")
    (said,) = told(stage)
    assert "HighCPU" in said
    assert told(stage) == []
    AlertGroup.objects.filter(pk=stage.group_row("DiskFull").pk).update(severity="critical")
    (said,) = told(stage)
    assert "DiskFull" in said
    assert "in your quiet hours" in said


def test_one_message_where_several_bots_could_tell(stage: Stage) -> None:
    other = Bot.objects.get(pk=stage.talk.bot.pk)
    other.pk, other.telegram_id = None, 4711
    other.save(force_insert=True)
    Chat.objects.create(
        pk=UUID(int=1),
        organization=stage.talk.organization,
        bot=other,
        chat_id=stage.ada.id,
        type="private",
    )
    user = stage.member.user
    TelegramIdentity.objects.create(
        user=user, bot=other, telegram_id=stage.ada.id, name="Ada", tell_assigned=True
    )
    stage.fire("HighCPU")
    for groups, bot in (([stage.group_row("HighCPU").pk], stage.talk.bot), ([], other)):
        way = assigned.way_to(stage.talk.organization.pk, user.pk, groups)
        assert way is not None
        assert (way.chat.bot_id, way.identity.bot_id) == (bot.pk, bot.pk)


def test_an_organization_tells_no_member_of_another(stage: Stage, talk: Talk) -> None:
    way = assigned.way_to(talk.organization.pk, stage.member.user.pk)
    assert way is not None
    stage.member.delete()
    assert assigned.way_to(talk.organization.pk, stage.member.user_id) is None


@pytest.mark.parametrize(
    ("now", "hours", "zone", "expected"),
    [
        ("2026-03-10T21:59", (22, 7), "UTC", None),
        ("2026-03-10T22:00", (22, 7), "UTC", "2026-03-11T07:00"),
        ("2026-03-11T06:59", (22, 7), "UTC", "2026-03-11T07:00"),
        ("2026-03-11T07:00", (22, 7), "UTC", None),
        ("2026-03-11T13:00", (12, 14), "UTC", "2026-03-11T14:00"),
        ("2026-03-11T05:30", (22, 7), "Europe/Berlin", "2026-03-11T06:00"),
        ("2026-03-28T22:30", (22, 7), "Europe/Berlin", "2026-03-29T05:00"),
    ],
)
def test_when_quiet_hours_end(
    now: str, hours: tuple[int, int], zone: str, expected: str | None
) -> None:
    identity = TelegramIdentity(quiet_from=time(hours[0]), quiet_until=time(hours[1]))
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    wanted = datetime.fromisoformat(expected).replace(tzinfo=UTC) if expected else None
    assert quiet_end(identity, at, ZoneInfo(zone)) == wanted


@pytest.mark.parametrize(
    ("chosen", "app", "organization", "expected"),
    [("ru", "de", "es", "ru"), ("", "de", "es", "de"), ("", "", "es", "es")],
)
def test_it_is_told_in_the_persons_language(
    stage: Stage, chosen: str, app: str, organization: str, expected: str
) -> None:
    TelegramIdentity.objects.update(language=chosen, app_language=app)
    Organization.objects.update(language=organization)
    stage.fire("HighCPU", "DiskFull")
    assign(stage, "HighCPU")
    with speaking(expected):
        lead = gettext("Assigned to you by {name}").format(name="Bert")
    assert told(stage)[0].startswith(f"👤 {lead}\n\n")
    assign(stage, "DiskFull")
    be_quiet()
    assert told(stage) == []
    quiet_is_over()
    with speaking(expected):
        lead = gettext("Assigned to you by {name} in your quiet hours").format(name="Bert")
    assert told(stage)[0].startswith(f"👤 {lead}\n\n")


def test_several_are_told_in_the_persons_language(stage: Stage) -> None:
    TelegramIdentity.objects.update(language="ru")
    stage.fire("HighCPU", "DiskFull")
    assign(stage, "HighCPU", "DiskFull")
    with speaking("ru"):
        many = ngettext("Assigned to you: {count} alert", "Assigned to you: {count} alerts", 2)
        by = pgettext("assigned", "by {name}").format(name="Bert")
    (said,) = told(stage)
    assert said.startswith(f"👤 {many.format(count=2)}\n")
    assert said.count(by) == 2
