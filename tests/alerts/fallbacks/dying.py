"""Run as a program: at each failpoint of fallbacks a process dies, and the next one goes on.

Prints, for each, the signal that ended the first one and what stands in the database at the end.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import django


def in_a_child(work: Any) -> int:
    """Fork, work there, and return the signal that ended it; 0 for none."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def main(url: str) -> None:
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from alerts.fallbacks import send as fallback_send
    from alerts.fallbacks import watch as fallback_watch
    from alerts.models import Fallback, FallbackCall, TakeOver
    from botapi import failpoints
    from tests.alerts.fallbacks.stage import grave, let_pass, make_stage
    from tests.alerts.senders import webhook
    from tests.faults.failpoints import OF_FALLBACKS

    settings.ALLOWED_HOSTS = ["testserver"]
    file = Path(settings.DATABASES["default"]["NAME"])

    def prepare() -> None:
        call_command("migrate", verbosity=0)
        site, _ = make_stage(kind="webhook", addresses=[], url=url)
        site.post(webhook(grave()))
        let_pass(6)
        connections.close_all()

    def work(name: str = "") -> None:
        failpoints._armed = failpoints.Armed(name) if name else None
        Fallback.objects.update(url=f"{url}&at={at}")
        fallback_watch.sweep()
        fallback_send.send_waiting(5)

    def again() -> None:
        let_pass(2)  # claims run out
        work()
        (call,) = FallbackCall.objects.all()
        (taken,) = TakeOver.objects.all()
        assert call.state == "accepted", (at, call.state)
        assert (taken.news, taken.call_id) == ("", call.pk), at

    in_a_child(prepare)
    shutil.copy(file, f"{file}.new")
    for at in OF_FALLBACKS:
        for end in ("-wal", "-shm"):
            Path(f"{file}{end}").unlink(missing_ok=True)
        shutil.copy(f"{file}.new", file)
        died = in_a_child(lambda name=at: work(name))
        print(json.dumps([at, died, in_a_child(again)]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
