"""An upstream that puts what it is told into words of its own is told once."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from alerts.models import Silence, UpstreamSilence
from alerts.muting.silences import Wanted, change_silence, create_silence, expire_silence, state_of
from alerts.upstreams.changes import set_upstream
from deliveries import clock
from tests.alerts.senders import Site, make_site
from tests.alerts.upstreams.standing import Body, StandingUpstream, standing_upstream, text_of
from tests.alerts.upstreams.test_sync import HOUR, sync

pytestmark = pytest.mark.django_db(transaction=True)
UNTIDY = "  two   words "


def trimmed(body: Body) -> Body:
    """Comment and author, and blanks within them."""
    return {**body, **{name: " ".join(body[name].split()) for name in ("comment", "createdBy")}}


def reordered(body: Body) -> Body:
    """Matchers by their name, backwards."""
    return {**body, "matchers": sorted(body["matchers"], key=lambda one: one["name"])[::-1]}


def rounded(minutes: int) -> Callable[[Body], Body]:
    """Times to the minute, down; and then so many more."""

    def normalise(body: Body) -> Body:
        ends = datetime.fromisoformat(body["endsAt"]).replace(second=0, microsecond=0)
        return {**body, "endsAt": text_of(ends + timedelta(minutes=minutes))}

    return normalise


def all_of_it(body: Body) -> Body:
    """What any of them does."""
    return rounded(0)(reordered(trimmed(body)))


NORMALISERS = [trimmed, reordered, rounded(0), rounded(1), all_of_it]


@pytest.fixture
def upstream() -> Iterator[StandingUpstream]:
    with standing_upstream() as made:
        yield made


@pytest.fixture
def site(upstream: StandingUpstream, settings: Any) -> Site:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    made = make_site(0)
    set_upstream(COMMAND_LINE, made.integration, kind="alertmanager", url=upstream.url)
    return made


def silence(site: Site, *, for_all: bool = True, **values: Any) -> Silence:
    now = clock.now()
    given = {"starts_at": now, "ends_at": now + HOUR, "comment": UNTIDY, **values}
    only = None if for_all else site.integration
    wanted = Wanted('zone=b,alertname=~"A|B"', author="anna  b", integration=only, **given)
    return create_silence(COMMAND_LINE, site.organization, wanted)


def sync_often() -> None:
    for _ in range(4):
        sync()


@pytest.mark.parametrize("normalise", NORMALISERS)
@pytest.mark.parametrize("for_all", [True, False])
def test_it_is_told_once_and_ours_stays_as_it_was_written(
    site: Site, upstream: StandingUpstream, normalise: Callable[[Body], Body], for_all: bool
) -> None:
    upstream.normalise = normalise
    mine = silence(site, for_all=for_all)
    sync_often()
    assert upstream.writes() == [("POST", UNTIDY)]
    row = Silence.objects.get()
    assert (row.comment, row.author, row.ends_at) == (UNTIDY, "anna  b", mine.ends_at)
    assert [one["name"] for one in row.matchers] == ["zone", "alertname"]

    wanted = Wanted(row.matchers, row.starts_at, row.ends_at + HOUR, " longer ", "anna  b")
    change_silence(COMMAND_LINE, row, wanted)
    sync_often()
    assert upstream.writes() == [("POST", UNTIDY), ("POST", " longer ")]
    assert len(upstream.lasting()) == 1

    expire_silence(COMMAND_LINE, Silence.objects.get(pk=mine.pk))
    sync_often()
    assert upstream.writes()[2:] == [("DELETE", "")]
    assert upstream.lasting() == []
    assert not UpstreamSilence.objects.exists()


@pytest.mark.parametrize("for_all", [True, False])
def test_what_is_changed_there_still_counts(
    site: Site, upstream: StandingUpstream, for_all: bool
) -> None:
    upstream.normalise = all_of_it
    mine = silence(site, for_all=for_all)
    sync_often()
    (there,) = upstream.lasting()
    later = {**there, "comment": "by hand", "endsAt": text_of(clock.now() + 3 * HOUR)}
    for name in ("id", "status", "updatedAt"):
        later.pop(name)
    upstream.put(later, there["id"])
    sync_often()
    row = Silence.objects.get()
    assert row.pk == mine.pk, "followed in place, whatever the order of its matchers"
    assert row.comment == (UNTIDY if for_all else "by hand")
    assert len(upstream.writes()) == (2 if for_all else 1), "told again, once"
    (there,) = upstream.lasting()
    assert there["comment"] == ("two words" if for_all else "by hand")


@pytest.mark.parametrize("for_all", [True, False])
def test_what_is_ended_there_still_counts(
    site: Site, upstream: StandingUpstream, for_all: bool
) -> None:
    upstream.normalise = all_of_it
    silence(site, for_all=for_all)
    sync_often()
    upstream.end(upstream.lasting()[0]["id"])
    sync_often()
    assert len(upstream.writes()) == (2 if for_all else 1)
    assert (state_of(Silence.objects.get()) == "expired") is not for_all
    assert len(upstream.lasting()) == int(for_all)


def test_one_that_begins_meanwhile_is_not_told_again(
    site: Site, upstream: StandingUpstream
) -> None:
    upstream.normalise = trimmed
    silence(site, starts_at=clock.now() + timedelta(seconds=3))
    sync()
    assert upstream.lasting()[0]["status"]["state"] == "pending"
    time.sleep(3.5)
    sync_often()
    assert upstream.lasting()[0]["status"]["state"] == "active"
    assert len(upstream.writes()) == 1


def test_a_start_that_is_moved_to_now_is_told(site: Site, upstream: StandingUpstream) -> None:
    mine = silence(site, starts_at=clock.now() + HOUR, ends_at=clock.now() + 2 * HOUR)
    sync()
    wanted = Wanted(mine.matchers, clock.now() + timedelta(seconds=1), mine.ends_at, UNTIDY)
    change_silence(COMMAND_LINE, mine, wanted)
    time.sleep(1.5)
    sync_often()
    assert [one["status"]["state"] for one in upstream.lasting()] == ["active"]
    assert len(upstream.writes()) == 2


@pytest.mark.parametrize("status", [404, 500])
def test_an_answer_that_was_not_heard_is_read_the_next_time(
    site: Site, upstream: StandingUpstream, status: int
) -> None:
    upstream.normalise = all_of_it
    upstream.refuses = lambda method, path, _: (
        (status, "not now") if method == "GET" and path != "/silences" else None
    )
    silence(site)
    sync_often()
    assert len(upstream.writes()) == 1
    assert UpstreamSilence.objects.get().answered


def test_what_it_never_changes_is_told_once(site: Site, upstream: StandingUpstream) -> None:
    upstream.normalise = lambda body: {**body, "comment": "fixed"}
    mine = silence(site)
    sync_often()
    row = Silence.objects.get(pk=mine.pk)
    change_silence(
        COMMAND_LINE, row, Wanted(row.matchers, row.starts_at, row.ends_at, "another", "anna  b")
    )
    sync_often()
    assert upstream.writes() == [("POST", UNTIDY), ("POST", "another")]


def test_after_a_kill_between_the_two_sides_nothing_is_twice(
    site: Site, upstream: StandingUpstream
) -> None:
    upstream.normalise = all_of_it
    silence(site)
    sync()
    UpstreamSilence.objects.all().delete()
    sync_often()
    assert len(upstream.writes()) == 1
    assert Silence.objects.count() == len(upstream.lasting()) == 1


def test_an_end_that_was_rounded_down_is_not_put_off(
    site: Site, upstream: StandingUpstream
) -> None:
    """In the last seconds it is over there and lasts here: that is no change of anybody's."""

    def a_bit_earlier(body: Body) -> Body:
        ends = datetime.fromisoformat(body["endsAt"]) - timedelta(seconds=3)
        return {**body, "endsAt": text_of(ends)}

    upstream.normalise = a_bit_earlier
    silence(site, ends_at=clock.now() + timedelta(seconds=5))
    sync()
    time.sleep(3)
    assert upstream.lasting() == []
    sync()
    assert state_of(Silence.objects.get()) == "active"
    time.sleep(2.5)
    sync_often()
    assert len(upstream.writes()) == 1
    assert not UpstreamSilence.objects.exists()
