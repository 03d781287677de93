"""Troubles are seen, told once and at most hourly, and so is their end."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import override_settings
from django.urls import resolve
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from accounts.models import Role
from channels_app.bots import disable_bot
from channels_app.models import NotificationChannel
from deliveries import health, lanes, tally, trouble_sight, troubles
from deliveries.advice import ADVICE, Problem
from deliveries.models import Delivery, Lane, Mark, Trouble
from deliveries.trouble_rules import Kind, Seen
from tests.deliveries.conftest import Stage, until
from tests.factories import make_membership, make_user

pytestmark = pytest.mark.django_db(transaction=True)

SAID = "Forbidden: bot was blocked by the user"


@pytest.fixture
def admin(stage: Stage) -> Stage:
    """The stage's organization, with an admin and a responder."""
    for role, email in ((Role.ADMIN, "admin@example.org"), (Role.RESPONDER, "other@example.org")):
        make_membership(organization=stage.organization, role=role, user=make_user(email=email))
    return stage


def sweep() -> None:
    """One look, whoever's turn it is, and its mails."""
    Mark.objects.filter(name=troubles.TURN).delete()
    assert troubles.sweep()
    mails_are_out()


def mails_are_out() -> None:
    troubles._mail.submit(lambda: None).result(60)


def pass_time(**span: float) -> None:
    """As if all that happened had happened so much earlier."""
    for row in Trouble.objects.all():
        for name in ("opened_at", "tell_at", "told_at", "recovered_at", "again_at"):
            at = getattr(row, name)
            if at is not None:
                setattr(row, name, at - timedelta(**span))
        row.recovery_told_at = row.recovery_told_at and row.recovery_told_at - timedelta(**span)
        row.save()


def subjects() -> list[str]:
    return [str(told.subject) for told in mail.outbox]


def blocked(stage: Stage) -> NotificationChannel:
    channel, _ = stage.channel()
    health.disable(channel, Problem.BLOCKED, SAID)
    channel.refresh_from_db()
    return channel


def test_the_mail_names_the_organization_and_the_page(admin: Stage) -> None:
    channel = blocked(admin)
    sweep()
    (told,) = mail.outbox
    assert told.subject == f"[{admin.organization.name}] Channel {channel.name} was disabled"
    assert told.bcc == ["admin@example.org"]
    assert SAID in told.body
    assert str(ADVICE[Problem.BLOCKED]) in told.body
    page = told.body.strip().rpartition("\n")[2]
    assert page.startswith(f"{settings.SITE_URL}/")
    found = resolve(urlsplit(page).path)
    assert found.url_name == "channels_app_notificationchannel_change"
    assert found.kwargs["object_id"] == str(channel.pk)


def test_it_is_told_once_then_hourly_then_its_end(admin: Stage) -> None:
    channel = blocked(admin)
    for _ in range(3):
        sweep()
    assert len(mail.outbox) == 1
    pass_time(minutes=59)
    sweep()
    assert len(mail.outbox) == 1
    pass_time(minutes=2)
    sweep()
    assert len(mail.outbox) == 2
    pass_time(minutes=61)
    sweep()
    assert len(mail.outbox) == 2, "the second repeat comes after two hours"
    health.enable(COMMAND_LINE, channel)
    for _ in range(3):
        sweep()
    assert subjects()[2:] == [f"[{admin.organization.name}] Channel {channel.name} works again"]


def test_what_flaps_is_not_told_each_time(admin: Stage) -> None:
    channel = blocked(admin)
    for _ in range(4):
        sweep()
        health.enable(COMMAND_LINE, channel)
        sweep()
        pass_time(minutes=5)
        health.disable(channel, Problem.BLOCKED, SAID)
        channel.refresh_from_db()
    assert len(mail.outbox) == 2, "once, and its end once"
    pass_time(minutes=60)
    sweep()
    assert len(mail.outbox) == 3
    assert Trouble.objects.count() <= 2


