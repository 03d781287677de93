"""A silence of ours must not be taken for the senders'."""

import re
import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.chunks import RUN
from alerts import sweep
from alerts.heartbeats.snippets import heartbeat_snippets
from alerts.models import Alert, SweepMark
from alerts.uptime import GAP, GRACE, Uptime, note_sweep
from config.celery import app
from tests.alerts.senders import Site, make_site

pytestmark = pytest.mark.django_db


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def direct(ends_in: timedelta) -> list[dict[str, object]]:
    """What Prometheus posts."""
    labels = {"alertname": "Down", "instance": "a", "severity": "critical"}
    return [{"labels": labels, "endsAt": (timezone.now() + ends_in).isoformat()}]


def time_passes(by: timedelta) -> None:
    """As if all that was stored had been stored so much earlier."""
    for mark in SweepMark.objects.all():
        mark.swept_at -= by
        mark.up_since -= by
        mark.save()
    for alert in Alert.objects.exclude(expires_at=None):
        alert.expires_at = alert.expires_at and alert.expires_at - by
        alert.save()


def swept_for(by: timedelta) -> None:
    """As if nothing but sweeps had happened for so long."""
    time_passes(by)
    SweepMark.objects.update(swept_at=timezone.now())


@pytest.fixture
def site() -> Site:
    """A site that has been up for long."""
    site = make_site(kind="prometheus")
    sweep.sweep()
    swept_for(minutes(60))
    return site


def status() -> str:
    return Alert.objects.get().status


def test_what_fell_due_while_we_were_down_waits_for_its_sender(site: Site) -> None:
    site.post(direct(minutes(4)))
    time_passes(minutes(10))
    sweep.sweep()
    assert status() == "firing"
    swept_for(GRACE - minutes(1))
    site.post(direct(minutes(4)))
    swept_for(minutes(2))
    sweep.sweep()
    assert status() == "firing"


def test_what_nobody_repeats_after_all_ends_when_its_sender_said(site: Site) -> None:
    site.post(direct(minutes(4)))
    time_passes(minutes(10))
    sweep.sweep()
    swept_for(GRACE - timedelta(seconds=30))
    sweep.sweep()
    assert status() == "firing"
    swept_for(timedelta(seconds=30))
    told = Alert.objects.get().expires_at
    sweep.sweep()
    assert status() == "resolved"
    assert Alert.objects.get().ends_at == told


def test_a_short_pause_is_no_gap(site: Site) -> None:
    site.post(direct(timedelta(seconds=30)))
    time_passes(GAP - timedelta(seconds=25))
    sweep.sweep()
    assert status() == "resolved"


def test_what_only_keeps_us_busy_is_no_gap() -> None:
    """Where purges hold every thread, the next mark comes after a whole run and a beat."""
    beat = app.conf.beat_schedule["alerts-sweep"]["schedule"]
    assert timedelta(seconds=RUN + beat) < GAP


def test_pings_are_tried_again_for_as_long_as_no_gap_excuses_them() -> None:
    tried = {one.name: one.code for one in heartbeat_snippets("http://x/", "")}
    found = re.search(r"--retry (\d+) --retry-connrefused", tried["crontab"])
    assert found is not None
    assert timedelta(seconds=sum(2**n for n in range(int(found[1])))) >= GAP
    waits = re.search(r"\$wait in ([\d, ]+)", tried["powershell"])
    assert waits is not None
    assert timedelta(seconds=sum(map(int, waits[1].split(",")))) >= GAP


def test_the_first_start_of_all_knows_no_past() -> None:
    site = make_site(kind="prometheus")
    site.post(direct(minutes(4)))
    Alert.objects.update(expires_at=timezone.now() - minutes(1))
    sweep.sweep()
    assert status() == "firing"


def test_a_sweep_that_was_frozen_ends_nothing_that_fell_due_meanwhile(site: Site) -> None:
    site.post(direct(minutes(4)))
    noted = note_sweep()
    time_passes(minutes(10))
    frozen = Uptime(noted.now - minutes(10), noted.since - minutes(10))
    sweep.expire(frozen)
    assert status() == "firing"


@pytest.mark.parametrize("jump", [timedelta(days=400), timedelta(days=-400)])
def test_a_clock_that_jumped_counts_as_a_gap_and_heals(site: Site, jump: timedelta) -> None:
    time_passes(jump)
    noted = note_sweep()
    assert noted.since == noted.now
    swept_for(GRACE)
    noted = note_sweep()
    assert timedelta(0) <= noted.now - noted.since - GRACE < minutes(1)


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_find_one_gap(site: Site) -> None:
    site.post(direct(minutes(4)))
    time_passes(minutes(10))
    found: list[datetime] = []
    start = threading.Barrier(2)

    def run() -> None:
        try:
            start.wait(60)
            sweep.sweep()
            found.append(SweepMark.objects.get().up_since)
        finally:
            connection.close()

    sweeps = [threading.Thread(target=run) for _ in range(2)]
    for one in sweeps:
        one.start()
    for one in sweeps:
        one.join(60)
    assert len(found) == 2
    assert status() == "firing"
    assert SweepMark.objects.count() == 1
    assert timezone.now() - SweepMark.objects.get().up_since < minutes(1)
