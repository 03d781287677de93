"""Run as a program: at each failpoint of heartbeats and escalations a process dies, and the next
one goes on.

Prints, for each, the signal that ended the first one and that of the second one, 0 for none.
"""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import django

from tests.alerts.fallbacks.dying import in_a_child


def main() -> None:
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections
    from django.utils import timezone

    from accounts.audit import COMMAND_LINE
    from alerts.escalations import changes as escalations
    from alerts.escalations import watch as escalation_watch
    from alerts.heartbeats import changes as heartbeats
    from alerts.heartbeats import pings as heartbeat_pings
    from alerts.models import Alert, AlertGroup, GroupMessage, Heartbeat, TimelineEvent
    from alerts.route_table import forget_cached_routes
    from alerts.routes import change_route
    from alerts.uptime import Uptime
    from botapi import failpoints
    from tests.alerts.senders import alert, make_site, webhook
    from tests.factories import make_channel
    from tests.faults.failpoints import OF_CLOCKS

    settings.ALLOWED_HOSTS = ["testserver"]
    file = Path(settings.DATABASES["default"]["NAME"])

    def prepare() -> None:
        call_command("migrate", verbosity=0)
        site = make_site()
        lead = make_channel(site.channels[0].chat.bot, name="Lead")
        policy = escalations.create_policy(
            COMMAND_LINE, site.organization, "Nights", steps=[escalations.Step(15, [lead])]
        )
        change_route(COMMAND_LINE, site.route, escalation=policy)
        forget_cached_routes()
        site.post(webhook(alert()))
        row = heartbeats.create_heartbeat(COMMAND_LINE, site.organization, "Backup", period=60)
        heartbeat_pings.ping(row.pk, heartbeat_pings.Ping("success"))
        past = timezone.now() - timedelta(minutes=1)
        AlertGroup.objects.update(escalate_at=past)
        Heartbeat.objects.update(alarm_at=past)
        connections.close_all()

    def work(name: str = "") -> None:
        failpoints._armed = failpoints.Armed(name) if name else None
        now = timezone.now()
        heartbeat_pings.sweep(Uptime(now, now - timedelta(days=30)))
        escalation_watch.sweep()

    def again() -> None:
        work()
        work()
        down = Alert.objects.get(name="Backup")
        assert (down.status, down.episode) == ("firing", 1), at
        fired = TimelineEvent.objects.filter(kind="fired", group__members__alert=down)
        escalated = TimelineEvent.objects.filter(kind="escalated")
        assert (fired.count(), escalated.count()) == (1, 1), at
        (told,) = GroupMessage.objects.filter(channel__name="Lead")
        assert (told.escalation, told.due_at is None) == (1, False), at

    in_a_child(prepare)
    shutil.copy(file, f"{file}.new")
    for at in OF_CLOCKS:
        for end in ("-wal", "-shm"):
            Path(f"{file}{end}").unlink(missing_ok=True)
        shutil.copy(f"{file}.new", file)
        died = in_a_child(lambda name=at: work(name))
        print(json.dumps([at, died, in_a_child(again)]), flush=True)


if __name__ == "__main__":
    main()
