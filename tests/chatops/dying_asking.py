"""At each failpoint of approvals, endpoints, own commands, reminders and what is assigned a process
dies, and the next one goes on. Imported once Django is set up, in a process of its own; prints as
tests/chatops/dying.py does."""

import json
import shutil
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from accounts.audit import COMMAND_LINE
from alerts.models import AlertGroup
from alerts.routes import default_route
from botapi import failpoints
from channels_app.models import Chat, NotificationChannel
from chatops.actions import changes as actions
from chatops.actions import runs
from chatops.actions.reports import Report
from chatops.approvals import changes as approvals
from chatops.endpoints import changes as endpoints
from chatops.endpoints import send
from chatops.models import (
    ActionRun,
    Approval,
    AssignedNotice,
    EndpointCall,
    OwnAction,
    Reminder,
    TelegramIdentity,
)
from chatops.personal import assigned
from chatops.reminders import changes as reminders
from chatops.reminders.changes import Where
from deliveries import clock
from deliveries.models import Delivery
from tests.alerts.fallbacks.dying import in_a_child
from tests.factories import make_bot, make_channel, make_membership, make_organization
from tests.faults.failpoints import OF_ASKING


def main(url: str) -> None:
    """`url`: of a receiver of POSTs."""
    file = Path(settings.DATABASES["default"]["NAME"])
    in_a_child(lambda: prepare(url))
    shutil.copy(file, f"{file}.new")
    for name in OF_ASKING:
        for end in ("-wal", "-shm"):
            Path(f"{file}{end}").unlink(missing_ok=True)
        shutil.copy(f"{file}.new", file)
        died = in_a_child(partial(work, name))
        print(json.dumps([name, died, in_a_child(partial(work_again, name))]), flush=True)


def prepare(url: str) -> None:
    """A question that is open, a command that can be given, and a reminder that is due."""
    call_command("migrate", verbosity=0)
    organization = make_organization()
    channel = make_channel(make_bot(organization, updates="polling"), chat_id=-100123)
    endpoint = endpoints.create_endpoint(COMMAND_LINE, organization, name="x", url=url).endpoint
    approvals.create_approval(COMMAND_LINE, channel, title="Go on?", endpoint=endpoint)
    actions.create_action(COMMAND_LINE, organization, name="x", description="x", endpoint=endpoint)
    soon = clock.now() + timedelta(hours=1)
    reminders.make_reminder(COMMAND_LINE, organization, 77, Where(channel.chat), "x", soon)
    Reminder.objects.update(due_at=clock.now() - timedelta(seconds=1))
    assign_something(channel)
    connections.close_all()


def assign_something(channel: NotificationChannel) -> None:
    """To a member who wants to be told."""
    organization, now = channel.organization, clock.now()
    user = make_membership(organization=organization).user
    TelegramIdentity.objects.create(user=user, telegram_id=77, name="Ada", tell_assigned=True)
    Chat.objects.create(
        organization=organization, bot=channel.chat.bot, chat_id=77, type=Chat.Type.PRIVATE
    )
    group = AlertGroup.objects.create(
        organization=organization,
        route=default_route(organization),
        key="{}",
        key_hash="x",
        title="HighCPU",
        status="firing",
        opened_at=now,
        changed_at=now,
        assigned_to=user,
    )
    AssignedNotice.objects.create(
        organization=organization, group=group, user=user, by="Bert", assigned_at=now, due_at=now
    )


def work(name: str) -> None:
    """What the failpoint lies in, and die there."""
    failpoints._armed = failpoints.Armed(name) if name else None
    if name.startswith(("endpoint.", "action.")):
        runs.ask_test(COMMAND_LINE, OwnAction.objects.get())
    _go_on(name)


def work_again(name: str) -> None:
    """The same, after the claims of the dead, without dying."""
    EndpointCall.objects.update(claimed_until=None)
    before = Delivery.objects.count()
    _go_on(name)
    _go_on(name)  # what is done is not done again
    if name.startswith("endpoint."):
        assert list(EndpointCall.objects.values_list("state", flat=True)) == ["accepted"]
        assert ActionRun.objects.get().state == "done"
    elif name.startswith("action."):
        assert ActionRun.objects.get().text == "Done"
        assert EndpointCall.objects.get().state == "accepted", "it is not called again"
    elif name.startswith("approval."):
        assert Approval.objects.get().state == "answered"
        assert EndpointCall.objects.count() == 1
    elif name.startswith("assigned."):
        assert Delivery.objects.count() == before + 1
        assert not AssignedNotice.objects.exists()
    else:
        assert Delivery.objects.count() == before + 1
        assert Reminder.objects.get().times == 1


def _go_on(name: str) -> None:
    if name.startswith("endpoint."):
        send.send_waiting(5)
    elif name.startswith("action."):
        runs.report(ActionRun.objects.get().pk, Report("done", "Done"))
    elif name.startswith("approval."):
        related = ("channel__chat", "channel__organization", "message__stream", "endpoint")
        approvals.answer(COMMAND_LINE, Approval.objects.select_related(*related).get(), 0)
    elif name.startswith("assigned."):
        assigned.tell_due()
    else:
        reminders.fire_due()