def test_two_workers_tell_once(admin: Stage) -> None:
    blocked(admin)
    now = lanes.Clock().time()
    troubles._note(trouble_sight.look(now), now)
    together = threading.Barrier(2)

    def tell() -> None:
        try:
            together.wait(60)
            troubles.tell(now)
        finally:
            connection.close()

    threads = [threading.Thread(target=tell) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mails_are_out()
    assert len(mail.outbox) == 1


def test_of_two_sweeps_at_once_one_is_enough(stage: Stage) -> None:
    assert troubles.sweep()
    assert not troubles.sweep()


def test_a_mail_that_a_crash_lost_is_repeated_after_an_hour(admin: Stage) -> None:
    blocked(admin)
    now = lanes.Clock().time()
    troubles._note(trouble_sight.look(now), now)
    (row,) = Trouble.objects.all()
    assert troubles._claim(row, now)  # and the process is killed here
    sweep()
    assert mail.outbox == []
    pass_time(minutes=61)
    sweep()
    assert len(mail.outbox) == 1


# --- what is seen ---------------------------------------------------------------------------------


def late(stage: Stage) -> None:
    stage.send(stage.channel()[0], due_at=stage.ago(400))


def unreachable(stage: Stage) -> None:
    Lane.objects.create(bot=stage.bot, failures=3, trouble="no route to host")


def dead(stage: Stage) -> None:
    message = stage.send(stage.channel()[0])
    Delivery.objects.filter(target=message).update(
        state=Delivery.State.DEAD, settled_at=timezone.now()
    )


def bot_disabled(stage: Stage) -> None:
    disable_bot(stage.bot, ADVICE[Problem.WRONG_TOKEN].wrong)


def switched_off(stage: Stage) -> None:
    health.switch_off(COMMAND_LINE, stage.channel()[0])


def silent(stage: Stage) -> None:
    Mark.objects.create(name=tally.DISPATCHED, at=stage.ago(100))


def nothing(stage: Stage) -> None:
    stage.send(stage.channel()[0], due_at=stage.ago(200))


SEEN: list[tuple[Callable[[Stage], Any], list[str]]] = [
    (nothing, []),
    (switched_off, []),
    (late, [Kind.LATE]),
    (unreachable, [Kind.BOT_UNREACHABLE]),
    (dead, [Kind.DEAD_LETTERS]),
    (bot_disabled, [Kind.BOT_DISABLED]),
    (blocked, [Kind.CHANNEL_DISABLED]),
    (silent, [Kind.DISPATCHING]),
]


@pytest.mark.parametrize(("happens", "kinds"), SEEN, ids=[happens.__name__ for happens, _ in SEEN])
def test_what_is_seen(stage: Stage, happens: Callable[[Stage], Any], kinds: list[str]) -> None:
    happens(stage)
    found = trouble_sight.look(lanes.Clock().time())
    assert [one.kind for one in found] == kinds
    installation = kinds == [Kind.DISPATCHING]
    assert {one.organization_id for one in found} <= {
        None if installation else stage.organization.pk
    }


def test_a_short_outage_is_not_told(admin: Stage) -> None:
    unreachable(admin)
    sweep()
    pass_time(minutes=4)
    sweep()
    Lane.objects.update(failures=0)
    sweep()
    assert mail.outbox == []
    assert not Trouble.objects.exists()


def test_a_long_outage_is_told_and_its_end(admin: Stage) -> None:
    unreachable(admin)
    sweep()
    pass_time(minutes=6)
    sweep()
    Lane.objects.update(failures=0)
    sweep()
    bot = admin.bot
    assert subjects() == [
        f"[{admin.organization.name}] Bot {bot} gets no answer",
        f"[{admin.organization.name}] Bot {bot} gets answers again",
    ]
    assert "no route to host" in mail.outbox[0].body


def test_dead_letters_are_told_again_only_when_there_are_new_ones(admin: Stage) -> None:
    dead(admin)
    sweep()
    pass_time(minutes=61)
    Delivery.objects.update(settled_at=admin.ago(3000))
    Trouble.objects.update(again_at=admin.ago(3000), told_at=admin.ago(2900))
    sweep()
    assert len(mail.outbox) == 1
    Trouble.objects.update(tell_at=admin.ago(1))
    dead(admin)
    sweep()
    assert len(mail.outbox) == 2


def test_the_installation_s_troubles_go_to_its_operators(admin: Stage) -> None:
    make_user(email="operator@example.org", is_superuser=True)
    silent(admin)
    sweep()
    pass_time(minutes=2)
    sweep()
    (told,) = mail.outbox
    assert told.bcc == ["operator@example.org"]
    assert told.subject == "[Tocsin] No worker sends messages"


# --- through another bot --------------------------------------------------------------------------


def marked(channel: NotificationChannel) -> NotificationChannel:
    channel.tells_admins = True
    channel.save()
    return channel


def told_in(channel: NotificationChannel) -> list[str]:
    found = Delivery.objects.filter(channel=channel).order_by("id")
    return [str(delivery.params["text"]) for delivery in found]


def test_another_bot_tells_too(admin: Stage) -> None:
    other = marked(admin.channel_of_another_bot())
    channel = blocked(admin)
    sweep()
    (text,) = told_in(other)
    assert f"Channel {channel.name} was disabled" in text
    assert SAID in text
    assert len(mail.outbox) == 1


def test_the_failing_bot_does_not_tell_of_itself(admin: Stage) -> None:
    own = marked(admin.channel()[0])
    bot_disabled_soon = Seen(
        admin.organization.pk, Kind.BOT_UNREACHABLE, str(admin.bot.pk), bot_id=admin.bot.pk
    )
    troubles.open(bot_disabled_soon, lanes.Clock().time() - timedelta(minutes=6))
    troubles.tell(lanes.Clock().time())
    mails_are_out()
    assert told_in(own) == []
    assert len(mail.outbox) == 1


def test_a_channel_that_is_not_marked_hears_nothing(admin: Stage) -> None:
    other = admin.channel_of_another_bot()
    blocked(admin)
    sweep()
    assert told_in(other) == []


def test_the_end_goes_through_the_bot_that_failed_as_well(admin: Stage) -> None:
    own = marked(admin.channel()[0])
    channel = blocked(admin)
    sweep()
    health.enable(COMMAND_LINE, channel)
    sweep()
    (text,) = told_in(own)
    assert "works again" in text


# --- for callers ----------------------------------------------------------------------------------


def fallback(stage: Stage, at: datetime | None = None) -> Seen:
    return Seen(
        stage.organization.pk, Kind.FALLBACK, "x", name="Pager", again_at=at or timezone.now()
    )


def test_what_others_open_is_told_and_not_swept_away(admin: Stage) -> None:
    for _ in range(2):
        troubles.open(fallback(admin))
    sweep()
    sweep()
    assert subjects() == [f"[{admin.organization.name}] The fallback of Pager was used"]
    assert Trouble.objects.get().recovered_at is None
    assert troubles.recover(admin.organization.pk, Kind.FALLBACK, "x")
    assert not troubles.recover(admin.organization.pk, Kind.FALLBACK, "x")
    sweep()
    assert len(mail.outbox) == 2


def test_one_open_row_whoever_opens_it(admin: Stage) -> None:
    together = threading.Barrier(2)

    def open_it() -> None:
        try:
            together.wait(60)
            troubles.open(fallback(admin))
            troubles.open(Seen(None, Kind.DISPATCHING))
        finally:
            connection.close()

    threads = [threading.Thread(target=open_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Trouble.objects.values_list("kind", flat=True)) == ["dispatching", "fallback"]


def test_a_broken_mail_server_stops_nothing(admin: Stage) -> None:
    blocked(admin)
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    with override_settings(EMAIL_BACKEND=smtp, EMAIL_HOST="127.0.0.1", EMAIL_PORT=9):
        sweep()
    until(lambda: Trouble.objects.get().times_told == 1)
