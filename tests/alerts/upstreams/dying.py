"""Run as a program, with the URL of an Alertmanager: at each failpoint of the sync of silences a
process dies, and the next one goes on.

Prints, for each, the signal that ended the first one and that of the second one, 0 for none.
"""

import json
import shutil
import sys
from datetime import timedelta
from pathlib import Path

import django

from tests.alerts.fallbacks.dying import in_a_child


def main(url: str) -> None:
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from accounts.audit import COMMAND_LINE
    from alerts.models import Silence, Upstream, UpstreamSilence
    from alerts.muting.silences import Wanted, create_silence
    from alerts.upstreams import changes as upstreams
    from alerts.upstreams import sync as upstream_sync
    from botapi import failpoints
    from deliveries import clock
    from tests.alerts.senders import make_site
    from tests.alerts.upstreams.test_sync import Theirs
    from tests.faults.failpoints import OF_UPSTREAMS

    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    file = Path(settings.DATABASES["default"]["NAME"])
    theirs = Theirs(url)

    def prepare() -> None:
        call_command("migrate", verbosity=0)
        site = make_site(0)
        now = clock.now()
        wanted = Wanted('alertname="A"', now, now + timedelta(hours=1), "ours", "anna")
        create_silence(COMMAND_LINE, site.organization, wanted)
        upstreams.set_upstream(COMMAND_LINE, site.integration, url=url)
        connections.close_all()

    def work(name: str = "") -> None:
        failpoints._armed = failpoints.Armed(name) if name else None
        Upstream.objects.update(due_at=clock.now(), claimed_until=None)
        upstream_sync.sync_due(seconds=0.1)

    def again() -> None:
        work()
        both = [("A", "ours"), ("B", "theirs")]
        assert [one[:2] for one in theirs.lasting()] == both, at
        assert sorted(Silence.objects.values_list("comment", flat=True)) == ["ours", "theirs"], at
        assert UpstreamSilence.objects.count() == 2, at

    in_a_child(prepare)
    shutil.copy(file, f"{file}.new")
    for at in OF_UPSTREAMS:
        theirs.clear()
        theirs.post("B")
        for end in ("-wal", "-shm"):
            Path(f"{file}{end}").unlink(missing_ok=True)
        shutil.copy(f"{file}.new", file)
        died = in_a_child(lambda name=at: work(name))
        print(json.dumps([at, died, in_a_child(again)]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
